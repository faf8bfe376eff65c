/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding items. The narrowest index of the catalog leads to ids, their rows are looked at a page
 * at a time with the catalog held, and what a row does not tell (who is Bcc, domains of recipients,
 * names of attachments) is read from the records afterwards. jm_archive_list() is all of it.
 */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/mail/date.h"
#include "common/mail/domain.h"
#include "common/mail/fold.h"
#include "common/mail/part.h"

#define KEY_BYTES 64        /* of a sort key */
#define HITS_MAX 1000000u   /* that are sorted without a limit: 72 bytes each */
#define ROW_TEXT_BYTES 990u /* a text of a row that is longer may have been cut (apply.c) */
#define WORDS_BYTES 4096u
#define PROGRESS_EVERY 2048u

struct hit {
	unsigned char key[KEY_BYTES];
	uint64_t id;
};

struct ids {
	uint64_t *id; /* owned */
	size_t n, cap;
};

struct search {
	struct jm_archive *a;
	const struct jm_archive_filter *f;
	jm_archive_visit *visit;
	void *ctx;
	enum jm_table table; /* that leads to the ids */
	unsigned char prefix[JM_CATALOG_KEY_MAX];
	size_t prefix_n;
	struct jm_fold fold;
	struct jm_buf words, pattern; /* subject and attachment, folded */
	bool plain_words;    /* there are words, and none of them is written otherwise in JSON */
	struct jm_buf text;  /* what is compared with them */
	struct jm_buf entry; /* of an index */
	char domain[JM_DOMAIN_BYTES]; /* to look for; empty: none */
	struct hit *hits;             /* owned; with a sort */
	size_t hits_n, hits_cap;
	struct hit after; /* with a sort: only what stands behind it */
	uint64_t visited, looked_at, told, unreadable;
	uint64_t done, total; /* how far it is; total 0: not known */
	bool stop;
};

/* What the row of an item says. */
enum verdict { NO, YES, READ }; /* READ: its records must be looked into */

/* ---- criteria on a row, with the catalog held ---- */

static bool has_service(const json_t *row, const char *service)
{
	const json_t *list = json_object_get(row, "more_services");
	const char *first = json_string_value(json_object_get(row, "service"));

	if (first && strcmp(first, service) == 0)
		return true;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), service) == 0)
			return true;
	return false;
}

static struct jm_span text_of(const json_t *o, const char *key)
{
	const json_t *s = json_object_get(o, key);

	return jm_span_of(json_string_value(s), json_string_length(s));
}

static bool row_of_state(const struct jm_archive_filter *f, const json_t *row)
{
	return (json_object_get(row, "set_aside") != NULL) == f->set_aside &&
	    !json_object_get(row, "queued") &&
	    (json_object_get(row, "expired_ms") != NULL) == f->expired;
}

static bool row_in_ranges(const struct jm_archive_filter *f, const json_t *row)
{
	int64_t time_ms = (int64_t)json_integer_value(json_object_get(row, "time_ms")), sent_ms;
	uint64_t size = (uint64_t)json_integer_value(json_object_get(row, "size"));

	if ((f->since_ms != 0 && time_ms < f->since_ms) ||
	    (f->until_ms != 0 && time_ms >= f->until_ms) ||
	    (f->min_bytes != 0 && size < f->min_bytes) ||
	    (f->max_bytes != 0 && size > f->max_bytes))
		return false;
	if (f->sent_since_ms == 0 && f->sent_until_ms == 0)
		return true;
	return jm_date_parse(text_of(row, "date"), &sent_ms) == 0 &&
	    (f->sent_since_ms == 0 || sent_ms >= f->sent_since_ms) &&
	    (f->sent_until_ms == 0 || sent_ms < f->sent_until_ms);
}

static int has_words(struct search *s, struct jm_span subject, struct jm_err *err)
{
	if (jm_fold_text(&s->fold, subject, &s->text, err) < 0)
		return -1;
	return jm_fold_has_words(jm_buf_span(&s->text), jm_buf_span(&s->words));
}

static int row_has_words(struct search *s, const json_t *row, enum verdict *v, struct jm_err *err)
{
	struct jm_span subject = text_of(row, "subject");
	int rc = s->words.len == 0 ? 1 : has_words(s, subject, err);

	if (rc == 0 && subject.len > ROW_TEXT_BYTES) {
		*v = READ;
		return 1;
	}
	return rc;
}

