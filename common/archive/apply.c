/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From records to the catalog. A pure function of the records in their order and of nothing else,
 * so that the catalog can be made anew at any time with the same rows. Keys and rows: SCHEMA.md.
 * Merging is decided here: same match key, same item.
 */
#include "common/archive/apply.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"

#define TEXT_BYTES 1000 /* a row keeps that much of a subject or an address; the record has all */
#define INDEX_TEXT_BYTES 255

size_t jm_apply_index_key(struct jm_span text, bool fold, unsigned char key_r[JM_CATALOG_KEY_MAX])
{
	struct jm_err no;

	if (text.len > INDEX_TEXT_BYTES) { /* 0xff: in no UTF-8 text */
		key_r[0] = 0xff;
		if (jm_sha256_of(text, key_r + 1, &no) < 0)
			memset(key_r + 1, 0, JM_SHA256_BYTES);
		return 1 + JM_SHA256_BYTES;
	}
	for (size_t i = 0; i < text.len; i++)
		key_r[i] = fold ? jm_lower(text.p[i]) : text.p[i];
	return text.len;
}

struct jm_span jm_apply_bare_id(struct jm_span m)
{
	m = jm_span_trim(m);
	return m.len >= 2 && m.p[0] == '<' && m.p[m.len - 1] == '>' ? jm_span_sub(m, 1, m.len - 2)
								    : m;
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static struct jm_span span_of(const json_t *o, const char *key)
{
	const json_t *s = json_object_get(o, key);

	return jm_span_of(json_string_value(s), json_string_length(s));
}

/* Text from metadata for a row, cut at a character's start when it is long. */
static json_t *row_text(const json_t *o, const char *key)
{
	struct jm_span s = span_of(o, key);
	size_t n = s.len;

	if (jm_span_none(s))
		return json_null();
	if (n > TEXT_BYTES)
		for (n = TEXT_BYTES; n > 0 && (s.p[n] & 0xc0) == 0x80;)
			n--;
	return json_stringn_nocheck((const char *)s.p, n);
}

static json_int_t int_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static int add_to(json_t *row, const char *key, json_int_t n)
{
	return json_object_set_new_nocheck(row, key, json_integer(int_of(row, key) + n));
}

static int no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a row of the catalog");
}

/* ---- indexes ---- */

/* What an address is of an item; its row has the letters of all that it is. */
#define ROLES "sro"
#define SENDER "s"
#define RECIPIENT "r"
#define OPEN_RECIPIENT "ro" /* a report says To or Cc */

/* The letters of old and those of roles. */
static struct jm_span all_roles(struct jm_span old, const char *roles, char text[sizeof ROLES])
{
	size_t n = 0;

	for (const char *c = ROLES; *c != '\0'; c++)
		if (strchr(roles, *c) || (old.len > 0 && memchr(old.p, *c, old.len)))
			text[n++] = *c;
	return jm_span_of(text, n);
}

/* Note address (folded) as what roles say of the item. *fresh is one more when it was no recipient
 * of it. */
static int index_address(struct jm_apply *p, uint64_t id, struct jm_span address, const char *roles,
    int64_t *fresh, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	char text[sizeof ROLES];
	struct jm_span value = all_roles(jm_span_of(NULL, 0), roles, text);
	struct jm_buf old;
	size_t n;
	int rc;

	if (jm_span_none(address) || address.len == 0)
		return 0;
	n = jm_apply_index_key(address, true, key);
	key[n++] = 0;
	jm_num_put_be64(key + n, id);
	n += 8;
	rc = jm_catalog_put(p->c, p->txn, JM_T_BY_ADDRESS, jm_span_of(key, n), value, true, err);
	if (rc != 0) {
		*fresh += rc == 1 && roles[0] == 'r';
		return rc < 0 ? -1 : 0;
	}
	jm_buf_init(&old, 4096);
	rc = jm_catalog_get(p->c, p->txn, JM_T_BY_ADDRESS, jm_span_of(key, n), &old, err);
	value = all_roles(jm_buf_span(&old), roles, text);
	if (rc == 1 && !jm_span_eq(value, jm_buf_span(&old))) {
		*fresh += roles[0] == 'r' && !memchr(old.p, 'r', old.len);
		rc = jm_catalog_put(
		    p->c, p->txn, JM_T_BY_ADDRESS, jm_span_of(key, n), value, false, err);
	}
	jm_buf_release(&old);
	return rc < 0 ? -1 : 0;
}

