/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifying an archive: from the volumes to the catalog, from the catalog to the volumes, and row
 * by row. */
#include "common/upkeep/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/archive/await.h"
#include "common/archive/content.h"
#include "common/archive/cursor.h"
#include "common/archive/second.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/num.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/upkeep/compare.h"
#include "common/volume/walk.h"

#define PROGRESS_US 200000
#define SAVE_US 5000000
#define SAVED_MAX_BYTES 4096

struct check {
	struct jm_archive *a;
	struct jm_volumes *volumes;
	const struct jm_verification *v;
	uint64_t since, durable; /* the first and the last record to check */
	uint64_t records, reports, contents, items, bytes, problems;
	uint64_t done_bytes, total_bytes;
	uint64_t next_seq; /* 0: unknown */
	unsigned char last_sha256[JM_SHA256_BYTES];
	bool know_last;
	uint64_t volume, offset; /* everything before this place was checked */
	int64_t reported_us, saved_us;
	int rc; /* 0; 1: a visitor said stop; -1: an error, also of a visitor */
};

/* ---- the state of the verification, saved for a later call ---- */

static char *saved_path(struct jm_archive *a, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/verify.json", jm_archive_dir(a));
	return path;
}

/* Save the state. Errors are only logged: a later call then has to begin at the start. */
static void save_state(struct check *k)
{
	char path[JM_VOLUME_PATH_BYTES], uuid[2 * JM_UUID_BYTES + 1], text[600];
	struct jm_err err;
	int n;

	jm_volumes_uuid_text(k->volumes, uuid);
	n = snprintf(text, sizeof text,
	    "{\"uuid\":\"%s\",\"since\":%" PRIu64 ",\"volume\":%" PRIu64 ",\"offset\":%" PRIu64
	    ",\"seq\":%" PRIu64 ",\"records\":%" PRIu64 ",\"reports\":%" PRIu64
	    ",\"contents\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"problems\":%" PRIu64 "}\n",
	    uuid, k->since, k->volume, k->offset, k->next_seq, k->records, k->reports, k->contents,
	    k->bytes, k->problems);
	k->saved_us = jm_clock_mono_us();
	if (jm_io_publish(saved_path(k->a, path), text, (size_t)n, 0600, &err) != 0)
		JM_LOG(JM_LOG_WARNING, "verify-place-not-kept", { "error", JM_S(err.text) });
}

/* Read the saved state. NOTFOUND: no state is saved, or it is another archive's. */
static int resume_state(struct check *k, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES], uuid[2 * JM_UUID_BYTES + 1];
	json_t *o = NULL;
	const char *of;
	int rc = 0;

	if (jm_json_read_file(saved_path(k->a, path), SAVED_MAX_BYTES, &o, err) != 0 &&
	    err->kind == JM_E_TEMP)
		return -1;
	of = jm_json_str(o, "uuid");
	jm_volumes_uuid_text(k->volumes, uuid);
	if (!of || strcmp(of, uuid) != 0 || jm_json_u64(o, "offset") < JM_VOLUME_HEAD_BYTES) {
		rc = jm_err_set(err, JM_E_NOTFOUND,
		    "no verification was broken off here: there is nothing to resume");
	} else {
		k->since = jm_json_u64(o, "since");
		k->volume = jm_json_u64(o, "volume");
		k->offset = jm_json_u64(o, "offset");
		k->next_seq = jm_json_u64(o, "seq");
		k->records = jm_json_u64(o, "records");
		k->reports = jm_json_u64(o, "reports");
		k->contents = jm_json_u64(o, "contents");
		k->bytes = jm_json_u64(o, "bytes");
		k->problems = jm_json_u64(o, "problems");
	}
	json_decref(o);
	return rc;
}

/* ---- findings ---- */

/* Report a finding, unless a visitor has ended the verification. */
static void report_finding(struct check *k, const struct jm_damage *d, struct jm_err *err)
{
	json_t *o;

	k->problems++;
	if (!k->v->finding || k->rc != 0)
		return;
	o = json_pack("{s:I,s:I,s:I,s:o}", "seq", (json_int_t)d->seq, "volume",
	    (json_int_t)d->at.volume, "offset", (json_int_t)d->at.offset, "problem",
	    jm_json_text(jm_span_str(d->problem)));
	k->rc = o ? k->v->finding(k->v->ctx, o, err)
		  : jm_err_set(err, JM_E_TEMP, "no memory for a finding");
	json_decref(o);
}