/* Is the item in an index under text? 1 with its entry, 0, -1. */
static int indexed(struct search *s, enum jm_table t, struct jm_span text, bool fold, uint64_t id,
    struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t n = jm_apply_index_key(text, fold, key);

	key[n++] = 0;
	jm_num_put_be64(key + n, id);
	return jm_catalog_get(s->a->catalog, NULL, t, jm_span_of(key, n + 8), &s->entry, err);
}

/* Is address one of the item's, as sender or as recipient (if it may be)? A recipient may be a Bcc,
 * which only the records tell. 1, 0, -1. */
static int row_has_address(struct search *s, uint64_t id, const char *address, bool sender,
    bool recipient, enum verdict *v, struct jm_err *err)
{
	struct jm_span role;
	int rc = !address ? 0 : indexed(s, JM_T_BY_ADDRESS, jm_span_str(address), true, id, err);

	if (!address || rc < 0)
		return !address ? 1 : -1;
	role = rc == 1 ? jm_buf_span(&s->entry) : jm_span_str("");
	if (sender && jm_span_index(role, 's') < role.len)
		return 1;
	if (!recipient || jm_span_index(role, 'r') == role.len)
		return 0;
	if (!s->f->bcc && jm_span_index(role, 'o') == role.len)
		*v = READ;
	return 1;
}

static bool at_domain(const void *ctx, struct jm_span address)
{
	const struct search *s = ctx;
	size_t at = jm_span_rindex(address, '@'), n = strlen(s->domain), len;
	char name[JM_DOMAIN_BYTES];

	if (at == address.len ||
	    jm_domain_normalise(jm_span_sub(address, at + 1, address.len), name) != 0)
		return false;
	len = strlen(name);
	if (len == n)
		return memcmp(name, s->domain, n) == 0;
	return s->f->subdomains && len > n && name[len - n - 1] == '.' &&
	    memcmp(name + len - n, s->domain, n) == 0;
}

/*
 * Can a row be left out without taking its JSON apart, which is most of the work of a scan? False
 * when in doubt: whatever the subject has stands in the row as it is, but for quotation marks,
 * backslashes and control characters.
 */
static bool raw_fails(struct search *s, struct jm_span raw)
{
	const struct jm_archive_filter *f = s->f;
	struct jm_err no;
	uint64_t n;

	if ((f->min_bytes != 0 || f->max_bytes != 0) && jm_row_size(raw, &n) &&
	    ((f->min_bytes != 0 && n < f->min_bytes) || (f->max_bytes != 0 && n > f->max_bytes)))
		return true;
	if (!s->plain_words || raw.len > 2 * ROW_TEXT_BYTES ||
	    jm_fold_text(&s->fold, raw, &s->text, &no) < 0)
		return false;
	return !jm_fold_has_words(jm_buf_span(&s->text), jm_buf_span(&s->words));
}

static int row_passes(
    struct search *s, uint64_t id, const json_t *row, enum verdict *v, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	int rc;

	*v = s->pattern.len > 0 ? READ : YES;
	if (!row_of_state(f, row) || !row_in_ranges(f, row) ||
	    (f->service && !has_service(row, f->service)))
		return 0;
	rc = row_has_words(s, row, v, err);
	if (rc == 1 && f->message_id && s->table != JM_T_BY_MESSAGE_ID)
		rc = indexed(s, JM_T_BY_MESSAGE_ID, jm_apply_bare_id(jm_span_str(f->message_id)),
		    false, id, err);
	if (rc == 1)
		rc = row_has_address(s, id, f->address, true, true, v, err);
	if (rc == 1)
		rc = row_has_address(s, id, f->sender, true, false, v, err);
	if (rc == 1)
		rc = row_has_address(s, id, f->recipient, false, true, v, err);
	if (rc == 1 && s->domain[0] != '\0' && !at_domain(s, text_of(row, "sender")))
		*v = READ;
	return rc;
}

/* ---- criteria on the records ---- */

static bool is_address(const void *ctx, struct jm_span address)
{
	return jm_span_eq_nocase(address, jm_span_str(ctx));
}

