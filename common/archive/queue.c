/* SPDX-License-Identifier: BSD-2-Clause */
/* The processing queue as its users see it: what waits, what is due, what matches. How it changes:
 * change.c. */
#include <stdlib.h>
#include <unistd.h>

#include "common/archive/apply.h"
#include "common/base/clock.h"

int jm_archive_queue_next(struct jm_archive *a, int64_t *due_ms_r, struct jm_err *err)
{
	struct jm_page *page = calloc(1, sizeof *page);
	int rc = -1;

	if (!page)
		return jm_err_sys(err, JM_E_TEMP, "queue");
	if (jm_applier_wait(a, err) == 0 &&
	    jm_reader_page(
		a, JM_T_QUEUE, jm_span_str("d"), jm_span_of(NULL, 0), false, page, err) == 0) {
		rc = page->n > 0;
		if (rc == 1)
			*due_ms_r = (int64_t)jm_num_get_be64(page->row[0].key + 1);
		jm_page_release(page);
	}
	free(page);
	return rc;
}

/* The queue's row of a report. 1, 0, -1. */
static int get_row(struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	unsigned char key[9] = { 'i' };

	jm_num_put_be64(key + 1, seq);
	return jm_reader_get(a, JM_T_QUEUE, jm_span_of(key, sizeof key), row_r, err);
}

static int fill(struct jm_archive *a, uint64_t seq, struct jm_waiting *w, struct jm_err *err)
{
	const char *service;
	json_t *row = NULL;
	int rc = get_row(a, seq, &row, err);

	if (rc != 1)
		return rc;
	service = json_string_value(json_object_get(row, "service"));
	*w = (struct jm_waiting){ .seq = seq,
		.due_ms = json_integer_value(json_object_get(row, "due_ms")),
		.since_ms = json_integer_value(json_object_get(row, "since_ms")),
		.attempts = (unsigned)json_integer_value(json_object_get(row, "attempts")) };
	if (service && strlen(service) < sizeof w->service)
		memcpy(w->service, service, strlen(service) + 1);
	json_decref(row);
	return 1;
}

int jm_archive_queue_due(struct jm_archive *a, int64_t now_ms, struct jm_waiting *w, size_t max,
    size_t *n_r, struct jm_err *err)
{
	unsigned char at[17] = { 'd' };
	size_t at_n = 1;
	struct jm_page *page = calloc(1, sizeof *page);
	int rc = !page ? jm_err_sys(err, JM_E_TEMP, "queue") : jm_applier_wait(a, err);
	bool more = true;

	*n_r = 0;
	while (rc >= 0 && more && *n_r < max) {
		rc = jm_reader_page(
		    a, JM_T_QUEUE, jm_span_str("d"), jm_span_of(at, at_n), false, page, err);
		if (rc < 0 || page->n == 0)
			break;
		at_n = sizeof at;
		memcpy(at, page->row[page->n - 1].key, sizeof at);
		for (size_t i = 0; i < page->n && *n_r < max && more && rc >= 0; i++) {
			more = (int64_t)jm_num_get_be64(page->row[i].key + 1) <= now_ms;
			rc = more ? fill(a, jm_num_get_be64(page->row[i].key + 9), &w[*n_r], err)
				  : 0;
			*n_r += rc == 1;
		}
		jm_page_release(page);
	}
	free(page);
	return rc < 0 ? -1 : 0;
}

/* The match key of a report, from its record. */
static int read_key(
    struct jm_archive *a, uint64_t seq, unsigned char key_r[JM_SHA256_BYTES], struct jm_err *err)
{
	uint64_t volume, offset, item;
	struct jm_record r;
	json_t *meta;
	int fd, rc = jm_reader_locate(a, seq, &volume, &offset, &item, err);

