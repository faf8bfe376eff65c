/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the archive that need the catalog: where is a record, events; what others need to
 * ask. The catalog is held for one page of rows at a time. */
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
	pthread_rwlock_rdlock(&a->catalog_lock);
	if (a->catalog)
		return 0;
	pthread_rwlock_unlock(&a->catalog_lock);
	return jm_err_set(err, JM_E_TEMP, "the catalog is not open");
}

void jm_reader_leave(struct jm_archive *a)
{
	pthread_rwlock_unlock(&a->catalog_lock);
}

int jm_reader_get(
    struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r, struct jm_err *err)
{
	int rc;

	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_catalog_get_json(a->catalog, NULL, t, key, value_r, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_page(struct jm_archive *a, enum jm_table t, struct jm_span prefix,
    struct jm_span after, bool reverse, struct jm_page *page, struct jm_err *err)
{
	int rc;

	page->n = 0;
	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_catalog_page(a->catalog, t, prefix, after, reverse, page, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_item(struct jm_archive *a, uint64_t id, json_t **row_r, struct jm_err *err)
{
	int rc;

	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_row_get(a->catalog, NULL, id, row_r, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_locate(struct jm_archive *a, uint64_t seq, uint64_t *volume_r, uint64_t *offset_r,
    uint64_t *item_r, struct jm_err *err)
{
	int rc;

	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_row_locate(a->catalog, NULL, seq, volume_r, offset_r, item_r, err);
	jm_reader_leave(a);
	return rc;
}

uint64_t jm_reader_volume_end(struct jm_archive *a, uint64_t number)
{
	uint64_t end = 0;

	pthread_mutex_lock(&a->lock);
	for (size_t i = a->volumes; i > 0 && end == 0; i--)
		if (a->volume[i - 1].head.number == number)
			end = a->volume[i - 1].end;
	pthread_mutex_unlock(&a->lock);
	return end;
}

int jm_reader_open_volume(struct jm_archive *a, uint64_t number, int *fd_r, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	*fd_r = jm_io_open(jm_volume_path(a->dir, number, path), O_RDONLY, 0, err);
	if (*fd_r >= 0)
		return 0;
	/* What is asked for was there once. */
	return err->kind == JM_E_NOTFOUND
	    ? jm_err_set(err, JM_E_CORRUPT, "volume %" PRIu64 " is missing", number)
	    : -1;
}

/* Milliseconds to text under another name, in place. */
int jm_reader_time(json_t *row, const char *from, const char *to)
{
	const json_t *ms = json_object_get(row, from);
	char text[JM_CLOCK_TEXT_BYTES];

	if (!json_is_integer(ms))
		return 0;
	if (json_object_set_new_nocheck(
		row, to, json_string(jm_clock_format((int64_t)json_integer_value(ms), text))) != 0)
		return -1;
	return json_object_del(row, from);
}

int jm_archive_since(struct jm_archive *a, int64_t since_ms, uint64_t *seq_r, struct jm_err *err)
{
	unsigned char at[16] = { 0 }, before[8];
	uint64_t first = UINT64_MAX;
	struct jm_page page;
	int rc = jm_applier_wait(a, err);

	jm_num_put_be64(at, (uint64_t)(since_ms > 0 ? since_ms : 0));
	while (rc == 0) {
		rc = jm_reader_page(a, JM_T_BY_DATE, jm_span_of(at, 0), jm_span_of(at, sizeof at),
		    false, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		for (size_t i = 0; i < page.n; i++) {
			uint64_t id = jm_num_get_be64(page.row[i].key + 8);

			first = id < first ? id : first;
		}
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		jm_page_release(&page);
	}
	jm_num_put_be64(before, first);
	if (rc < 0 ||
	    jm_reader_page(a, JM_T_ITEMS, jm_span_of(before, 0), jm_span_of(before, sizeof before),
		true, &page, err) < 0)
		return -1;
	*seq_r = page.n > 0 ? jm_num_get_be64(page.row[0].key) + 1 : 1;
	jm_page_release(&page);
	return 0;
}

int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	unsigned char at[8];
	struct jm_page page;
	uint64_t n = 0;
	int rc = jm_applier_wait(a, err);

	jm_num_put_be64(at, after_seq);
	while (rc == 0 && (limit == 0 || n < limit)) {
		rc = jm_reader_page(a, JM_T_EVENTS, jm_span_of(at, 0), jm_span_of(at, sizeof at),
		    false, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		for (size_t i = 0; i < page.n && rc == 0 && (limit == 0 || n < limit); i++, n++) {
			json_t *e = jm_json_row(page.row[i].value, page.row[i].value_n);

			if (!e || jm_reader_time(e, "time_ms", "time") != 0 ||
			    json_object_set_new(e, "seq",
				json_integer((json_int_t)jm_num_get_be64(page.row[i].key))) != 0)
				rc = jm_err_set(err, JM_E_TEMP, "no memory for an event");
			else
				rc = visit(ctx, e, err);
			json_decref(e);
		}
		jm_page_release(&page);
	}
	return rc < 0 ? -1 : 0;
}