/* Has one of the reports what is wanted under the key? */
static bool by_a_report(const json_t *item, const char *key, jm_bcc_wanted *wanted, const void *ctx)
{
	const json_t *reports = json_object_get(item, "reports");

	for (size_t i = 0; i < json_array_size(reports); i++) {
		struct jm_span text = text_of(json_array_get(reports, i), key);

		if (!jm_span_none(text) && wanted(ctx, text))
			return true;
	}
	return false;
}

static bool sent_by(const json_t *item, jm_bcc_wanted *wanted, const void *ctx)
{
	return by_a_report(item, "envelope_sender", wanted, ctx) ||
	    by_a_report(item, "on_behalf_of", wanted, ctx);
}

static int received_by(struct search *s, const json_t *item, jm_bcc_wanted *wanted, const void *ctx,
    struct jm_err *err)
{
	const json_t *list = json_object_get(item, "recipients");

	if (!s->f->bcc)
		return jm_bcc_open(s->a, item, wanted, ctx, err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (wanted(ctx, text_of(json_array_get(list, i), "address")))
			return 1;
	return 0;
}

static int item_has_words(struct search *s, const json_t *item, struct jm_err *err)
{
	const json_t *reports = json_object_get(item, "reports");
	int rc = has_words(s, text_of(item, "subject"), err);

	for (size_t i = 0; rc == 0 && i < json_array_size(reports); i++)
		rc = has_words(s, text_of(json_array_get(reports, i), "subject"), err);
	return rc;
}

struct look {
	struct search *s;
	bool found;
};

static int look_at_part(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	struct look *l = ctx;

	if (!p->attachment || jm_span_none(p->name))
		return 0;
	if (jm_fold_text(&l->s->fold, p->name, &l->s->text, err) < 0)
		return -1;
	l->found = jm_fold_fits(jm_buf_span(&l->s->text), jm_buf_span(&l->s->pattern));
	return l->found;
}

static int item_has_attachment(struct search *s, uint64_t id, struct jm_err *err)
{
	struct look look = { s, false };
	struct jm_described c;
	struct jm_loaded l;
	struct jm_span bytes;
	void *owned = NULL;
	int rc;

	if (jm_content_load(s->a, id, &l, err) < 0)
		return -1;
	rc = jm_content_raw(&l, "content", &c, &bytes, &owned, err);
	if (rc == 0) {
		rc = jm_parts_walk(bytes, look_at_part, &look, err);
		jm_described_release(&c);
	}
	free(owned);
	jm_loaded_release(&l);
	return rc < 0 ? -1 : look.found;
}

static int item_passes(struct search *s, const json_t *item, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	int rc = s->words.len > 0 ? item_has_words(s, item, err) : 1;

	if (rc == 1 && f->address && !sent_by(item, is_address, f->address))
		rc = received_by(s, item, is_address, f->address, err);
	if (rc == 1 && f->recipient)
		rc = received_by(s, item, is_address, f->recipient, err);
	if (rc == 1 && s->domain[0] != '\0' && !sent_by(item, at_domain, s))
		rc = received_by(s, item, at_domain, s, err);
	return rc;
}

/* 1, 0 (also for one that is damaged, which is counted), -1. */
static int records_pass(struct search *s, uint64_t id, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	json_t *item = NULL;
	int rc = 1;

	if (s->words.len > 0 || f->address || f->recipient || s->domain[0] != '\0')
		rc = jm_item_read(s->a, id, &item, err);
	if (rc == 0) {
		rc = item_passes(s, item, err);
		s->unreadable += rc == 0 && json_object_get(item, "damaged");
	}
	json_decref(item);
	if (rc == 1 && s->pattern.len > 0)
		rc = item_has_attachment(s, id, err);
	if (rc < 0 && (err->kind == JM_E_CORRUPT || err->kind == JM_E_NOTFOUND)) {
		s->unreadable += err->kind == JM_E_CORRUPT;
		rc = 0;
	}
	return rc;
}

/* ---- what was found ---- */

static int key_of(
    struct search *s, const json_t *row, unsigned char key[KEY_BYTES], struct jm_err *err)
{
	int64_t ms = 0;

