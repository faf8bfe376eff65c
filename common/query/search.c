/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding items. The narrowest index of the catalog gives ids. Their rows are compared a page at a
 * time with the catalog held, and afterwards, if necessary, their records. Hits are visited at
 * once, or kept and sorted.
 */
#include "common/query/search.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/await.h"
#include "common/archive/reader.h"
#include "common/base/num.h"
#include "common/catalog/keys.h"
#include "common/json/value.h"
#include "common/mail/date.h"
#include "common/query/aside.h"
#include "common/query/matcher.h"

#define KEY_BYTES 64      /* of a sort key */
#define HITS_MAX 1000000u /* hits that are sorted without a limit, 72 bytes each */
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
	struct jm_matcher m;
	enum jm_table table; /* the index that gives the ids */
	unsigned char prefix[JM_CATALOG_KEY_MAX];
	size_t prefix_n;
	struct hit *hits; /* owned; with a sort */
	size_t hits_n, hits_cap;
	struct hit after; /* with a sort: only hits after this one */
	uint64_t visited, looked_at, reported;
	uint64_t done, total; /* progress; total 0: not known */
	uint64_t undated;     /* left out */
	bool stop;
};

/* ---- hits ---- */

static int sort_key(
    struct search *s, const json_t *row, unsigned char key[KEY_BYTES], struct jm_err *err)
{
	int64_t ms = 0;

	memset(key, 0, KEY_BYTES);
	if (s->f->sort == JM_SORT_SIZE) {
		jm_num_put_be64(key, (uint64_t)json_integer_value(json_object_get(row, "size")));
	} else if (s->f->sort == JM_SORT_SENT) {
		if (jm_date_parse(jm_json_span(row, "date"), &ms) == 0)
			jm_num_put_be64(key, (uint64_t)ms + ((uint64_t)1 << 63));
	} else {
		if (jm_matcher_fold(&s->m,
			jm_json_span(row, s->f->sort == JM_SORT_SENDER ? "sender" : "subject"),
			err) != 0)
			return -1;
		memcpy(key, s->m.text.p ? s->m.text.p : key,
		    s->m.text.len < KEY_BYTES ? s->m.text.len : KEY_BYTES);
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

/* Keep a hit for later. When there are more than twice the limit, only the first ones are kept. */
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
		    "more than %u items would have to be sorted; ask for fewer, "
		    "or give a limit below half of that",
		    HITS_MAX);
	h = &s->hits[s->hits_n];
	h->id = id;
	if (sort_key(s, row, h->key, err) != 0)
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
	if (s->f->bcc && jm_aside_name(s->a, jm_json_u64(row, "id"), row, "set_aside", err) != 0)
		return -1;
	rc = s->visit(s->ctx, row, err);
	s->visited++;
	s->stop = rc != 0 || (s->f->limit != 0 && s->visited >= s->f->limit);
	return rc < 0 ? -1 : 0;
}

