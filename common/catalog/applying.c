/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report's item and the rows that lead to it: indexes of addresses, Message-IDs, dates and match
 * keys, contents, and the row of the item itself.
 */
#include "common/catalog/applying.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/catalog/apply_note.h"
#include "common/catalog/keys.h"
#include "common/catalog/queue_row.h"
#include "common/catalog/reason.h"
#include "common/catalog/row.h"
#include "common/json/value.h"
#include "common/mail/address_form.h"
#include "common/volume/metadata.h"

/* A row keeps so much of a subject or an address; the record has it all. */
#define TEXT_BYTES 1000

/* Member key of o for a row; a long text is cut before the start of a character. */
static json_t *row_text(const json_t *o, const char *key)
{
	struct jm_span s = jm_json_span(o, key);
	size_t n = s.len;

	if (jm_span_none(s))
		return json_null();
	if (n > TEXT_BYTES)
		for (n = TEXT_BYTES; n > 0 && (s.p[n] & 0xc0) == 0x80;)
			n--;
	return json_stringn_nocheck((const char *)s.p, n);
}

/* The subject for a row; NULL without memory. */
static json_t *row_subject(const json_t *meta)
{
	struct jm_buf text;
	struct jm_err err;
	json_t *value = NULL, *o;
	bool any;

	jm_buf_init(&text, JM_DESCRIBED_SUBJECT_BYTES);
	if (jm_described_subject(meta, &text, &any, &err) != 0 && err.kind != JM_E_LIMIT)
		goto out;
	o = json_pack("{s:o}", "subject", any ? jm_json_text(jm_buf_span(&text)) : json_null());
	value = o ? row_text(o, "subject") : NULL;
	json_decref(o);
out:
	jm_buf_release(&text);
	return value;
}

static int add_to(json_t *row, const char *key, json_int_t n)
{
	return json_object_set_new_nocheck(row, key, json_integer(jm_json_int(row, key) + n));
}

static int item_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a row of the catalog");
}

/* ---- indexes ---- */

/* The roles of an address in an item. The address's row has the letters of all its roles. They are
 * capital letters in the row of the form in which the address is compared, if no report writes it
 * in this form: this row is not counted as a recipient. */
#define ROLES "sroSRO"
#define SENDER "s"
#define RECIPIENT "r"
#define OPEN_RECIPIENT "ro" /* a report says To or Cc */
#define LEVEL_RECIPIENT "R"
#define LEVEL_OPEN_RECIPIENT "RO"

/* The letters that are in old or in roles. */
static struct jm_span all_roles(struct jm_span old, const char *roles, char text[sizeof ROLES])
{
	size_t n = 0;

	for (const char *c = ROLES; *c != '\0'; c++)
		if (strchr(roles, *c) || (old.len > 0 && memchr(old.p, *c, old.len)))
			text[n++] = *c;
	return jm_span_of(text, n);
}

/* Note these roles in the row with this key. Counts w->added up if it is a new recipient. */
static int add_roles(struct jm_apply *p, struct jm_applying *w, struct jm_span at,
    const char *roles, struct jm_err *err)
{
	char text[sizeof ROLES];
	struct jm_span value = all_roles(jm_span_of(NULL, 0), roles, text);
	struct jm_buf old;
	int rc = jm_catalog_add(p->txn, JM_T_BY_ADDRESS, at, value, err);

	if (rc != 0) {
		w->added += rc == 1 && roles[0] == 'r';
		return rc < 0 ? -1 : 0;
	}
	jm_buf_init(&old, 4096);
	rc = jm_catalog_get(p->c, p->txn, JM_T_BY_ADDRESS, at, &old, err) < 0 ? -1 : 0;
	value = all_roles(jm_buf_span(&old), roles, text);
	if (rc == 0 && !jm_span_eq(value, jm_buf_span(&old))) {
		w->added += roles[0] == 'r' && (old.len == 0 || !memchr(old.p, 'r', old.len));
		rc = jm_catalog_put(p->txn, JM_T_BY_ADDRESS, at, value, err);
	}
	jm_buf_release(&old);
	return rc;
}