static void find_at(struct check *k, uint64_t seq, const struct jm_place *at, const char *problem,
    struct jm_err *err)
{
	const struct jm_damage d = { seq, *at, problem };

	report_finding(k, &d, err);
}

static void find_in(
    struct check *k, const struct jm_record *r, const char *problem, struct jm_err *err)
{
	const struct jm_damage d = { r->head.seq, { r->volume, r->offset }, problem };

	report_finding(k, &d, err);
}

static void find_volume(
    struct check *k, const struct jm_volume *v, const char *problem, struct jm_err *err)
{
	const struct jm_damage d = { v->head.first_seq, { v->head.number, 0 }, problem };

	report_finding(k, &d, err);
}

/* If an error says nothing about the archive (no memory, no descriptor, no room), end the
 * verification. True: it ended. */
static bool end_if_not_now(struct check *k, const struct jm_err *cause, struct jm_err *err)
{
	if (!jm_volume_not_now(cause))
		return false;
	if (k->rc == 0) {
		k->rc = -1;
		*err = *cause;
	}
	return true;
}

static void find_or_end(
    struct check *k, const struct jm_record *r, const struct jm_err *cause, struct jm_err *err)
{
	if (!end_if_not_now(k, cause, err))
		find_in(k, r, cause->text, err);
}

static void report_progress(struct check *k, struct jm_err *err)
{
	int64_t now = jm_clock_mono_us();
	json_t *o;

	if (!k->v->progress || k->rc != 0 || now - k->reported_us < PROGRESS_US)
		return;
	k->reported_us = now;
	o = json_pack("{s:I,s:I,s:I}", "done_bytes", (json_int_t)k->done_bytes, "total_bytes",
	    (json_int_t)k->total_bytes, "records", (json_int_t)k->records);
	k->rc = o ? k->v->progress(k->v->ctx, o, err) : 0;
	json_decref(o);
}

/* ---- from the volumes to the catalog ---- */

static void check_event_row(struct check *k, const struct jm_record *r, struct jm_err *err)
{
	unsigned char key[8];
	struct jm_err cause;
	json_t *row = NULL;
	int rc;

	jm_num_put_be64(key, r->head.seq);
	rc = jm_reader_get(k->a, JM_T_EVENTS, jm_span_of(key, sizeof key), &row, &cause);
	json_decref(row);
	if (rc < 0)
		find_or_end(k, r, &cause, err);
	else if (rc == 0)
		find_in(k, r, "the catalog lacks this event", err);
}

static void check_report_row(struct check *k, const struct jm_record *r, struct jm_err *err)
{
	struct jm_located at = { .item = 0 };
	struct jm_err cause;
	json_t *row = NULL;
	int rc = jm_reader_locate(k->a, r->head.seq, &at, &cause);

	if (rc < 0) {
		find_or_end(k, r, &cause, err);
		return;
	}
	if (rc == 0 || at.at.volume != r->volume || at.at.offset != r->offset) {
		find_in(k, r,
		    rc == 1 ? "the catalog has this report at another place"
			    : "the catalog lacks this report",
		    err);
		return;
	}
	rc = at.item != r->head.seq ? jm_reader_item(k->a, at.item, &row, &cause) : 1;
	json_decref(row);
	if (rc < 0)
		find_or_end(k, r, &cause, err);
	else if (rc == 0)
		find_in(k, r, "the catalog lacks the item of this report", err);
}

static void check_report(struct check *k, const struct jm_record *r, struct jm_err *err)
{
	static const char *const which[] = { "content", "companion" };
	const struct jm_place at = { r->volume, r->offset };
	struct jm_loaded l;
	struct jm_raw raw;
	struct jm_err cause;

	k->reports++;
	if (jm_content_load_at(k->a, &at, &l, &cause) != 0) {
		find_or_end(k, r, &cause, err);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		if (i > 0 && !json_object_get(l.report.meta, which[i]))
			continue;
		if (jm_content_raw(&l, which[i], &raw, &cause) != 0) {
			find_or_end(k, r, &cause, err);
			continue;
		}
		k->contents++;
		jm_raw_release(&raw);
	}
	jm_loaded_release(&l);
}