	if (rc != 1)
		return rc < 0
		    ? -1
		    : jm_err_set(err, JM_E_CORRUPT, "catalog: report %" PRIu64 " is missing", seq);
	if (jm_reader_open_volume(a, volume, &fd, err) < 0)
		return -1;
	rc = jm_volume_read(fd, a->uuid, volume, offset, jm_reader_volume_end(a, volume), &r, err);
	close(fd);
	if (rc < 0) {
		jm_record_release(&r);
		return -1;
	}
	rc = jm_json_read(r.meta, r.head.meta_bytes, &meta, err);
	if (rc == 0 &&
	    jm_sha256_unhex(jm_span_str(json_string_value(json_object_get(meta, "key"))), key_r) !=
		0)
		rc = jm_err_set(err, JM_E_CORRUPT, "report %" PRIu64 " has no match key", seq);
	json_decref(meta);
	jm_record_release(&r);
	return rc;
}

int jm_archive_match_key(struct jm_archive *a, const unsigned char key[JM_SHA256_BYTES],
    uint64_t *item_r, struct jm_err *err)
{
	struct jm_buf b;
	int rc;

	jm_buf_init(&b, 4096);
	if (jm_reader_enter(a, err) < 0)
		return -1;
	rc = jm_catalog_get(
	    a->catalog, NULL, JM_T_BY_KEY, jm_span_of(key, JM_SHA256_BYTES), &b, err);
	jm_reader_leave(a);
	if (rc == 1)
		*item_r = b.len == 8 ? jm_num_get_be64(b.p) : 0;
	jm_buf_release(&b);
	return rc;
}

int jm_archive_match(struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err)
{
	unsigned char key[JM_SHA256_BYTES];

	return jm_applier_wait(a, err) < 0 || read_key(a, seq, key, err) < 0
	    ? -1
	    : jm_archive_match_key(a, key, item_r, err);
}

/* Make a row fit for people: {id, received, next_attempt, ...}. 0 to show it. */
static int shape(json_t *row, uint64_t seq, int64_t now_ms)
{
	json_int_t since = json_integer_value(json_object_get(row, "since_ms")),
		   due = json_integer_value(json_object_get(row, "due_ms"));

	return json_object_set_new_nocheck(row, "id", json_integer((json_int_t)seq)) |
	    json_object_set_new_nocheck(row, "age_s", json_integer((now_ms - since) / 1000)) |
	    json_object_set_new_nocheck(
		row, "state", json_string(due <= now_ms ? "due" : "waiting")) |
	    jm_reader_time(row, "since_ms", "received") |
	    jm_reader_time(row, "due_ms", "next_attempt");
}

int jm_archive_queue(struct jm_archive *a, const char *service, jm_archive_visit *visit, void *ctx,
    struct jm_err *err)
{
	unsigned char at[9] = { 'i' };
	size_t at_n = 1;
	struct jm_page *page = calloc(1, sizeof *page);
	int64_t now_ms = jm_clock_now_ms();
	int rc = !page ? jm_err_sys(err, JM_E_TEMP, "queue") : jm_applier_wait(a, err);

	while (rc == 0) {
		rc = jm_reader_page(
		    a, JM_T_QUEUE, jm_span_str("i"), jm_span_of(at, at_n), false, page, err);
		if (rc < 0 || page->n == 0)
			break;
		at_n = sizeof at;
		memcpy(at, page->row[page->n - 1].key, sizeof at);
		for (size_t i = 0; i < page->n && rc == 0; i++) {
			json_t *row = jm_json_row(page->row[i].value, page->row[i].value_n);
			const char *of = json_string_value(json_object_get(row, "service"));

			if (!row || shape(row, jm_num_get_be64(page->row[i].key + 1), now_ms) != 0)
				rc = jm_err_set(err, JM_E_TEMP, "no memory for a row of the queue");
			else if (!service || (of && strcmp(service, of) == 0))
				rc = visit(ctx, row, err);
			json_decref(row);
		}
		jm_page_release(page);
	}
	free(page);
	return rc < 0 ? -1 : 0;
}

int jm_archive_queue_show(struct jm_archive *a, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	json_t *row = NULL;
	int rc = jm_applier_wait(a, err) < 0 ? -1 : get_row(a, seq, &row, err);

	if (rc == 1 && shape(row, seq, jm_clock_now_ms()) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for a row of the queue");
	if (rc == 1) {
		*row_r = row;
		return 0;
	}
	json_decref(row);
	return rc < 0 ? -1 : jm_change_refuse(a, seq, JM_FROM_QUEUE, err);
}