/* Note that an address has these roles in item w->id. */
static int index_address(struct jm_apply *p, struct jm_applying *w, struct jm_span address,
    const char *roles, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	char capital[sizeof ROLES];
	struct jm_span at;
	size_t n = strlen(roles);
	int rc = jm_keys_written(address, w->id, key, &at, err);

	if (rc == 1)
		rc = add_roles(p, w, at, roles, err);
	if (rc != 0 || jm_address_form_is_plain(address))
		return rc;
	for (size_t i = 0; i <= n; i++)
		capital[i] = (char)(roles[i] >= 'a' ? roles[i] - 'a' + 'A' : roles[i]);
	rc = jm_keys_address(address, w->id, key, &at, err);
	return rc == 1 ? add_roles(p, w, at, capital, err) : rc;
}

/* Note the addresses of a report around the innermost one. Recipients get capital letters: they are
 * found, but are no recipients of the item. */
static int index_level(
    struct jm_apply *p, struct jm_applying *w, const json_t *level, struct jm_err *err)
{
	const json_t *list = json_object_get(level, "recipients");

	if (index_address(p, w, jm_json_span(level, "sender"), SENDER, err) != 0 ||
	    index_address(p, w, jm_json_span(level, "on_behalf_of"), SENDER, err) != 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);

		if (index_address(p, w, jm_json_span(r, "address"),
			jm_described_is_open(r) ? LEVEL_OPEN_RECIPIENT : LEVEL_RECIPIENT, err) != 0)
			return -1;
	}
	return 0;
}

static int index_levels(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	const json_t *levels = json_object_get(w->journal, "levels");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(levels); i++)
		rc = index_level(p, w, json_array_get(levels, i), err);
	return rc;
}

static int index_addresses(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	const json_t *list = json_object_get(w->journal, "recipients");

	if (index_address(p, w, jm_json_span(w->journal, "envelope_sender"), SENDER, err) != 0 ||
	    index_address(p, w, jm_json_span(w->journal, "on_behalf_of"), SENDER, err) != 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);

		if (index_address(p, w, jm_json_span(r, "address"),
			jm_described_is_open(r) ? OPEN_RECIPIENT : RECIPIENT, err) != 0)
			return -1;
	}
	return index_levels(p, w, err);
}

static int index_message_id(struct jm_apply *p, const struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at;
	int rc = jm_keys_message_id(jm_json_span(w->journal, "message_id"), w->id, key, &at, err);

	if (rc == 1)
		rc = jm_catalog_add(p->txn, JM_T_BY_MESSAGE_ID, at, jm_span_str(""), err);
	return rc < 0 ? -1 : 0;
}

/* Remove the entry of item id under address. */
static int unindex_address(
    struct jm_apply *p, struct jm_span address, uint64_t id, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at;
	int rc = jm_keys_written(address, id, key, &at, err);

	if (rc == 1)
		rc = jm_catalog_remove(p->txn, JM_T_BY_ADDRESS, at, err);
	if (rc != 0 || jm_address_form_is_plain(address))
		return rc;
	rc = jm_keys_address(address, id, key, &at, err);
	return rc == 1 ? jm_catalog_remove(p->txn, JM_T_BY_ADDRESS, at, err) : rc;
}

static int unindex_message_id(
    struct jm_apply *p, struct jm_span message_id, uint64_t id, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span at;
	int rc = jm_keys_message_id(message_id, id, key, &at, err);

	return rc == 1 ? jm_catalog_remove(p->txn, JM_T_BY_MESSAGE_ID, at, err) : rc;
}

/* The key of an item in the index of dates. */
static struct jm_span date_key(const struct jm_applying *w, uint64_t id, unsigned char key[16])
{
	jm_num_put_be64(key, (uint64_t)w->r->head->time_ms);
	jm_num_put_be64(key + 8, id);
	return jm_span_of(key, 16);
}

/* Remove the entries of item id under the addresses of levels around the innermost report. */
static int unindex_levels(
    struct jm_apply *p, const struct jm_applying *w, uint64_t id, struct jm_err *err)
{
	const json_t *levels = json_object_get(w->journal, "levels"), *level, *list;

	for (size_t i = 0; i < json_array_size(levels); i++) {
		level = json_array_get(levels, i);
		list = json_object_get(level, "recipients");
		if (unindex_address(p, jm_json_span(level, "sender"), id, err) != 0 ||
		    unindex_address(p, jm_json_span(level, "on_behalf_of"), id, err) != 0)
			return -1;
		for (size_t k = 0; k < json_array_size(list); k++)
			if (unindex_address(
				p, jm_json_span(json_array_get(list, k), "address"), id, err) != 0)
				return -1;
	}
	return 0;
}

int jm_applying_leave(
    struct jm_apply *p, const struct jm_applying *w, uint64_t own_id, struct jm_err *err)
{
	const json_t *list = json_object_get(w->journal, "recipients");
	unsigned char key[16];