/* The record at *offset is damaged. Move *offset to the next one. False: there are no more records
 * before the end, or an error ended the verification. */
static bool skip_record(struct check *k, const struct jm_volume_file *f, const struct jm_volume *v,
    const struct jm_record *r, uint64_t *offset, struct jm_err *err)
{
	const struct jm_record_head *h = &r->head;
	struct jm_found next;
	struct jm_err cause;

	k->know_last = false;
	if (h->seq != 0 && jm_record_bytes(h) <= v->end - *offset) {
		k->next_seq = h->seq + 1;
		*offset += jm_record_bytes(h);
		return true;
	}
	if (jm_volume_find(f, *offset + 1, v->end, &next, &cause) != 0) {
		if (k->rc == 0) {
			k->rc = -1;
			*err = cause;
		}
		return false;
	}
	*offset = next.offset;
	k->next_seq = 0;
	return next.found;
}

/* Check a record that was read: its number, its contents, its rows in the catalog. */
static void check_good(struct check *k, const struct jm_record *r, struct jm_err *err)
{
	if (k->next_seq != 0 && r->head.seq != k->next_seq)
		find_in(k, r, "the sequence has a gap here", err);
	if (r->head.seq >= k->since) {
		k->records++;
		if (r->head.type == JM_RECORD_REPORT) {
			check_report(k, r, err);
			check_report_row(k, r, err);
		} else if (r->head.type == JM_RECORD_EVENT) {
			check_event_row(k, r, err);
		}
	}
	k->next_seq = r->head.seq + 1;
	memcpy(k->last_sha256, jm_record_sha256(r), sizeof k->last_sha256);
	k->know_last = true;
}

/* Check the record at *offset, and move *offset to the next one. False: no more records can be read
 * before the end. */
static bool check_record(struct check *k, const struct jm_volume_file *f, const struct jm_volume *v,
    uint64_t *offset, struct jm_err *err)
{
	struct jm_err cause;
	struct jm_record r;
	bool more = true;
	int rc = jm_volume_read(f, *offset, v->end, &r, &cause);

	if (rc == 0 && r.head.type != JM_RECORD_REPORT)
		rc = jm_volume_check_body(f, &r, &cause);
	if (rc == 0) {
		check_good(k, &r, err);
		*offset += jm_record_bytes(&r.head);
	} else if (end_if_not_now(k, &cause, err)) {
		more = false;
	} else {
		const struct jm_place at = { v->head.number, *offset };

		find_at(k, r.head.seq ? r.head.seq : k->next_seq, &at, cause.text, err);
		more = skip_record(k, f, v, &r, offset, err);
	}
	jm_record_release(&r);
	return more;
}

/* Check the header of a volume, and that the volume follows the one before it. */
static void check_head(
    struct check *k, const struct jm_volume_file *f, const struct jm_volume *v, struct jm_err *err)
{
	struct jm_volume_head h;
	struct jm_err cause;

	if (v->problem[0] != '\0') {
		k->know_last = false;
	} else if (jm_volume_read_head(f, &h, &cause) != 0) {
		if (!end_if_not_now(k, &cause, err))
			find_volume(k, v, cause.text, err);
	} else if (memcmp(&h.uuid, k->volumes->uuid, sizeof h.uuid) != 0) {
		find_volume(k, v, "the volume belongs to another archive", err);
	} else if (k->know_last &&
	    memcmp(h.previous_sha256, k->last_sha256, JM_SHA256_BYTES) != 0) {
		find_volume(k, v, "the volume does not follow the one before it", err);
	}
}

static void check_records(
    struct check *k, const struct jm_volume_file *f, const struct jm_volume *v, struct jm_err *err)
{
	uint64_t offset = k->volume == v->head.number ? k->offset : JM_VOLUME_HEAD_BYTES;