static int index_addresses(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	const json_t *list = json_object_get(w->journal, "recipients");
	int64_t no = 0;

	if (index_address(p, w->id, span_of(w->journal, "envelope_sender"), SENDER, &no, err) < 0 ||
	    index_address(p, w->id, span_of(w->journal, "on_behalf_of"), SENDER, &no, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *naming = json_array_get(list, i);

		if (index_address(p, w->id, span_of(naming, "address"),
			jm_bcc_is_open(naming) ? OPEN_RECIPIENT : RECIPIENT, &w->added, err) < 0)
			return -1;
	}
	return 0;
}

static int index_message_id(struct jm_apply *p, const struct jm_applying *w, struct jm_err *err)
{
	struct jm_span m = span_of(w->journal, "message_id");
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t n;

	if (jm_span_none(m))
		return 0;
	n = jm_apply_index_key(jm_apply_bare_id(m), false, key);
	key[n++] = 0;
	jm_num_put_be64(key + n, w->id);
	return jm_catalog_put(p->c, p->txn, JM_T_BY_MESSAGE_ID, jm_span_of(key, n + 8),
		   jm_span_str(""), true, err) < 0
	    ? -1
	    : 0;
}

/* Remove the entry text + id of an index. */
static int unindex(struct jm_apply *p, enum jm_table t, struct jm_span text, bool fold, uint64_t id,
    struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t n;

	if (jm_span_none(text))
		return 0;
	n = jm_apply_index_key(text, fold, key);
	key[n++] = 0;
	jm_num_put_be64(key + n, id);
	return jm_catalog_remove(p->c, p->txn, t, jm_span_of(key, n + 8), err);
}

int jm_applying_leave(
    struct jm_apply *p, const struct jm_applying *w, uint64_t own_id, struct jm_err *err)
{
	const json_t *list = json_object_get(w->journal, "recipients");
	struct jm_span m = span_of(w->journal, "message_id");
	unsigned char key[16];

	if (unindex(p, JM_T_BY_ADDRESS, span_of(w->journal, "envelope_sender"), true, own_id, err) <
		0 ||
	    unindex(p, JM_T_BY_ADDRESS, span_of(w->journal, "on_behalf_of"), true, own_id, err) <
		0 ||
	    unindex(p, JM_T_BY_MESSAGE_ID, jm_span_none(m) ? m : jm_apply_bare_id(m), false, own_id,
		err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (unindex(p, JM_T_BY_ADDRESS, span_of(json_array_get(list, i), "address"), true,
			own_id, err) < 0)
			return -1;
	jm_num_put_be64(key, (uint64_t)w->r->head->time_ms);
	jm_num_put_be64(key + 8, own_id);
	if (jm_catalog_remove(p->c, p->txn, JM_T_BY_DATE, jm_span_of(key, sizeof key), err) < 0)
		return -1;
	return jm_catalog_remove(p->c, p->txn, JM_T_ITEMS, jm_id_key(own_id, key), err);
}

/* ---- items ---- */

/* Facts of the envelope into the row; a proper report's win over the gateway's, and both over those
 * read from a message's own header. */
static int row_envelope(struct jm_applying *w)
{
	json_t *row = w->row;
	int rc = 0;

	rc |= json_object_set_new_nocheck(row, "sender", row_text(w->journal, "envelope_sender"));
	rc |= json_object_set_new_nocheck(row, "subject", row_text(w->journal, "subject"));
	rc |= json_object_set_new_nocheck(row, "message_id", row_text(w->journal, "message_id"));
	rc |= json_object_set_new_nocheck(row, "date", row_text(w->journal, "date"));
	rc |= json_object_set_new_nocheck(row, "variant", row_text(w->journal, "variant"));
	rc |= json_object_set_new_nocheck(
	    row, "step_down", json_boolean(json_is_true(json_object_get(w->journal, "step_down"))));
	rc |= json_object_set_new_nocheck(row, "from_headers", json_boolean(w->from_headers));
	return rc;
}

static int row_new(struct jm_applying *w, struct jm_err *err)
{
	json_t *row = json_object();
	int rc = !row ? -1 : 0;

	w->row = row;
	if (rc == 0) {
		rc |= json_object_set_new_nocheck(row, "id", json_integer((json_int_t)w->id));
		rc |= json_object_set_new_nocheck(
		    row, "time_ms", json_integer((json_int_t)w->r->head->time_ms));
		rc |= json_object_set_new_nocheck(row, "service", row_text(w->arrival, "service"));
		rc |= row_envelope(w);
		rc |= json_object_set_new_nocheck(row, "recipients", json_integer(0));
		rc |= json_object_set_new_nocheck(row, "reports", json_integer(0));
		rc |= json_object_set_new_nocheck(row, "contents", json_integer(1));
		rc |= json_object_set_nocheck(row, "size", json_object_get(w->content, "size"));
		rc |= json_object_set_nocheck(row, "sha256", json_object_get(w->content, "sha256"));
		rc |= json_object_set_nocheck(
		    row, "raw_sha256", json_object_get(w->content, "raw_sha256"));
		rc |= json_object_set_new_nocheck(
		    row, "volume", json_integer((json_int_t)w->r->volume));
		rc |= json_object_set_new_nocheck(
		    row, "offset", json_integer((json_int_t)w->r->offset));
		if (w->from_gateway)
			rc |= json_object_set_new_nocheck(row, "gateway", json_true());
		if (w->set_aside)
			rc |= json_object_set_new_nocheck(
			    row, "set_aside", json_string_nocheck(w->set_aside));
		else if (w->queued)
			rc |= json_object_set_new_nocheck(row, "queued", json_true());
	}
	return rc == 0 ? 0 : no_memory(err);
}

/* A service that the item was not seen by yet. */
static int row_service(struct jm_applying *w)
{
	json_t *list = json_object_get(w->row, "more_services");
	const char *first = text_of(w->row, "service");

	if (!w->service || (first && strcmp(first, w->service) == 0))
		return 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), w->service) == 0)
			return 0;
	if (!list) {
		list = json_array();
		if (json_object_set_new_nocheck(w->row, "more_services", list) != 0)
			return -1;
	}
	return json_array_append_new(list, json_string_nocheck(w->service));
}