static int report_progress(struct search *s, struct jm_err *err)
{
	json_t *o;
	int rc;

	if (!s->f->progress || s->looked_at < s->reported + PROGRESS_EVERY)
		return 0;
	s->reported = s->looked_at;
	o = json_pack("{s:I,s:I,s:I,s:I}", "looked_at", (json_int_t)s->looked_at, "found",
	    (json_int_t)(s->f->sort == JM_SORT_ID ? s->visited : s->hits_n), "done",
	    (json_int_t)s->done, "total", (json_int_t)s->total);
	rc = !o ? jm_err_set(err, JM_E_TEMP, "no memory") : s->f->progress(s->ctx, o, err);
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

/* Take an item whose row matches, after its records were compared if necessary. */
static int take_row(
    struct search *s, uint64_t id, json_t *row, struct jm_matched v, struct jm_err *err)
{
	int rc = v.by_row == JM_MATCHED_READ ? jm_matcher_records(&s->m, id, err) : 1;

	s->undated += rc == 1 && v.undated;
	if (rc != 1 || v.undated)
		return rc < 0 ? -1 : 0;
	return s->f->sort == JM_SORT_ID ? show_row(s, row, err) : keep_hit(s, id, row, err);
}

/* Note the progress: an id is the number of a record. */
static void note_place(struct search *s, uint64_t id)
{
	s->total = jm_reader_applied_seq(s->a);
	s->done = id > s->total ? s->total : s->f->reverse ? s->total - id : id;
}

/* Get the whole row of item id, from its stored text (r), or else (r NULL) from the catalog c. 1;
 * 0: there is no such item, or it cannot match; -1. */
static int read_row(struct search *s, struct jm_catalog *c, uint64_t id, const struct jm_row *r,
    json_t **row_r, struct jm_err *err)
{
	struct jm_span stored;

	if (!r)
		return jm_row_get(c, NULL, id, row_r, err);
	stored = jm_span_of(r->value, r->value_n);
	if (jm_matcher_raw_fails(&s->m, stored))
		return 0;
	return jm_row_whole(id, stored, row_r, err) == 0 ? 1 : -1;
}

/* Visit the matching items of n ids. rows: their rows, or NULL. */
static int visit_ids(
    struct search *s, const uint64_t *id, const struct jm_page *rows, size_t n, struct jm_err *err)
{
	json_t *row[JM_PAGE_ROWS] = { NULL };
	struct jm_matched v[JM_PAGE_ROWS];
	uint64_t wanted = s->f->limit != 0 && s->f->sort == JM_SORT_ID ? s->f->limit - s->visited
								       : UINT64_MAX;
	struct jm_catalog *c;
	int rc = 0;

	if (jm_reader_enter(s->a, &c, err) != 0)
		return -1;
	for (size_t i = 0; i < n && rc >= 0 && wanted > 0; i++) {
		rc = read_row(s, c, id[i], rows ? &rows->row[i] : NULL, &row[i], err);
		s->looked_at++;
		if (rc != 1)
			continue;
		rc = jm_matcher_row(&s->m, c, row[i], &v[i], err);
		if (rc == 0 && v[i].by_row == JM_MATCHED_NO) {
			json_decref(row[i]);
			row[i] = NULL;
		} else {
			wanted -= rc == 0 && v[i].by_row == JM_MATCHED_YES && !v[i].undated;
		}
	}
	jm_reader_leave(s->a);
	for (size_t i = 0; i < n; i++) {
		if (rc >= 0 && !s->stop && row[i])
			rc = take_row(s, id[i], row[i], v[i], err);
		json_decref(row[i]);
	}
	return rc < 0 ? -1 : report_progress(s, err);
}

/* ---- the ways to the ids ---- */

/* Through a table whose keys end with the id. */
static int through_table(struct search *s, struct jm_err *err)
{
	struct jm_table_range range = { .table = s->table,
		.prefix = jm_span_of(s->prefix, s->prefix_n),
		.reverse = s->f->reverse };
	unsigned char after[JM_CATALOG_KEY_MAX];
	uint64_t id[JM_PAGE_ROWS];
	struct jm_page page;
	int rc = 0;

	memcpy(after, s->prefix, s->prefix_n);
	if (s->f->after_id != 0 && s->f->sort == JM_SORT_ID) {
		jm_num_put_be64(after + s->prefix_n, s->f->after_id);
		range.after = jm_span_of(after, s->prefix_n + 8);
	}
	while (rc == 0 && !s->stop) {
		rc = jm_reader_page(s->a, &range, &page, err);
		if (rc != 0 || page.n == 0)
			break;
		for (size_t i = 0; i < page.n; i++)
			id[i] = page.row[i].key_n >= 8
			    ? jm_num_get_be64(page.row[i].key + page.row[i].key_n - 8)
			    : 0;
		jm_num_put_be64(after + s->prefix_n, id[page.n - 1]);
		range.after = jm_span_of(after, s->prefix_n + 8);
		if (s->table == JM_T_ITEMS)
			note_place(s, id[page.n - 1]);
		rc = visit_ids(s, id, s->table == JM_T_ITEMS ? &page : NULL, page.n, err);
		jm_page_release(&page);
	}
	return rc;
}

/* Write the time of the first item after item id into at. 1; 0: there is no later item; -1. */
static int time_after(struct search *s, uint64_t id, unsigned char at[8], struct jm_err *err)
{
	unsigned char before[8];
	const struct jm_table_range range = { .table = JM_T_ITEMS,
		.after = jm_keys_id(id, before) };
	struct jm_page page;
	json_t *row;
	int rc;

	if (jm_reader_page(s->a, &range, &page, err) != 0)
		return -1;
	rc = page.n > 0;
	if (rc == 1) {
		rc = jm_row_whole(
			 id + 1, jm_span_of(page.row[0].value, page.row[0].value_n), &row, err) == 0
		    ? 1
		    : -1;
		if (rc == 1) {
			jm_num_put_be64(at, jm_json_u64(row, "time_ms"));
			json_decref(row);
		}
	}
	jm_page_release(&page);
	return rc;
}

/* Find the start of a search by date: after item after_id (if that was removed, at the next item),
 * or at the start of the period (reverse: at its end). *from_r: a span over at, or none. */
static int start_by_date(
    struct search *s, unsigned char at[16], struct jm_span *from_r, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	int64_t time_ms = f->reverse ? f->until_ms : f->since_ms;
	bool continues = f->after_id != 0 && f->sort == JM_SORT_ID;
	int rc;

	jm_num_put_be64(at, (uint64_t)(time_ms > 0 ? time_ms : 0));
	jm_num_put_be64(at + 8, continues ? f->after_id : 0);
	*from_r = time_ms > 0 || continues ? jm_span_of(at, 16) : jm_span_of(NULL, 0);
	if (!continues)
		return 0;
	rc = time_after(s, f->after_id - 1, at, err);
	if (rc == 0 && !f->reverse) /* no item is after it */
		s->stop = true;
	else if (rc == 0 && time_ms <= 0) /* all items are before it */
		*from_r = jm_span_of(NULL, 0);
	return rc < 0 ? -1 : 0;
}

/* Visit by time and then by id, so that no more items are read than are visited. If the clock was
 * set back, that is not the order of the ids. */
static int through_dates(struct search *s, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	struct jm_table_range range = { .table = JM_T_BY_DATE, .reverse = f->reverse };
	unsigned char at[16];
	uint64_t id[JM_PAGE_ROWS];
	struct jm_page page;
	int rc = start_by_date(s, at, &range.after, err);

	while (rc == 0 && !s->stop) {
		size_t n = 0;

		rc = jm_reader_page(s->a, &range, &page, err);
		if (rc != 0 || page.n == 0)
			break;
		for (; n < page.n; n++) {
			int64_t time_ms = (int64_t)jm_num_get_be64(page.row[n].key);

			if (f->reverse ? time_ms < f->since_ms
				       : f->until_ms != 0 && time_ms >= f->until_ms)
				break;
			id[n] = jm_num_get_be64(page.row[n].key + 8);
		}
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		range.after = jm_span_of(at, sizeof at);
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

/* Gather the ids on a page of the index of addresses whose address is at the domain. *last_r: the
 * last row's address is. */
static int gather_page(
    struct search *s, const struct jm_page *page, struct ids *ids, bool *last_r, struct jm_err *err)
{
	for (size_t i = 0; i < page->n; i++) {
		const struct jm_row *r = &page->row[i];

		if (r->key_n < 9)
			continue;
		/* A long address is indexed by its digest: let the records decide. */
		*last_r = r->key[0] == 0xff ||
		    jm_matcher_at_domain(&s->m, jm_span_of(r->key, r->key_n - 9));
		if (*last_r && add_id(ids, jm_num_get_be64(r->key + r->key_n - 8), err) != 0)
			return -1;
	}
	return 0;
}

/* Gather the ids of all addresses at the domain. The items of an address at another domain are
 * skipped after its first page. */
static int gather_by_domain(struct search *s, struct ids *ids, struct jm_err *err)
{
	struct jm_table_range range = { .table = JM_T_BY_ADDRESS };
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_page page;
	int rc = 0;

	while (rc == 0) {
		bool last = true;
		size_t n;

		rc = jm_reader_page(s->a, &range, &page, err);
		if (rc != 0 || page.n == 0)
			break;
		rc = gather_page(s, &page, ids, &last, err);
		n = page.row[page.n - 1].key_n;
		memcpy(at, page.row[page.n - 1].key, n);
		if (!last && n >= 9)
			memset(at + n - 8, 0xff, 8);
		range.after = jm_span_of(at, n);
		jm_page_release(&page);
	}
	return rc;
}

static int by_id(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

/* Gather all ids, eight bytes each, and sort them, since an item may have several addresses. */
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

/* Search through the entries of a text in an index. */
static void use_index(struct search *s, enum jm_table table, const struct jm_buf *text)
{
	s->table = table;
	s->prefix_n = jm_keys_text(jm_buf_span(text), s->prefix);
	s->prefix[s->prefix_n++] = 0;
}

static int find_items(struct search *s, struct jm_err *err)
{
	const struct jm_archive_filter *f = s->f;
	const struct jm_buf *address = NULL;

	for (size_t i = 0; i < JM_MATCHER_ADDRESSES; i++)
		address = s->m.address[i].wanted ? &s->m.address[i].key : address;
	s->m.by_message_id = f->message_id;
	if (f->message_id)
		use_index(s, JM_T_BY_MESSAGE_ID, &s->m.message_id);
	else if (address)
		use_index(s, JM_T_BY_ADDRESS, address);
	else if (f->set_aside && !f->expired)
		s->table = JM_T_SET_ASIDE;
	else if (s->m.domain[0] != '\0')
		return through_domain(s, err);
	else if (f->since_ms != 0 || f->until_ms != 0)
		return through_dates(s, err);
	return through_table(s, err);
}

/* ---- the search ---- */

/* With a sort: find the sort key of the item after which the search continues. */
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
	rc = rc < 0 ? -1 : sort_key(s, row, s->after.key, err);
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

static int report_left_out(const struct search *s, struct jm_err *err)
{
	json_t *o;
	int rc;

	if (!s->f->left_out || (s->undated == 0 && s->m.partly == 0))
		return 0;
	o = json_pack("{s:{s:I,s:I,s:O*}}", "left_out", "undated", (json_int_t)s->undated, "partly",
	    (json_int_t)s->m.partly, "items", s->m.partly_ids);
	rc = o ? s->f->left_out(s->ctx, o, err) : jm_err_set(err, JM_E_TEMP, "no memory");
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	struct search s = { .a = a, .f = f, .visit = visit, .ctx = ctx, .table = JM_T_ITEMS };
	int rc;

	if (jm_await_catalog(a, err) != 0)
		return -1;
	rc = jm_matcher_init(&s.m, a, f, err);
	if (rc == 0)
		rc = find_cursor(&s, err);
	if (rc == 0)
		rc = find_items(&s, err);
	if (rc == 0 && f->sort != JM_SORT_ID)
		rc = show_hits(&s, err);
	if (rc == 0)
		rc = report_left_out(&s, err);
	if (rc == 0 && s.m.unreadable > 0)
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "%" PRIu64 " item%s could not be looked into, because of damaged records; "
		    "jmctl verify names them",
		    s.m.unreadable, jm_num_s(s.m.unreadable));
	free(s.hits);
	jm_matcher_release(&s.m);
	return rc;
}
