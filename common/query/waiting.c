/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the processing queue. */
#include "common/query/waiting.h"

#include <string.h>

#include "common/archive/await.h"
#include "common/archive/change.h"
#include "common/archive/cursor.h"
#include "common/archive/reader.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/catalog/queue_row.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/journal/unwrap.h"
#include "common/query/bcc.h"

static const struct jm_table_range by_due = { .table = JM_T_QUEUE,
	.prefix = { (const unsigned char *)JM_QUEUE_BY_DUE, 1 } };
static const struct jm_table_range by_seq = { .table = JM_T_QUEUE,
	.prefix = { (const unsigned char *)JM_QUEUE_BY_SEQ, 1 } };

/* Get the queue's row of a report. 1; 0: the report is not in the queue; -1. */
static int waiting_row(struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	unsigned char key[JM_QUEUE_SEQ_BYTES];

	return jm_reader_get(a, JM_T_QUEUE, jm_queue_row_key(seq, key), row_r, err);
}

static int fill_waiting(
    struct jm_archive *a, uint64_t seq, struct jm_waiting *w, struct jm_err *err)
{
	const char *service;
	json_t *row = NULL;
	int rc = waiting_row(a, seq, &row, err);

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

/* ---- rows for users ---- */

static int waiting_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a row of the queue");
}

/* Add the parties as the vendor's product shows them: of an envelope report an actual recipient as
 * the sender, the journal address as the recipient. meta: NULL, the record cannot be read. */
static int add_parties(const struct jm_queue_view *v, uint64_t seq, const json_t *meta, json_t *row,
    struct jm_err *err)
{
	const json_t *journal = json_object_get(meta, "journal"), *from = NULL,
		     *list = json_object_get(journal, "recipients");
	const char *variant = jm_json_str(journal, "variant");
	size_t n = json_array_size(list);
	bool envelope = n > 0 && variant && strcmp(variant, jm_variant_name(JM_VARIANT_PLAIN)) != 0;
	json_t *value;

	if (!envelope)
		from = json_object_get(journal, "envelope_sender");
	else if (v->bcc)
		from = json_object_get(json_array_get(list, 0), "address");
	else if (jm_bcc_first_open(v->a, seq, list, &from, err) < 0)
		return -1;
	value = json_is_string(from) ? json_incref((json_t *)(uintptr_t)from) : json_null();
	return (json_object_set_new_nocheck(row, "from", value) |
		   json_object_set_new_nocheck(
		       row, "more", json_integer(envelope ? (json_int_t)n - 1 : 0)) |
		   (envelope && !from ? json_object_set_new_nocheck(row, "hidden", json_true())
				      : 0)) == 0
	    ? 0
	    : waiting_no_memory(err);
}

/* Add subject and Message-ID from the row of the report's item. */
static int add_subject(struct jm_archive *a, uint64_t seq, json_t *row, struct jm_err *err)
{
	static const char *const keys[] = { "subject", "message_id" };
	json_t *item = NULL;
	int rc = jm_reader_item(a, seq, &item, err), bad = 0;

	for (size_t i = 0; rc >= 0 && i < 2; i++) {
		json_t *value = json_object_get(item, keys[i]);

		bad |= json_object_set_new_nocheck(
		    row, keys[i], value ? json_incref(value) : json_null());
	}
	json_decref(item);
	return rc < 0 ? -1 : bad ? waiting_no_memory(err) : 0;
}

/* Add what is not in the row itself. A record that is damaged gives nothing. */
static int add_report(const struct jm_queue_view *v, uint64_t seq, json_t *row, struct jm_err *err)
{
	struct jm_stored_report r;
	int rc = jm_reader_report(v->a, seq, &r, err);

	if (rc != 0 && err->kind != JM_E_CORRUPT)
		return -1;
	if (rc != 0)
		return add_parties(v, seq, NULL, row, err);
	rc = add_parties(v, seq, r.meta, row, err);
	jm_stored_report_release(&r);
	return rc;
}

/* Change a row to the form for users: {id, received, next_attempt, ...}. */
static int queue_show(const struct jm_queue_view *v, json_t *row, uint64_t seq, struct jm_err *err)
{
	json_int_t since = jm_json_int(row, "since_ms"), due = jm_json_int(row, "due_ms");
	int64_t now_ms = jm_clock_now_ms();
	bool delayed = json_is_true(json_object_get(row, "delayed")) &&
	    jm_json_int(row, "attempts") == 0;

	(void)json_object_del(row, "delayed");
	if ((json_object_set_new_nocheck(row, "id", json_integer((json_int_t)seq)) |
		json_object_set_new_nocheck(row, "age_s", json_integer((now_ms - since) / 1000)) |
		json_object_set_nocheck(row, "to", json_object_get(row, "service")) |
		json_object_set_new_nocheck(
		    row, "state", json_string(due <= now_ms ? "due" : "waiting")) |
		json_object_set_new_nocheck(
		    row, "waits_for", json_string(delayed ? "delay" : "match")) |
		jm_json_time(row, "since_ms", "received") |
		jm_json_time(row, "due_ms", "next_attempt")) != 0)
		return waiting_no_memory(err);
	return add_report(v, seq, row, err) != 0 ? -1 : add_subject(v->a, seq, row, err);
}

static int visit_waiting(const struct jm_row *row, const struct jm_queue_view *v,
    jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	json_t *o = jm_json_row(row->value, row->value_n);
	const char *of = jm_json_str(o, "service");
	int rc = 0;

	if (!o)
		return waiting_no_memory(err);
	if (!v->service || (of && strcmp(v->service, of) == 0)) {
		rc = queue_show(v, o, jm_num_get_be64(row->key + 1), err);
		if (rc == 0)
			rc = visit(ctx, o, err);
	}
	json_decref(o);
	return rc;
}

int jm_archive_queue(
    const struct jm_queue_view *v, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 0;

	if (jm_await_catalog(v->a, err) != 0)
		return -1;
	jm_cursor_start(&cursor, v->a, &by_seq);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1)
		rc = visit_waiting(row, v, visit, ctx, err);
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

int jm_archive_queue_show(
    const struct jm_queue_view *v, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	json_t *row = NULL;
	int rc = jm_await_catalog(v->a, err) != 0 ? -1 : waiting_row(v->a, seq, &row, err);

	if (rc == 0)
		return jm_change_refuse(v->a, seq, JM_FROM_QUEUE, err);
	if (rc == 1 && queue_show(v, row, seq, err) == 0) {
		*row_r = row;
		return 0;
	}
	json_decref(row);
	return -1;
}
