/* SPDX-License-Identifier: BSD-2-Clause */
/* Events in order, and the record of a time. */
#include "common/query/event_list.h"

#include "common/archive/await.h"
#include "common/archive/cursor.h"
#include "common/base/num.h"
#include "common/catalog/keys.h"
#include "common/json/read.h"
#include "common/json/value.h"

static int visit_event(
    const struct jm_row *row, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	json_t *e = jm_json_row(row->value, row->value_n);
	json_int_t seq = (json_int_t)jm_num_get_be64(row->key);
	int rc;

	if (!e || jm_json_time(e, "time_ms", "time") != 0 ||
	    json_object_set_new(e, "seq", json_integer(seq)) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for an event");
	else
		rc = visit(ctx, e, err);
	json_decref(e);
	return rc;
}

int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	unsigned char after[8];
	const struct jm_table_range range = { .table = JM_T_EVENTS,
		.after = jm_keys_id(after_seq, after) };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 0;

	if (jm_await_catalog(a, err) != 0)
		return -1;
	jm_cursor_start(&cursor, a, &range);
	for (uint64_t n = 0; rc == 0 && (limit == 0 || n < limit); n++) {
		rc = jm_cursor_next(&cursor, &row, err);
		if (rc != 1)
			break;
		rc = visit_event(row, visit, ctx, err);
	}
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

/* The lowest id of the items archived at or after a time; UINT64_MAX: there is none. */
static int first_since(
    struct jm_archive *a, int64_t since_ms, uint64_t *first_r, struct jm_err *err)
{
	unsigned char at[16] = { 0 };
	struct jm_table_range range = { .table = JM_T_BY_DATE };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc;

	jm_num_put_be64(at, (uint64_t)(since_ms > 0 ? since_ms : 0));
	range.after = jm_span_of(at, sizeof at);
	*first_r = UINT64_MAX;
	jm_cursor_start(&cursor, a, &range);
	while ((rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		uint64_t id = jm_num_get_be64(row->key + 8);

		*first_r = id < *first_r ? id : *first_r;
	}
	jm_cursor_end(&cursor);
	return rc;
}

int jm_archive_since(struct jm_archive *a, int64_t since_ms, uint64_t *seq_r, struct jm_err *err)
{
	unsigned char before[8];
	struct jm_table_range range = { .table = JM_T_ITEMS, .reverse = true };
	struct jm_page page;
	uint64_t first;

	if (jm_await_catalog(a, err) != 0 || first_since(a, since_ms, &first, err) != 0)
		return -1;
	range.after = jm_keys_id(first, before);
	if (jm_reader_page(a, &range, &page, err) != 0)
		return -1;
	*seq_r = page.n > 0 ? jm_num_get_be64(page.row[0].key) + 1 : 1;
	jm_page_release(&page);
	return 0;
}
