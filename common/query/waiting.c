/* SPDX-License-Identifier: BSD-2-Clause */
/* The processing queue as its users see it. */
#include "common/query/waiting.h"

#include <string.h>

#include "common/archive/await.h"
#include "common/archive/change.h"
#include "common/archive/cursor.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/catalog/queue_row.h"
#include "common/json/read.h"
#include "common/json/value.h"

static const struct jm_table_range by_due = { .table = JM_T_QUEUE,
	.prefix = { (const unsigned char *)JM_QUEUE_BY_DUE, 1 } };
static const struct jm_table_range by_seq = { .table = JM_T_QUEUE,
	.prefix = { (const unsigned char *)JM_QUEUE_BY_SEQ, 1 } };

/* The queue's row of a report: 1, 0, -1. */
static int get_row(struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	unsigned char key[JM_QUEUE_SEQ_BYTES];

	return jm_reader_get(a, JM_T_QUEUE, jm_queue_row_key(seq, key), row_r, err);
}

static int fill_waiting(
    struct jm_archive *a, uint64_t seq, struct jm_waiting *w, struct jm_err *err)
{
	const char *service;
	json_t *row = NULL;
	int rc = get_row(a, seq, &row, err);

	if (rc != 1)
		return rc;
	service = jm_json_str(row, "service");
	*w = (struct jm_waiting){ .seq = seq,
		.due_ms = jm_json_int(row, "due_ms"),
		.since_ms = jm_json_int(row, "since_ms"),
		.attempts = (unsigned)jm_json_int(row, "attempts") };
	if (service && strlen(service) < sizeof w->service)
		memcpy(w->service, service, strlen(service) + 1);
	json_decref(row);
	return 1;
}

int jm_archive_queue_due(struct jm_archive *a, int64_t now_ms, struct jm_waiting *w, size_t max,
    size_t *n_r, struct jm_err *err)
{
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 1;

	*n_r = 0;
	if (jm_await_catalog(a, err) != 0)
		return -1;
	jm_cursor_start(&cursor, a, &by_due);
	while (*n_r < max && (rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		if ((int64_t)jm_num_get_be64(row->key + 1) > now_ms)
			break;
		rc = fill_waiting(a, jm_num_get_be64(row->key + 9), &w[*n_r], err);
		if (rc < 0)
			break;
		*n_r += rc == 1;
	}
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

/* Make a row fit for people: {id, received, next_attempt, ...}. 0 to show it. */
static int queue_show(json_t *row, uint64_t seq, int64_t now_ms)
{
	json_int_t since = jm_json_int(row, "since_ms"), due = jm_json_int(row, "due_ms");

	return json_object_set_new_nocheck(row, "id", json_integer((json_int_t)seq)) |
	    json_object_set_new_nocheck(row, "age_s", json_integer((now_ms - since) / 1000)) |
	    json_object_set_new_nocheck(
		row, "state", json_string(due <= now_ms ? "due" : "waiting")) |
	    jm_json_time(row, "since_ms", "received") | jm_json_time(row, "due_ms", "next_attempt");
}

static int visit_waiting(const struct jm_row *row, const char *service, int64_t now_ms,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	json_t *o = jm_json_row(row->value, row->value_n);
	const char *of = jm_json_str(o, "service");
	int rc = 0;

	if (!o || queue_show(o, jm_num_get_be64(row->key + 1), now_ms) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for a row of the queue");
	else if (!service || (of && strcmp(service, of) == 0))
		rc = visit(ctx, o, err);
	json_decref(o);
	return rc;
}

int jm_archive_queue(struct jm_archive *a, const char *service, jm_archive_visit *visit, void *ctx,
    struct jm_err *err)
{
	int64_t now_ms = jm_clock_now_ms();
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 0;

	if (jm_await_catalog(a, err) != 0)
		return -1;
	jm_cursor_start(&cursor, a, &by_seq);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1)
		rc = visit_waiting(row, service, now_ms, visit, ctx, err);
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

int jm_archive_queue_show(struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	json_t *row = NULL;
	int rc = jm_await_catalog(a, err) != 0 ? -1 : get_row(a, seq, &row, err);

	if (rc == 0)
		return jm_change_refuse(a, seq, JM_FROM_QUEUE, err);
	if (rc == 1 && queue_show(row, seq, jm_clock_now_ms()) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for a row of the queue");
	if (rc == 1) {
		*row_r = row;
		return 0;
	}
	json_decref(row);
	return -1;
}
