/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the archive that need the catalog: where is a record, list, events, status. The catalog is held for one page of rows at a time. */
#include "common/archive/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"

/* Take the catalog for reading. TEMP when it is not open just now; then nothing is held. */
int jm_reader_enter(struct jm_archive *a, struct jm_err *err)
{
	(void)pthread_rwlock_rdlock(&a->catalog_lock);
	if (a->catalog != NULL)
		return 0;
	(void)pthread_rwlock_unlock(&a->catalog_lock);
	return jm_err_set(err, JM_E_TEMP, "the catalog is not open");
}

void jm_reader_leave(struct jm_archive *a)
{
	(void)pthread_rwlock_unlock(&a->catalog_lock);
}

int jm_reader_get(struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r, struct jm_err *err)
{
	int rc;

	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_catalog_get_json(a->catalog, NULL, t, key, value_r, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_page(struct jm_archive *a, enum jm_table t, struct jm_span prefix, struct jm_span after, bool reverse, struct jm_page *page,
    struct jm_err *err)
{
	int rc;

	page->n = 0;
	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_catalog_page(a->catalog, t, prefix, after, reverse, page, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_locate(struct jm_archive *a, uint64_t seq, uint64_t *volume_r, uint64_t *offset_r, uint64_t *item_r, struct jm_err *err)
{
	unsigned char key[8];
	json_t *row = NULL;
	int rc;

	jm_num_put_be64(key, seq);
	rc = jm_reader_get(a, JM_T_REPORTS, jm_span_of(key, sizeof(key)), &row, err);
	if (rc == 1) {
		*volume_r = (uint64_t)json_integer_value(json_object_get(row, "v"));
		*offset_r = (uint64_t)json_integer_value(json_object_get(row, "o"));
		*item_r = (uint64_t)json_integer_value(json_object_get(row, "i"));
		json_decref(row);
	}
	return rc;
}

uint64_t jm_reader_volume_end(struct jm_archive *a, uint64_t number)
{
	uint64_t end = 0;

	(void)pthread_mutex_lock(&a->lock);
	for (size_t i = a->volumes; i > 0 && end == 0; i--)
		if (a->volume[i - 1].head.number == number)
			end = a->volume[i - 1].end;
	(void)pthread_mutex_unlock(&a->lock);
	return end;
}

int jm_reader_open_volume(struct jm_archive *a, uint64_t number, int *fd_r, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	*fd_r = jm_io_open(jm_volume_path(a->dir, number, path), O_RDONLY, 0, err);
	if (*fd_r >= 0)
		return 0;
	/* What is asked for was there once. */
	return err->kind == JM_E_NOTFOUND ? jm_err_set(err, JM_E_CORRUPT, "volume %" PRIu64 " is missing", number) : -1;
}

/* ---- list ---- */

struct list {
	struct jm_archive *a;
	const struct jm_archive_filter *f;
	jm_archive_visit *visit;
	void *ctx;
	enum jm_table table;		/* that leads to the ids */
	unsigned char prefix[JM_CATALOG_KEY_MAX];
	size_t prefix_n;
	uint64_t visited;
	bool stop;
};

/* Milliseconds to text under another name, in place. */
int jm_reader_time(json_t *row, const char *from, const char *to)
{
	const json_t *ms = json_object_get(row, from);
	char text[JM_CLOCK_TEXT_BYTES];

	if (!json_is_integer(ms))
		return 0;
	if (json_object_set_new_nocheck(row, to, json_string(jm_clock_format((int64_t)json_integer_value(ms), text))) != 0)
		return -1;
	return json_object_del(row, from);
}

static bool has_service(const json_t *row, const char *service)
{
	const json_t *list = json_object_get(row, "more_services");
	const char *first = json_string_value(json_object_get(row, "service"));

	if (first != NULL && strcmp(first, service) == 0)
		return true;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), service) == 0)
			return true;
	return false;
}

/* With the catalog held. Is there an index entry text + id? 1, 0, -1. */
static int indexed(struct list *l, enum jm_table t, struct jm_span text, bool fold, uint64_t id, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t n = jm_apply_index_key(text, fold, key);
	struct jm_buf b;
	int rc;

	key[n++] = 0;
	jm_num_put_be64(key + n, id);
	jm_buf_init(&b, 4096);
	rc = jm_catalog_get(l->a->catalog, NULL, t, jm_span_of(key, n + 8), &b, err);
	jm_buf_release(&b);
	return rc;
}

/* With the catalog held. Does the item pass the filter? 1, 0, -1. */
static int passes(struct list *l, uint64_t id, const json_t *row, struct jm_err *err)
{
	const struct jm_archive_filter *f = l->f;
	int64_t time_ms = (int64_t)json_integer_value(json_object_get(row, "time_ms"));
	int rc = 1;

	if ((json_object_get(row, "set_aside") != NULL) != f->set_aside || json_object_get(row, "queued") != NULL ||
	    (json_object_get(row, "expired_ms") != NULL) != f->expired || (f->since_ms != 0 && time_ms < f->since_ms) ||
	    (f->until_ms != 0 && time_ms >= f->until_ms) || (f->service != NULL && !has_service(row, f->service)))
		return 0;
	if (f->message_id != NULL && l->table != JM_T_BY_MESSAGE_ID)
		rc = indexed(l, JM_T_BY_MESSAGE_ID, jm_apply_bare_id(jm_span_str(f->message_id)), false, id, err);
	if (rc == 1 && f->address != NULL && l->table != JM_T_BY_ADDRESS)
		rc = indexed(l, JM_T_BY_ADDRESS, jm_span_str(f->address), true, id, err);
	return rc;
}

static int show_row(struct list *l, json_t *row, struct jm_err *err)
{
	int rc;

	if (jm_reader_time(row, "time_ms", "time") != 0)
		return jm_err_set(err, JM_E_TEMP, "no memory for a row");
	rc = l->visit(l->ctx, row, err);
	l->visited++;
	l->stop = rc != 0 || (l->f->limit != 0 && l->visited >= l->f->limit);
	return rc < 0 ? -1 : 0;
}

/* Visit the items of these ids that pass; values may hold their rows already. */
static int visit_ids(struct list *l, const uint64_t *id, const struct jm_page *rows, size_t n, struct jm_err *err)
{
	json_t *row[JM_PAGE_ROWS] = { NULL };
	uint64_t wanted = l->f->limit != 0 ? l->f->limit - l->visited : UINT64_MAX;
	int rc = 0;

	if (jm_reader_enter(l->a, err) < 0)
		return -1;
	for (size_t i = 0; i < n && rc >= 0 && wanted > 0; i++) {
		if (rows != NULL)
			row[i] = jm_row_whole(id[i], json_loadb(rows->row[i].value, rows->row[i].value_n, 0, NULL));
		else
			rc = jm_row_get(l->a->catalog, NULL, id[i], &row[i], err);
		if (rc < 0 || row[i] == NULL)
			continue;
		rc = passes(l, id[i], row[i], err);
		if (rc == 0) {
			json_decref(row[i]);
			row[i] = NULL;
		}
		wanted -= rc == 1;
	}
	jm_reader_leave(l->a);
	for (size_t i = 0; i < n; i++) {
		if (rc >= 0 && !l->stop && row[i] != NULL)
			rc = show_row(l, row[i], err);
		json_decref(row[i]);
	}
	return rc < 0 ? -1 : 0;
}

/* Through the leading table, whose keys end with the id. */
static int list_by_table(struct list *l, struct jm_err *err)
{
	unsigned char after[JM_CATALOG_KEY_MAX];
	struct jm_span prefix = jm_span_of(l->prefix, l->prefix_n), from = { NULL, 0 };
	struct jm_page page;
	uint64_t id[JM_PAGE_ROWS];
	int rc = 0;

	memcpy(after, l->prefix, l->prefix_n);
	if (l->f->after_id != 0) {
		jm_num_put_be64(after + l->prefix_n, l->f->after_id);
		from = jm_span_of(after, l->prefix_n + 8);
	}
	while (rc == 0 && !l->stop) {
		rc = jm_reader_page(l->a, l->table, prefix, from, l->f->reverse, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		for (size_t i = 0; i < page.n; i++)
			id[i] = page.row[i].key_n >= 8 ? jm_num_get_be64(page.row[i].key + page.row[i].key_n - 8) : 0;
		jm_num_put_be64(after + l->prefix_n, id[page.n - 1]);
		from = jm_span_of(after, l->prefix_n + 8);
		rc = visit_ids(l, id, l->table == JM_T_ITEMS ? &page : NULL, page.n, err);
		jm_page_release(&page);
	}
	return rc;
}

/* Where a list by date goes on: behind the item after_id (when it is gone by now: where the next one stands), or at the begin of the time (reverse:
 * at its end). *from_r is none, or within at. */
static int start_by_date(struct list *l, unsigned char at[16], struct jm_span *from_r, struct jm_err *err)
{
	const struct jm_archive_filter *f = l->f;
	int64_t time_ms = f->reverse ? f->until_ms : f->since_ms;
	unsigned char before[8];
	struct jm_page page;

	jm_num_put_be64(at, (uint64_t)(time_ms > 0 ? time_ms : 0));
	jm_num_put_be64(at + 8, f->after_id);
	*from_r = time_ms > 0 || f->after_id != 0 ? jm_span_of(at, 16) : jm_span_of(NULL, 0);
	if (f->after_id == 0)
		return 0;
	jm_num_put_be64(before, f->after_id - 1);
	if (jm_reader_page(l->a, JM_T_ITEMS, jm_span_of(NULL, 0), jm_span_of(before, sizeof(before)), false, &page, err) < 0)
		return -1;
	if (page.n > 0) {
		json_t *row = json_loadb(page.row[0].value, page.row[0].value_n, 0, NULL);

		jm_num_put_be64(at, (uint64_t)json_integer_value(json_object_get(row, "time_ms")));
		json_decref(row);
	} else if (!f->reverse) {	/* nothing is behind it */
		l->stop = true;
	} else if (time_ms <= 0) {	/* and all before it */
		*from_r = jm_span_of(NULL, 0);
	}
	jm_page_release(&page);
	return 0;
}

/* By time and then id, so that no more is read than is visited. A clock that was set back makes that another order than that of the ids. */
static int list_by_date(struct list *l, struct jm_err *err)
{
	const struct jm_archive_filter *f = l->f;
	unsigned char at[16];
	struct jm_span from;
	struct jm_page page;
	uint64_t id[JM_PAGE_ROWS];
	int rc = start_by_date(l, at, &from, err);

	while (rc == 0 && !l->stop) {
		size_t n = 0;

		rc = jm_reader_page(l->a, JM_T_BY_DATE, jm_span_of(at, 0), from, f->reverse, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		for (; n < page.n; n++) {
			int64_t time_ms = (int64_t)jm_num_get_be64(page.row[n].key);

			if (f->reverse ? time_ms < f->since_ms : f->until_ms != 0 && time_ms >= f->until_ms)
				break;
			id[n] = jm_num_get_be64(page.row[n].key + 8);
		}
		memcpy(at, page.row[page.n - 1].key, sizeof(at));
		from = jm_span_of(at, sizeof(at));
		rc = visit_ids(l, id, NULL, n, err);
		l->stop |= n < page.n;
		jm_page_release(&page);
	}
	return rc;
}

int jm_archive_list(struct jm_archive *a, const struct jm_archive_filter *f, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	struct list l = { .a = a, .f = f, .visit = visit, .ctx = ctx, .table = JM_T_ITEMS };

	if (jm_applier_wait(a, err) < 0)
		return -1;
	if (f->message_id != NULL) {
		l.table = JM_T_BY_MESSAGE_ID;
		l.prefix_n = jm_apply_index_key(jm_apply_bare_id(jm_span_str(f->message_id)), false, l.prefix);
		l.prefix[l.prefix_n++] = 0;
	} else if (f->address != NULL) {
		l.table = JM_T_BY_ADDRESS;
		l.prefix_n = jm_apply_index_key(jm_span_str(f->address), true, l.prefix);
		l.prefix[l.prefix_n++] = 0;
	} else if (f->set_aside && !f->expired) {
		l.table = JM_T_SET_ASIDE;
	} else if (f->since_ms != 0 || f->until_ms != 0) {
		l.table = JM_T_BY_DATE;
		return list_by_date(&l, err);
	}
	return list_by_table(&l, err);
}

int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	unsigned char at[8];
	struct jm_page page;
	uint64_t n = 0;
	int rc = jm_applier_wait(a, err);

	jm_num_put_be64(at, after_seq);
	while (rc == 0 && (limit == 0 || n < limit)) {
		rc = jm_reader_page(a, JM_T_EVENTS, jm_span_of(at, 0), jm_span_of(at, sizeof(at)), false, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		memcpy(at, page.row[page.n - 1].key, sizeof(at));
		for (size_t i = 0; i < page.n && rc == 0 && (limit == 0 || n < limit); i++, n++) {
			json_t *e = json_loadb(page.row[i].value, page.row[i].value_n, 0, NULL);

			if (e == NULL || jm_reader_time(e, "time_ms", "time") != 0 ||
			    json_object_set_new(e, "seq", json_integer((json_int_t)jm_num_get_be64(page.row[i].key))) != 0)
				rc = jm_err_set(err, JM_E_TEMP, "no memory for an event");
			else
				rc = visit(ctx, e, err);
			json_decref(e);
		}
		jm_page_release(&page);
	}
	return rc < 0 ? -1 : 0;
}