/* One more byte string of an item that is there already. */
static int merge_content(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[8 + 2 * JM_SHA256_BYTES];
	char value[96];
	int rc;

	if (jm_span_eq(span_of(w->row, "sha256"), span_of(w->content, "sha256")) &&
	    jm_span_eq(span_of(w->row, "raw_sha256"), span_of(w->content, "raw_sha256")))
		return 0;
	jm_num_put_be64(key, w->id);
	if (jm_sha256_unhex(span_of(w->content, "sha256"), key + 8) != 0 ||
	    jm_sha256_unhex(span_of(w->content, "raw_sha256"), key + 8 + JM_SHA256_BYTES) != 0)
		return jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " has no digests", w->r->head->seq);
	snprintf(value, sizeof value, "{\"n\":%" JSON_INTEGER_FORMAT ",\"seq\":%" PRIu64 "}",
	    int_of(w->row, "contents"), w->r->head->seq);
	rc = jm_catalog_put(p->c, p->txn, JM_T_ITEM_CONTENTS, jm_span_of(key, sizeof key),
	    jm_span_str(value), true, err);
	if (rc == 1 && add_to(w->row, "contents", 1) != 0)
		return no_memory(err);
	return rc < 0 ? -1 : 0;
}

static int merge_item(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[16];

	jm_num_put_be64(key, w->id);
	jm_num_put_be64(key + 8, w->r->head->seq);
	if (jm_catalog_put(p->c, p->txn, JM_T_ITEM_REPORTS, jm_span_of(key, sizeof key),
		jm_span_str(""), false, err) < 0 ||
	    merge_content(p, w, err) < 0)
		return -1;
	if (row_service(w) != 0)
		return no_memory(err);
	if (w->from_headers ||
	    (!json_is_true(json_object_get(w->row, "from_headers")) &&
		(w->from_gateway || !json_is_true(json_object_get(w->row, "gateway")))))
		return 0;
	if (!w->from_gateway)
		(void)json_object_del(w->row, "gateway");
	else if (json_object_set_new_nocheck(w->row, "gateway", json_true()) != 0)
		return no_memory(err);
	return row_envelope(w) == 0 ? 0 : no_memory(err);
}