	while (offset < v->end && k->rc == 0) {
		uint64_t before = offset;

		if (!check_record(k, f, v, &offset, err))
			offset = v->end;
		k->done_bytes += offset - before;
		k->bytes += offset - before;
		k->volume = v->head.number;
		k->offset = offset;
		report_progress(k, err);
		if (k->rc != 0 || jm_clock_mono_us() - k->saved_us > SAVE_US)
			save_state(k);
	}
}

static int check_volume(struct check *k, const struct jm_volume *v, struct jm_err *err)
{
	struct jm_volume_file f;
	struct jm_err cause;

	if (v->problem[0] != '\0')
		find_volume(k, v, v->problem, err);
	if (v->absent || jm_volume_open(k->volumes, v->head.number, &f, &cause) != 0) {
		if (!v->absent && !end_if_not_now(k, &cause, err))
			find_volume(k, v, cause.text, err);
		k->know_last = false;
		k->next_seq = 0;
	} else {
		check_head(k, &f, v, err);
		check_records(k, &f, v, err);
		jm_volume_close(&f);
	}
	return k->rc < 0 ? -1 : 0;
}

static int check_volumes(
    struct check *k, const struct jm_volume *list, size_t n, struct jm_err *err)
{
	const struct jm_walk w = { .since = k->since, .from_volume = k->volume };
	size_t first = jm_walk_first(list, n, &w);
	int rc = 0;

	for (size_t i = first; i < n; i++)
		k->total_bytes += list[i].end -
		    (list[i].head.number == k->volume ? k->offset : JM_VOLUME_HEAD_BYTES);
	for (size_t i = first; i < n && rc == 0 && k->rc == 0; i++)
		rc = check_volume(k, &list[i], err);
	return rc;
}

/* ---- from the catalog to the volumes ---- */

/* Check that the report is at the place in its row. *f stays open from call to call. */
static void check_place(struct check *k, uint64_t seq, const struct jm_place *at,
    struct jm_volume_file *f, struct jm_err *err)
{
	struct jm_record r;
	struct jm_err cause;

	if (at->volume != f->number) {
		jm_volume_close(f);
		if (jm_volume_open(k->volumes, at->volume, f, &cause) != 0)
			(void)end_if_not_now(k, &cause, err);
		f->number = at->volume;
	}
	memset(&r, 0, sizeof r);
	if (!jm_volume_is_open(f)) {
		find_at(k, seq, at, "the catalog has a report that cannot be read there", err);
	} else if (jm_volume_read(
		       f, at->offset, jm_volumes_end(k->volumes, at->volume), &r, &cause) != 0) {
		/* A damaged record was reported already. */
		if (!end_if_not_now(k, &cause, err) && r.head.seq != seq)
			find_at(
			    k, seq, at, "the catalog has a report that cannot be read there", err);
	} else if (r.head.seq != seq || r.head.type != JM_RECORD_REPORT) {
		find_at(k, seq, at, "the catalog has a report where another record is", err);
	}
	jm_record_release(&r);
}

/* Check the place in a row of table t. */
static void check_row(struct check *k, enum jm_table t, const struct jm_row *row,
    struct jm_volume_file *f, struct jm_err *err)
{
	uint64_t seq = jm_num_get_be64(row->key);
	const struct jm_place nowhere = { 0, 0 };
	struct jm_located at;
	struct jm_err cause;

	k->items += t == JM_T_ITEMS;
	if (jm_row_place(t, seq, jm_span_of(row->value, row->value_n), &at, &cause) == 0)
		check_place(k, seq, &at.at, f, err);
	else if (!end_if_not_now(k, &cause, err))
		find_at(k, seq, &nowhere, cause.text, err);
}