	if (unindex_address(p, jm_json_span(w->journal, "envelope_sender"), own_id, err) != 0 ||
	    unindex_address(p, jm_json_span(w->journal, "on_behalf_of"), own_id, err) != 0 ||
	    unindex_message_id(p, jm_json_span(w->journal, "message_id"), own_id, err) != 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (unindex_address(
			p, jm_json_span(json_array_get(list, i), "address"), own_id, err) != 0)
			return -1;
	if (unindex_levels(p, w, own_id, err) != 0 ||
	    jm_catalog_remove(p->txn, JM_T_BY_DATE, date_key(w, own_id, key), err) != 0)
		return -1;
	return jm_catalog_remove(p->txn, JM_T_ITEMS, jm_keys_id(own_id, key), err);
}

/* ---- the item's row ---- */

/* Put the facts of the envelope into the row. Facts from a proper report replace those from a
 * gateway, and both replace those from a message's own header. */
static int row_envelope(struct jm_applying *w)
{
	json_t *row = w->row;
	int rc = 0;

	rc |= json_object_set_new_nocheck(row, "sender", row_text(w->journal, "envelope_sender"));
	rc |= json_object_set_new_nocheck(row, "subject", row_subject(w->r->meta));
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
		    row, "volume", json_integer((json_int_t)w->r->at.volume));
		rc |= json_object_set_new_nocheck(
		    row, "offset", json_integer((json_int_t)w->r->at.offset));
		if (w->from_gateway)
			rc |= json_object_set_new_nocheck(row, "gateway", json_true());
		if (w->set_aside)
			rc |= json_object_set_new_nocheck(
			    row, "set_aside", jm_reason_public(w->r->meta));
		else if (w->queued)
			rc |= json_object_set_new_nocheck(row, "queued", json_true());
	}
	return rc == 0 ? 0 : item_no_memory(err);
}

/* Add the service, if the item has no report of it yet. */
static int row_service(struct jm_applying *w)
{
	json_t *list = json_object_get(w->row, "more_services");
	const char *first = jm_json_str(w->row, "service");

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

/* Add the content, if the item does not have these bytes yet. */
static int merge_content(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[8 + 2 * JM_SHA256_BYTES];
	char value[96];
	int rc;

	if (jm_span_eq(jm_json_span(w->row, "sha256"), jm_json_span(w->content, "sha256")) &&
	    jm_span_eq(jm_json_span(w->row, "raw_sha256"), jm_json_span(w->content, "raw_sha256")))
		return 0;
	jm_num_put_be64(key, w->id);
	if (jm_sha256_unhex(jm_json_span(w->content, "sha256"), key + 8) != 0 ||
	    jm_sha256_unhex(jm_json_span(w->content, "raw_sha256"), key + 8 + JM_SHA256_BYTES) != 0)
		return jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " has no digests", w->r->head->seq);
	snprintf(value, sizeof value, "{\"n\":%" JSON_INTEGER_FORMAT ",\"seq\":%" PRIu64 "}",
	    jm_json_int(w->row, "contents"), w->r->head->seq);
	rc = jm_catalog_add(
	    p->txn, JM_T_ITEM_CONTENTS, jm_span_of(key, sizeof key), jm_span_str(value), err);
	if (rc == 1 && add_to(w->row, "contents", 1) != 0)
		return item_no_memory(err);
	return rc < 0 ? -1 : 0;
}

static int merge_item(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[16];

	jm_num_put_be64(key, w->id);
	jm_num_put_be64(key + 8, w->r->head->seq);
	if (jm_catalog_put(p->txn, JM_T_ITEM_REPORTS, jm_span_of(key, sizeof key), jm_span_str(""),
		err) != 0 ||
	    merge_content(p, w, err) != 0)
		return -1;
	if (row_service(w) != 0)
		return item_no_memory(err);
	if (w->from_headers ||
	    (!json_is_true(json_object_get(w->row, "from_headers")) &&
		(w->from_gateway || !json_is_true(json_object_get(w->row, "gateway")))))
		return 0;
	if (!w->from_gateway)
		json_object_del(w->row, "gateway");
	else if (json_object_set_new_nocheck(w->row, "gateway", json_true()) != 0)
		return item_no_memory(err);
	return row_envelope(w) == 0 ? 0 : item_no_memory(err);
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
	if (rc < 0 || merge_item(p, w, err) != 0 || index_addresses(p, w, err) != 0)
		return -1;
	return index_message_id(p, w, err);
}