static int new_item(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[16], id[8];

	w->is_new = true;
	w->id = w->r->head->seq;
	if (row_new(w, err) < 0)
		return -1;
	jm_num_put_be64(key, (uint64_t)w->r->head->time_ms);
	jm_num_put_be64(key + 8, w->id);
	if (jm_catalog_put(p->c, p->txn, JM_T_BY_DATE, jm_span_of(key, sizeof key), jm_span_str(""),
		false, err) < 0)
		return -1;
	if (w->set_aside)
		return jm_catalog_put(p->c, p->txn, JM_T_SET_ASIDE, jm_id_key(w->id, id),
			   jm_span_str(""), false, err) < 0 ||
			jm_apply_note(p, w->id, w->r->head->time_ms, "set-aside", w->service,
			    "archive", w->set_aside, err) < 0
		    ? -1
		    : 0;
	if (w->queued)
		return jm_change_queue(p, w, err);
	return jm_catalog_put(p->c, p->txn, JM_T_BY_KEY, jm_span_of(w->key, sizeof w->key),
		   jm_id_key(w->id, id), false, err) < 0
	    ? -1
	    : 0;
}

int jm_applying_match(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	struct jm_buf b;
	int rc;

	jm_buf_init(&b, 4096);
	rc = jm_catalog_get(p->c, p->txn, JM_T_BY_KEY, jm_span_of(w->key, sizeof w->key), &b, err);
	if (rc == 1)
		w->id = b.len == 8 ? jm_num_get_be64(b.p) : 0;
	jm_buf_release(&b);
	return rc;
}

int jm_applying_join(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	int rc = jm_row_get(p->c, p->txn, w->id, &w->row, err);

	if (rc == 0)
		return jm_err_set(err, JM_E_CORRUPT, "catalog: item %" PRIu64 " is missing", w->id);
	if (rc < 0 || merge_item(p, w, err) < 0 || index_addresses(p, w, err) < 0)
		return -1;
	return index_message_id(p, w, err);
}

/* The item of this match key, or a new one. What is set aside or waits stands alone: it must
 * neither join an item nor found one. Some reports wait only when there is nothing to join: that is
 * seen here, where all that came before is in the catalog. */
static int find_item(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	bool waits = w->queued && !json_is_true(json_object_get(w->queued, "match_first"));
	int rc = w->set_aside || waits ? 0 : jm_applying_match(p, w, err);

	if (rc == 1)
		return jm_applying_join(p, w, err);
	if (rc < 0 || new_item(p, w, err) < 0 || index_addresses(p, w, err) < 0)
		return -1;
	return index_message_id(p, w, err);
}

int jm_apply_count(struct jm_apply *p, const char *service, int64_t time_ms,
    const struct jm_count *c, struct jm_err *err)
{
	char key[600], day[JM_CLOCK_TEXT_BYTES], hour[JM_CLOCK_TEXT_BYTES];

	(void)jm_clock_format(time_ms, day);
	(void)jm_clock_format(time_ms, hour);
	day[10] = hour[13] = '\0';
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, "total", c, err) < 0)
		return -1;
	snprintf(key, sizeof key, "day/%s", day);
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, key, c, err) < 0)
		return -1;
	snprintf(key, sizeof key, "hour/%s", hour);
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, key, c, err) < 0)
		return -1;
	if (!service)
		return 0;
	if (jm_counts_add(&p->counts, JM_T_SERVICES, service, c, err) < 0)
		return -1;
	snprintf(key, sizeof key, "day/%s/%s", day, service);
	return jm_counts_add(&p->counts, JM_T_COUNTERS, key, c, err);
}

int jm_apply_note(struct jm_apply *p, uint64_t seq, int64_t time_ms, const char *kind,
    const char *service, const char *actor, const char *text, struct jm_err *err)
{
	const struct jm_event e = {
		.time_ms = time_ms, .kind = kind, .service = service, .actor = actor, .text = text
	};
	struct jm_count c = { .events = 1, .last_ms = time_ms };
	json_t *row = jm_describe_event(&e, err);
	unsigned char key[8];
	char counter[80];
	int rc;

	if (!row)
		return -1;
	rc = jm_catalog_put_json(p->c, p->txn, JM_T_EVENTS, jm_id_key(seq, key), row, err);
	json_decref(row);
	snprintf(counter, sizeof counter, "event/%.64s", kind);
	return rc < 0 ? -1 : jm_counts_add(&p->counts, JM_T_COUNTERS, counter, &c, err);
}