/* Check the places in the rows of items or of reports. */
static int check_places(struct check *k, enum jm_table t, struct jm_err *err)
{
	unsigned char after[8] = { 0 };
	struct jm_table_range range = { .table = t, .after = jm_span_of(after, sizeof after) };
	struct jm_volume_file f = JM_VOLUME_FILE_NONE;
	const struct jm_row *row;
	struct jm_cursor cursor;

	jm_num_put_be64(after, k->since > 0 ? k->since - 1 : 0);
	jm_cursor_start(&cursor, k->a, &range);
	while (k->rc == 0) {
		int rc = jm_cursor_next(&cursor, &row, err);

		if (rc < 0)
			k->rc = -1;
		if (rc != 1 || jm_num_get_be64(row->key) > k->durable)
			break;
		check_row(k, t, row, &f, err);
	}
	jm_cursor_end(&cursor);
	jm_volume_close(&f);
	return k->rc < 0 ? -1 : 0;
}

/* ---- row by row ---- */

static int on_difference(void *ctx, uint64_t seq, const char *problem, struct jm_err *err)
{
	const struct jm_place nowhere = { 0, 0 };
	struct check *k = ctx;

	find_at(k, seq, &nowhere, problem, err);
	return k->rc;
}

static int on_busy(void *ctx, struct jm_err *err)
{
	struct check *k = ctx;

	report_progress(k, err);
	return k->rc;
}

/* Compare the catalog row by row, if that is possible. Returns how it was compared, for the
 * summary; NULL with err. */
static const char *check_rows(struct check *k, struct jm_err *err)
{
	const struct jm_comparison x = { on_difference, on_busy, k };
	int rc;

	if (k->since != 0)
		return "reports and items";
	if (k->problems != 0)
		return "reports and items (not row by row, since there are problems)";
	rc = jm_compare_catalog(k->a, &x, err);
	if (rc < 0)
		return k->rc > 0 ? "broken off" : NULL;
	return rc == 0 ? "reports and items (not row by row: there is no room for a second catalog)"
		       : "row by row";
}

/* ---- the verification ---- */

/* Check both directions, then row by row. *how_r: how the catalog was compared. */
static int check_all(struct check *k, const char **how_r, struct jm_err *err)
{
	const struct jm_place nowhere = { 0, 0 };
	struct jm_volume *list;
	size_t n;
	int rc;

	/* Take the list first: after the wait all its records are in the catalog. */
	k->durable = jm_reader_durable_seq(k->a);
	list = jm_volumes_now(k->volumes, &n, err);
	if (!list)
		return -1;
	rc = jm_await_catalog(k->a, err);
	if (rc == 0)
		rc = check_volumes(k, list, n, err);
	free(list);
	if (rc != 0)
		return -1;
	if (k->rc == 0 && k->next_seq != 0 && k->next_seq <= k->durable)
		find_at(k, k->next_seq, &nowhere, "records are missing at the end", err);
	if (check_places(k, JM_T_REPORTS, err) != 0 || check_places(k, JM_T_ITEMS, err) != 0)
		return -1;
	if (k->rc != 0)
		return 0;
	*how_r = check_rows(k, err);
	return *how_r ? 0 : -1;
}

static int verify_alone(
    struct jm_archive *a, const struct jm_verification *v, json_t **summary_r, struct jm_err *err)
{
	struct check k = {
		.a = a, .volumes = jm_archive_volumes(a), .v = v, .since = v->since_seq
	};
	int64_t began = jm_clock_mono_us();
	char path[JM_VOLUME_PATH_BYTES];
	const char *how = NULL;

	k.saved_us = began;
	if (v->resume && resume_state(&k, err) != 0)
		return -1;
	if (check_all(&k, &how, err) != 0)
		return -1;
	if (k.rc == 0)
		unlink(saved_path(a, path));
	*summary_r = json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:f}", "ok", k.problems == 0,
	    "records", (json_int_t)k.records, "reports", (json_int_t)k.reports, "contents",
	    (json_int_t)k.contents, "items", (json_int_t)k.items, "bytes", (json_int_t)k.bytes,
	    "problems", (json_int_t)k.problems, "catalog", how ? how : "broken off", "seconds",
	    (double)(jm_clock_mono_us() - began) / 1e6);
	return *summary_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for the summary");
}

int jm_archive_verify(
    struct jm_archive *a, const struct jm_verification *v, json_t **summary_r, struct jm_err *err)
{
	int rc;

	if (jm_second_take(a, err) != 0)
		return -1;
	rc = verify_alone(a, v, summary_r, err);
	jm_second_give_back(a);
	return rc;
}