/* ---- founding an item ---- */

static int queue_put(struct jm_apply *p, const struct jm_applying *w, struct jm_err *err)
{
	json_t *row = json_object(), *due = json_object_get(w->queued, "due_ms"),
	       *size = json_object_get(json_object_get(w->r->meta, "report"), "size");
	int rc = 0;

	if (!json_is_true(json_object_get(w->queued, "match_first")))
		rc |= json_object_set_new_nocheck(row, "delayed", json_true());
	rc |= json_object_set_nocheck(row, "due_ms", due) |
	    json_object_set_new_nocheck(row, "attempts", json_integer(0)) |
	    json_object_set_new_nocheck(
		row, "since_ms", json_integer((json_int_t)w->r->head->time_ms)) |
	    json_object_set_new_nocheck(
		row, "service", w->service ? json_string_nocheck(w->service) : json_null()) |
	    json_object_set_nocheck(row, "size", size);
	rc = rc != 0 ? item_no_memory(err) : jm_queue_row_put(p, w->id, row, err);
	json_decref(row);
	return rc;
}

static int put_set_aside(struct jm_apply *p, const struct jm_applying *w, struct jm_err *err)
{
	const struct jm_event e = { .time_ms = w->r->head->time_ms,
		.kind = "set-aside",
		.service = w->service,
		.actor = "archive",
		.text = jm_json_str(w->row, "set_aside"),
		.item = w->id };
	unsigned char id[8];

	if (jm_catalog_put(p->txn, JM_T_SET_ASIDE, jm_keys_id(w->id, id), jm_span_str(""), err) !=
	    0)
		return -1;
	return jm_apply_note(p, w->id, &e, err);
}

static int put_key(struct jm_apply *p, const struct jm_applying *w, struct jm_err *err)
{
	unsigned char id[8];

	return jm_catalog_put(
	    p->txn, JM_T_BY_KEY, jm_span_of(w->key, sizeof w->key), jm_keys_id(w->id, id), err);
}

int jm_applying_found(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[16];
	int rc;

	w->is_new = true;
	w->id = w->r->head->seq;
	if (row_new(w, err) != 0 ||
	    jm_catalog_put(p->txn, JM_T_BY_DATE, date_key(w, w->id, key), jm_span_str(""), err) !=
		0)
		return -1;
	rc = w->set_aside ? put_set_aside(p, w, err)
	    : w->queued   ? queue_put(p, w, err)
			  : put_key(p, w, err);
	if (rc != 0 || index_addresses(p, w, err) != 0)
		return -1;
	return index_message_id(p, w, err);
}

int jm_applying_store(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[8];
	char value[128];

	/* The place of the report that founded the item is in the item's row. */
	if (w->id != w->r->head->seq) {
		snprintf(value, sizeof value,
		    "{\"v\":%" PRIu64 ",\"o\":%" PRIu64 ",\"i\":%" PRIu64 "}", w->r->at.volume,
		    w->r->at.offset, w->id);
		if (jm_catalog_put(p->txn, JM_T_REPORTS, jm_keys_id(w->r->head->seq, key),
			jm_span_str(value), err) != 0)
			return -1;
	}
	if (add_to(w->row, "reports", 1) != 0 || add_to(w->row, "recipients", w->added) != 0)
		return item_no_memory(err);
	return jm_row_put(p->txn, w->id, w->row, err);
}

int jm_applying_read(struct jm_applying *w, const struct jm_applied *r, struct jm_err *err)
{
	const char *variant;

	*w = (struct jm_applying){ .r = r,
		.arrival = json_object_get(r->meta, "arrival"),
		.journal = json_object_get(r->meta, "journal"),
		.content = json_object_get(r->meta, "content"),
		.queued = json_object_get(r->meta, "queued"),
		.set_aside = jm_json_str(r->meta, "set_aside") };
	variant = jm_json_str(w->journal, "variant");
	w->service = jm_json_str(w->arrival, "service");
	w->from_gateway = jm_json_str(w->arrival, "transport") &&
	    strcmp(jm_json_str(w->arrival, "transport"), "gateway") == 0;
	w->from_headers = !w->from_gateway &&
	    (!variant || strcmp(variant, jm_variant_name(JM_VARIANT_PLAIN)) == 0);
	if (jm_sha256_unhex(jm_json_span(r->meta, "key"), w->key) != 0)
		return jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " has no match key", r->head->seq);
	return 0;
}