static int count_report(
    struct jm_apply *p, const struct jm_applying *w, const json_t *meta, struct jm_err *err)
{
	struct jm_count c = {
		.records = 1, .reports = 1, .received = 1, .last_ms = w->r->head->time_ms
	};

	c.received_bytes = (uint64_t)int_of(json_object_get(meta, "report"), "size");
	c.stored_bytes = jm_record_bytes(w->r->head);
	c.set_aside = w->set_aside != NULL;
	c.queued = w->is_new && !w->set_aside && w->queued;
	c.items = w->is_new && !c.set_aside && !c.queued;
	c.merged = !w->is_new;
	c.step_down = json_is_true(json_object_get(w->journal, "step_down"));
	c.spliced = json_object_get(meta, "splice") != NULL;
	return jm_apply_count(p, w->service, w->r->head->time_ms, &c, err);
}

int jm_applying_store(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[8];
	char value[128];

	if (w->id != w->r->head->seq) { /* where the report stands that founds an item is in the
					   item's row */
		snprintf(value, sizeof value,
		    "{\"v\":%" PRIu64 ",\"o\":%" PRIu64 ",\"i\":%" PRIu64 "}", w->r->volume,
		    w->r->offset, w->id);
		if (jm_catalog_put(p->c, p->txn, JM_T_REPORTS, jm_id_key(w->r->head->seq, key),
			jm_span_str(value), false, err) < 0)
			return -1;
	}
	if (add_to(w->row, "reports", 1) != 0 || add_to(w->row, "recipients", w->added) != 0)
		return no_memory(err);
	return jm_row_put(p->c, p->txn, w->id, w->row, err);
}

int jm_applying_read(struct jm_applying *w, const struct jm_applied *r, struct jm_err *err)
{
	const char *variant;

	*w = (struct jm_applying){ .r = r,
		.arrival = json_object_get(r->meta, "arrival"),
		.journal = json_object_get(r->meta, "journal"),
		.content = json_object_get(r->meta, "content"),
		.queued = json_object_get(r->meta, "queued"),
		.set_aside = text_of(r->meta, "set_aside") };
	variant = text_of(w->journal, "variant");
	w->service = text_of(w->arrival, "service");
	w->from_gateway = text_of(w->arrival, "transport") &&
	    strcmp(text_of(w->arrival, "transport"), "gateway") == 0;
	w->from_headers = !w->from_gateway &&
	    (!variant || strcmp(variant, jm_variant_name(JM_VARIANT_PLAIN)) == 0);
	if (jm_sha256_unhex(span_of(r->meta, "key"), w->key) != 0)
		return jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " has no match key", r->head->seq);
	return 0;
}

static int apply_report(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_applying w;
	int rc = -1;

	if (jm_applying_read(&w, r, err) < 0)
		return -1;
	if (find_item(p, &w, err) == 0 && jm_applying_store(p, &w, err) == 0 &&
	    jm_pop3_mark_apply(p->c, p->txn, w.arrival, r->head->seq, err) == 0)
		rc = count_report(p, &w, r->meta, err);
	json_decref(w.row);
	return rc;
}

static int apply_event(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_count c = { .records = 1, .events = 1, .stored_bytes = jm_record_bytes(r->head) };
	const char *kind = text_of(r->meta, "kind");
	unsigned char key[8];
	char counter[80];

	if (jm_catalog_put_json(
		p->c, p->txn, JM_T_EVENTS, jm_id_key(r->head->seq, key), r->meta, err) < 0 ||
	    jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &c, err) < 0)
		return -1;
	c = (struct jm_count){ .events = 1, .last_ms = r->head->time_ms };
	snprintf(counter, sizeof counter, "event/%.64s", kind ? kind : "other");
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, counter, &c, err) < 0)
		return -1;
	if (json_object_get(r->meta, "domain") && jm_domain_apply(p, r, err) < 0)
		return -1;
	return json_object_get(r->meta, "status") ? jm_tally_status(p, r, err) : 0;
}