	memset(key, 0, KEY_BYTES);
	if (s->f->sort == JM_SORT_SIZE) {
		jm_num_put_be64(key, (uint64_t)json_integer_value(json_object_get(row, "size")));
	} else if (s->f->sort == JM_SORT_SENT) {
		if (jm_date_parse(text_of(row, "date"), &ms) == 0)
			jm_num_put_be64(key, (uint64_t)ms + ((uint64_t)1 << 63));
	} else {
		if (jm_fold_text(&s->fold,
			text_of(row, s->f->sort == JM_SORT_SENDER ? "sender" : "subject"), &s->text,
			err) < 0)
			return -1;
		memcpy(key, s->text.p ? s->text.p : key,
		    s->text.len < KEY_BYTES ? s->text.len : KEY_BYTES);
	}
	return 0;
}

static int by_key(const void *x, const void *y)
{
	const struct hit *a = x, *b = y;
	int rc = memcmp(a->key, b->key, KEY_BYTES);

	return rc != 0 ? rc : a->id < b->id ? -1 : a->id > b->id;
}

static int by_key_down(const void *x, const void *y)
{
	return by_key(y, x);
}

static void sort_hits(struct search *s)
{
	if (s->hits_n > 0)
		qsort(s->hits, s->hits_n, sizeof *s->hits, s->f->reverse ? by_key_down : by_key);
	if (s->f->limit != 0 && s->hits_n > s->f->limit)
		s->hits_n = (size_t)s->f->limit;
}

/* Keep a hit for later; of more than twice the limit, only the first ones. */
static int keep_hit(struct search *s, uint64_t id, const json_t *row, struct jm_err *err)
{
	size_t most = s->f->limit != 0 && s->f->limit < HITS_MAX / 2
	    ? 2 * (size_t)s->f->limit + 1024
	    : HITS_MAX;
	struct hit *h;

	if (s->hits_n == s->hits_cap && s->hits_cap < most) {
		size_t cap = s->hits_cap ? 2 * s->hits_cap : 1024;

		cap = cap < most ? cap : most;
		h = realloc(s->hits, cap * sizeof *h);
		if (!h)
			return jm_err_sys(err, JM_E_TEMP, "sorting");
		s->hits = h;
		s->hits_cap = cap;
	}
	if (s->hits_n == s->hits_cap)
		sort_hits(s);
	if (s->hits_n == s->hits_cap)
		return jm_err_set(err, JM_E_LIMIT,
		    "more than %u items would have to be sorted; ask for fewer, or give a limit below half of that",
		    HITS_MAX);
	h = &s->hits[s->hits_n];
	h->id = id;
	if (key_of(s, row, h->key, err) < 0)
		return -1;
	s->hits_n += s->f->after_id == 0 ||
	    (s->f->reverse ? by_key(h, &s->after) < 0 : by_key(h, &s->after) > 0);
	return 0;
}

static int show_row(struct search *s, json_t *row, struct jm_err *err)
{
	int rc;

	if (jm_row_show(row) != 0)
		return jm_err_set(err, JM_E_TEMP, "no memory for a row");
	rc = s->visit(s->ctx, row, err);
	s->visited++;
	s->stop = rc != 0 || (s->f->limit != 0 && s->visited >= s->f->limit);
	return rc < 0 ? -1 : 0;
}

static int tell_progress(struct search *s, struct jm_err *err)
{
	json_t *o;
	int rc;

	if (!s->f->progress || s->looked_at < s->told + PROGRESS_EVERY)
		return 0;
	s->told = s->looked_at;
	o = json_pack("{s:I,s:I,s:I,s:I}", "looked_at", (json_int_t)s->looked_at, "found",
	    (json_int_t)(s->f->sort == JM_SORT_ID ? s->visited : s->hits_n), "done",
	    (json_int_t)s->done, "total", (json_int_t)s->total);
	rc = !o ? jm_err_set(err, JM_E_TEMP, "no memory") : s->f->progress(s->ctx, o, err);
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

/* One that its row lets pass. */
static int take_row(struct search *s, uint64_t id, json_t *row, enum verdict v, struct jm_err *err)
{
	int rc = v == READ ? records_pass(s, id, err) : 1;

	if (rc != 1)
		return rc;
	return s->f->sort == JM_SORT_ID ? show_row(s, row, err) : keep_hit(s, id, row, err);
}

/* Ids are numbers of records: how far through all of them is it? */
static void note_place(struct search *s, uint64_t id)
{
	pthread_mutex_lock(&s->a->lock);
	s->total = s->a->applied_seq;
	pthread_mutex_unlock(&s->a->lock);
	s->done = id > s->total ? s->total : s->f->reverse ? s->total - id : id;
}

/* Look at the items of these ids; rows holds their rows, or is NULL. */
static int visit_ids(
    struct search *s, const uint64_t *id, const struct jm_page *rows, size_t n, struct jm_err *err)
{
	json_t *row[JM_PAGE_ROWS] = { NULL };
	enum verdict v[JM_PAGE_ROWS];
	uint64_t wanted = s->f->limit != 0 && s->f->sort == JM_SORT_ID ? s->f->limit - s->visited
								       : UINT64_MAX;
	int rc = 0;

	if (jm_reader_enter(s->a, err) < 0)
		return -1;
	for (size_t i = 0; i < n && rc >= 0 && wanted > 0; i++) {
		if (rows && raw_fails(s, jm_span_of(rows->row[i].value, rows->row[i].value_n)))
			row[i] = NULL;
		else if (rows)
			rc = jm_row_whole(id[i],
			    jm_span_of(rows->row[i].value, rows->row[i].value_n), &row[i], err);
		else
			rc = jm_row_get(s->a->catalog, NULL, id[i], &row[i], err);
		s->looked_at++;
		if (rc < 0 || !row[i])
			continue;
		rc = row_passes(s, id[i], row[i], &v[i], err);
		if (rc == 0) {
			json_decref(row[i]);
			row[i] = NULL;
		} else {
			wanted -= rc == 1 && v[i] == YES;
		}
	}
	jm_reader_leave(s->a);
	for (size_t i = 0; i < n; i++) {
		if (rc >= 0 && !s->stop && row[i])
			rc = take_row(s, id[i], row[i], v[i], err);
		json_decref(row[i]);
	}
	return rc < 0 ? -1 : tell_progress(s, err);
}

/* ---- the ways to the ids ---- */

/* Through a table whose keys end with the id. */
static int through_table(struct search *s, struct jm_err *err)
{
	unsigned char after[JM_CATALOG_KEY_MAX];
	struct jm_span prefix = jm_span_of(s->prefix, s->prefix_n), from = { NULL, 0 };
	struct jm_page page;
	uint64_t id[JM_PAGE_ROWS];
	int rc = 0;

	memcpy(after, s->prefix, s->prefix_n);
	if (s->f->after_id != 0 && s->f->sort == JM_SORT_ID) {
		jm_num_put_be64(after + s->prefix_n, s->f->after_id);
		from = jm_span_of(after, s->prefix_n + 8);
	}
	while (rc == 0 && !s->stop) {
		rc = jm_reader_page(s->a, s->table, prefix, from, s->f->reverse, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		for (size_t i = 0; i < page.n; i++)
			id[i] = page.row[i].key_n >= 8
			    ? jm_num_get_be64(page.row[i].key + page.row[i].key_n - 8)
			    : 0;
		jm_num_put_be64(after + s->prefix_n, id[page.n - 1]);
		from = jm_span_of(after, s->prefix_n + 8);
		if (s->table == JM_T_ITEMS)
			note_place(s, id[page.n - 1]);
		rc = visit_ids(s, id, s->table == JM_T_ITEMS ? &page : NULL, page.n, err);
		jm_page_release(&page);
	}
	return rc;
}

/* Where a search by date goes on: behind the item after_id (when it is gone by now: where the next
 * one stands), or at the begin of the time (reverse: at its end). *from_r is none, or within at. */
static int start_by_date(
    struct search *s, unsigned char at[16], struct jm_span *from_r, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	int64_t time_ms = f->reverse ? f->until_ms : f->since_ms;
	unsigned char before[8];
	struct jm_page page;
	json_t *row;
	int rc = 0;

	jm_num_put_be64(at, (uint64_t)(time_ms > 0 ? time_ms : 0));
	jm_num_put_be64(at + 8, f->sort == JM_SORT_ID ? f->after_id : 0);
	*from_r = time_ms > 0 || (f->after_id != 0 && f->sort == JM_SORT_ID) ? jm_span_of(at, 16)
									     : jm_span_of(NULL, 0);
	if (f->after_id == 0 || f->sort != JM_SORT_ID)
		return 0;
	jm_num_put_be64(before, f->after_id - 1);
	if (jm_reader_page(s->a, JM_T_ITEMS, jm_span_of(NULL, 0), jm_span_of(before, sizeof before),
		false, &page, err) < 0)
		return -1;
	if (page.n > 0) {
		rc = jm_row_whole(
		    f->after_id, jm_span_of(page.row[0].value, page.row[0].value_n), &row, err);
		if (rc == 0) {
			jm_num_put_be64(
			    at, (uint64_t)json_integer_value(json_object_get(row, "time_ms")));
			json_decref(row);
		}
	} else if (!f->reverse) { /* nothing is behind it */
		s->stop = true;
	} else if (time_ms <= 0) { /* and all before it */
		*from_r = jm_span_of(NULL, 0);
	}
	jm_page_release(&page);
	return rc;
}

/* By time and then id, so that no more is read than is visited. A clock that was set back makes
 * that another order than that of the ids. */
static int through_dates(struct search *s, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	unsigned char at[16];
	struct jm_span from;
	struct jm_page page;
	uint64_t id[JM_PAGE_ROWS];
	int rc = start_by_date(s, at, &from, err);

	while (rc == 0 && !s->stop) {
		size_t n = 0;

		rc = jm_reader_page(
		    s->a, JM_T_BY_DATE, jm_span_of(at, 0), from, f->reverse, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		for (; n < page.n; n++) {
			int64_t time_ms = (int64_t)jm_num_get_be64(page.row[n].key);

			if (f->reverse ? time_ms < f->since_ms
				       : f->until_ms != 0 && time_ms >= f->until_ms)
				break;
			id[n] = jm_num_get_be64(page.row[n].key + 8);
		}
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		from = jm_span_of(at, sizeof at);
		rc = visit_ids(s, id, NULL, n, err);
		s->stop |= n < page.n;
		jm_page_release(&page);
	}
	return rc;
}

static int add_id(struct ids *ids, uint64_t id, struct jm_err *err)
{
	if (ids->n == ids->cap) {
		size_t cap = ids->cap ? 2 * ids->cap : 1024;
		void *more = realloc(ids->id, cap * sizeof *ids->id);

		if (!more)
			return jm_err_sys(err, JM_E_TEMP, "gathering items");
		ids->id = more;
		ids->cap = cap;
	}
	ids->id[ids->n++] = id;
	return 0;
}

/* The ids of all addresses at the domain: every different address is looked at once, the items of
 * those elsewhere are leapt over. */
static int gather_by_domain(struct search *s, struct ids *ids, struct jm_err *err)
{
	unsigned char at[JM_CATALOG_KEY_MAX];
	size_t at_n = 0;
	struct jm_page page;
	int rc = 0;

	for (;;) {
		bool fits = true;

		rc = jm_reader_page(s->a, JM_T_BY_ADDRESS, jm_span_of(at, 0),
		    jm_span_of(at_n > 0 ? at : NULL, at_n), false, &page, err);
		if (rc < 0 || page.n == 0)
			return rc;
		for (size_t i = 0; rc == 0 && i < page.n; i++) {
			const struct jm_row *r = &page.row[i];

			if (r->key_n < 9)
				continue;
			/* A long one is there by its digest: let the records tell. */
			fits = r->key[0] == 0xff || at_domain(s, jm_span_of(r->key, r->key_n - 9));
			if (fits)
				rc = add_id(ids, jm_num_get_be64(r->key + r->key_n - 8), err);
		}
		at_n = page.row[page.n - 1].key_n;
		memcpy(at, page.row[page.n - 1].key, at_n);
		if (!fits && at_n >= 9)
			memset(at + at_n - 8, 0xff, 8);
		jm_page_release(&page);
		if (rc < 0)
			return -1;
	}
}

static int by_id(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

/* Eight bytes each, then sorted: an item may have several addresses. */
static int through_domain(struct search *s, struct jm_err *err)
{
	struct ids ids = { NULL, 0, 0 };
	uint64_t batch[JM_PAGE_ROWS], last = 0,
				      after = s->f->sort == JM_SORT_ID ? s->f->after_id : 0;
	size_t i = 0;
	int rc = gather_by_domain(s, &ids, err);

	s->total = ids.n;
	if (rc == 0 && ids.n > 0)
		qsort(ids.id, ids.n, sizeof *ids.id, by_id);
	while (rc == 0 && !s->stop && i < ids.n) {
		size_t n = 0;

		for (; i < ids.n && n < JM_PAGE_ROWS; i++) {
			uint64_t id = ids.id[s->f->reverse ? ids.n - 1 - i : i];

			if (id != last && (after == 0 || (s->f->reverse ? id < after : id > after)))
				batch[n++] = id;
			last = id;
		}
		s->done = i;
		rc = visit_ids(s, batch, NULL, n, err);
	}
	free(ids.id);
	return rc;
}

static void lead(struct search *s, enum jm_table table, struct jm_span text, bool fold)
{
	s->table = table;
	s->prefix_n = jm_apply_index_key(text, fold, s->prefix);
	s->prefix[s->prefix_n++] = 0;
}

static int find(struct search *s, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	const char *address = f->recipient ? f->recipient : f->sender ? f->sender : f->address;

	if (f->message_id)
		lead(s, JM_T_BY_MESSAGE_ID, jm_apply_bare_id(jm_span_str(f->message_id)), false);
	else if (address)
		lead(s, JM_T_BY_ADDRESS, jm_span_str(address), true);
	else if (f->set_aside && !f->expired)
		s->table = JM_T_SET_ASIDE;
	else if (s->domain[0] != '\0')
		return through_domain(s, err);
	else if (f->since_ms != 0 || f->until_ms != 0)
		return through_dates(s, err);
	return through_table(s, err);
}

/* ---- all of it ---- */

/* With a sort: where the page before ended. */
static int find_cursor(struct search *s, struct jm_err *err)
{
	json_t *row = NULL;
	int rc;

	if (s->f->sort == JM_SORT_ID || s->f->after_id == 0)
		return 0;
	rc = jm_reader_item(s->a, s->f->after_id, &row, err);
	if (rc == 0)
		return jm_err_set(err, JM_E_NOTFOUND,
		    "there is no item %" PRIu64 " to go on behind", s->f->after_id);
	s->after.id = s->f->after_id;
	rc = rc < 0 ? -1 : key_of(s, row, s->after.key, err);
	json_decref(row);
	return rc;
}

static int show_hits(struct search *s, struct jm_err *err)
{
	int rc = 0;

	sort_hits(s);
	for (size_t i = 0; rc == 0 && !s->stop && i < s->hits_n; i++) {
		json_t *row = NULL;

		rc = jm_reader_item(s->a, s->hits[i].id, &row, err);
		if (rc == 1)
			rc = show_row(s, row, err);
		json_decref(row);
	}
	return rc < 0 ? -1 : 0;
}

static int prepare(struct search *s, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;

	if (f->subject && jm_fold_text(&s->fold, jm_span_str(f->subject), &s->words, err) < 0)
		return -1;
	s->plain_words = s->words.len > 0;
	for (size_t i = 0; i < s->words.len; i++)
		s->plain_words = s->plain_words && s->words.p[i] >= ' ' && s->words.p[i] != '"' &&
		    s->words.p[i] != '\\' && s->words.p[i] != 0x7f;
	if (f->attachment &&
	    jm_fold_text(&s->fold, jm_span_str(f->attachment), &s->pattern, err) < 0)
		return -1;
	if (f->domain &&
	    jm_domain_normalise(
		jm_span_str(f->domain[0] == '@' ? f->domain + 1 : f->domain), s->domain) != 0)
		return jm_err_set(err, JM_E_USAGE, "\"%.80s\" is no domain", f->domain);
	return find_cursor(s, err);
}

int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	struct search s = { .a = a, .f = f, .visit = visit, .ctx = ctx, .table = JM_T_ITEMS };
	int rc = -1;

	if (jm_applier_wait(a, err) < 0)
		return -1;
	jm_fold_init(&s.fold);
	jm_buf_init(&s.words, WORDS_BYTES);
	jm_buf_init(&s.pattern, WORDS_BYTES);
	jm_buf_init(&s.entry, 4096);
	jm_buf_init(&s.text, 64u * 1024 * 1024);
	if (prepare(&s, err) == 0 && find(&s, err) == 0)
		rc = f->sort == JM_SORT_ID ? 0 : show_hits(&s, err);
	if (rc == 0 && s.unreadable > 0)
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "%" PRIu64
		    " items could not be looked into, since records of theirs are damaged; jmctl verify names them",
		    s.unreadable);
	free(s.hits);
	jm_buf_release(&s.words);
	jm_buf_release(&s.pattern);
	jm_buf_release(&s.text);
	jm_buf_release(&s.entry);
	jm_fold_release(&s.fold);
	return rc;
}