int jm_apply_add(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_count other = { .records = 1, .stored_bytes = jm_record_bytes(r->head) };

	switch (r->head->type) {
	case JM_RECORD_REPORT:
		return apply_report(p, r, err);
	case JM_RECORD_EVENT:
		return apply_event(p, r, err);
	case JM_RECORD_CHANGE:
		return jm_change_apply(p, r, err);
	case JM_RECORD_TALLY:
		return jm_tally_apply(p, r, err);
	case JM_RECORD_FORGET:
		if (jm_pop3_forget_apply(p->c, p->txn, r->meta, err) < 0)
			return -1;
		return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &other, err);
	default:
		return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &other, err);
	}
}

int jm_apply_begin(
    struct jm_archive *a, struct jm_catalog *c, struct jm_apply **p_r, struct jm_err *err)
{
	struct jm_apply *p = calloc(1, sizeof *p);

	if (!p)
		return no_memory(err);
	p->a = a;
	p->c = c;
	if (jm_catalog_begin(p->c, &p->txn, err) < 0) {
		free(p);
		return -1;
	}
	*p_r = p;
	return 0;
}

void jm_apply_abort(struct jm_apply **p)
{
	if (!*p)
		return;
	jm_catalog_abort(&(*p)->txn);
	jm_counts_release(&(*p)->counts);
	free(*p);
	*p = NULL;
}

int jm_apply_finish(struct jm_apply **p, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err)
{
	struct jm_apply *q = *p;
	char text[320], hex[JM_SHA256_HEX_BYTES], last[JM_SHA256_HEX_BYTES];
	unsigned char padded[JM_SHA256_BYTES] = { 0 };
	int rc = -1;

	memcpy(padded, uuid, JM_UUID_BYTES);
	(void)jm_sha256_hex(padded, hex);
	hex[2 * JM_UUID_BYTES] = '\0';
	snprintf(text, sizeof text,
	    "{\"version\":%d,\"catalog\":%d,\"uuid\":\"%s\",\"seq\":%" PRIu64 ",\"v\":%" PRIu64
	    ",\"o\":%" PRIu64 ",\"sha256\":\"%s\"}",
	    JM_FORMAT_VERSION, JM_CATALOG_VERSION, hex, at->seq, at->volume, at->offset,
	    jm_sha256_hex(at->sha256, last));
	if (jm_counts_store(&q->counts, q->c, q->txn, err) == 0 &&
	    jm_catalog_put(q->c, q->txn, JM_T_META, jm_span_str("applied"), jm_span_str(text),
		false, err) == 1)
		rc = jm_catalog_commit(&q->txn, err);
	jm_apply_abort(p);
	return rc;
}

int jm_apply_position(struct jm_catalog *c, struct jm_position *at_r,
    unsigned char uuid_r[JM_UUID_BYTES], struct jm_err *err)
{
	unsigned char padded[JM_SHA256_BYTES];
	char hex[JM_SHA256_HEX_BYTES];
	json_t *o = NULL;
	int rc = jm_catalog_get_json(c, NULL, JM_T_META, jm_span_str("applied"), &o, err);

	if (rc <= 0)
		return rc;
	snprintf(hex, sizeof hex, "%.32s%032d", text_of(o, "uuid") ? text_of(o, "uuid") : "", 0);
	if (int_of(o, "version") > JM_FORMAT_VERSION) {
		rc = jm_err_set(err, JM_E_CONFIG,
		    "catalog of version %" JSON_INTEGER_FORMAT
		    ", this program knows version %d: use a newer program",
		    int_of(o, "version"), JM_FORMAT_VERSION);
	} else if (int_of(o, "catalog") > JM_CATALOG_VERSION) {
		rc = jm_err_set(err, JM_E_CONFIG,
		    "a newer program made the catalog: use it, or remove the catalog");
	} else if (int_of(o, "catalog") < JM_CATALOG_VERSION) {
		rc = jm_err_set(
		    err, JM_E_CORRUPT, "an older program made it, some of its rows are missing");
	} else if (jm_sha256_unhex(jm_span_str(hex), padded) != 0 ||
	    jm_sha256_unhex(span_of(o, "sha256"), at_r->sha256) != 0) {
		rc = jm_err_set(err, JM_E_CORRUPT, "catalog: its position makes no sense");
	} else {
		memcpy(uuid_r, padded, JM_UUID_BYTES);
		at_r->seq = (uint64_t)int_of(o, "seq");
		at_r->volume = (uint64_t)int_of(o, "v");
		at_r->offset = (uint64_t)int_of(o, "o");
	}
	json_decref(o);
	return rc;
}
