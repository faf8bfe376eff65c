/* SPDX-License-Identifier: BSD-2-Clause */
/* Verification: every record re-read and rebuilt, and the catalog compared with the volumes in both
 * directions. Runs beside deposits. */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/num.h"

#define PROGRESS_US 200000
#define SAVE_US 5000000

struct check {
	struct jm_archive *a;
	jm_archive_visit *progress, *finding;
	void *ctx;
	uint64_t since, durable; /* records to look at */
	uint64_t records, reports, contents, items, bytes, problems;
	uint64_t done_bytes, total_bytes;
	uint64_t next_seq; /* 0: unknown */
	unsigned char last_sha256[JM_SHA256_BYTES];
	bool know_last;
	uint64_t volume, offset; /* everything before was looked at */
	int64_t told_us, saved_us;
	int rc; /* of a visitor: 1 stop, -1 */
};

/* ---- where it stands, for a later call that goes on ---- */

static char *place(const struct jm_archive *a, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/verify.json", a->dir);
	return path;
}

/* Best effort: without it a later call begins anew. */
static void save(struct check *k)
{
	char path[JM_VOLUME_PATH_BYTES], uuid[2 * JM_UUID_BYTES + 1], text[600];
	struct jm_err err;
	int n;

	jm_archive_uuid_text(k->a, uuid);
	n = snprintf(text, sizeof text,
	    "{\"uuid\":\"%s\",\"since\":%" PRIu64 ",\"volume\":%" PRIu64 ",\"offset\":%" PRIu64
	    ",\"seq\":%" PRIu64 ",\"records\":%" PRIu64 ",\"reports\":%" PRIu64
	    ",\"contents\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"problems\":%" PRIu64 "}\n",
	    uuid, k->since, k->volume, k->offset, k->next_seq, k->records, k->reports, k->contents,
	    k->bytes, k->problems);
	k->saved_us = jm_clock_mono_us();
	if (jm_io_publish(place(k->a, path), text, (size_t)n, 0600, &err) < 0)
		JM_LOG(JM_LOG_WARNING, "verify-place-not-kept", { "error", JM_S(err.text) });
}

static uint64_t saved(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* NOTFOUND when there is no place, or one of another archive. */
static int take_up(struct check *k, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES], uuid[2 * JM_UUID_BYTES + 1];
	const char *of;
	json_t *o = json_load_file(place(k->a, path), 0, NULL);
	int rc = 0;

	of = json_string_value(json_object_get(o, "uuid"));
	jm_archive_uuid_text(k->a, uuid);
	if (!of || strcmp(of, uuid) != 0 || saved(o, "offset") < JM_VOLUME_HEAD_BYTES) {
		rc = jm_err_set(err, JM_E_NOTFOUND,
		    "no verification was broken off here: there is nothing to resume");
	} else {
		k->since = saved(o, "since");
		k->volume = saved(o, "volume");
		k->offset = saved(o, "offset");
		k->next_seq = saved(o, "seq");
		k->records = saved(o, "records");
		k->reports = saved(o, "reports");
		k->contents = saved(o, "contents");
		k->bytes = saved(o, "bytes");
		k->problems = saved(o, "problems");
	}
	json_decref(o);
	return rc;
}

static void find(struct check *k, uint64_t seq, uint64_t volume, uint64_t offset,
    const char *problem, struct jm_err *err)
{
	json_t *o;

	k->problems++;
	if (!k->finding || k->rc != 0)
		return;
	o = json_pack("{s:I,s:I,s:I,s:o}", "seq", (json_int_t)seq, "volume", (json_int_t)volume,
	    "offset", (json_int_t)offset, "problem", jm_describe_text(jm_span_str(problem)));
	k->rc = o ? k->finding(k->ctx, o, err)
		  : jm_err_set(err, JM_E_TEMP, "no memory for a finding");
	json_decref(o);
}

/* What could not be read now says nothing about the archive (no memory, no descriptor, no room):
 * then the verification ends. */
static void end(struct check *k, const struct jm_err *why, struct jm_err *err)
{
	if (k->rc != 0)
		return;
	k->rc = -1;
	*err = *why;
}

static void find_or_end(
    struct check *k, const struct jm_record *r, const struct jm_err *why, struct jm_err *err)
{
	if (jm_reader_not_now(why))
		end(k, why, err);
	else
		find(k, r->head.seq, r->volume, r->offset, why->text, err);
}

static void tell(struct check *k, struct jm_err *err)
{
	int64_t now = jm_clock_mono_us();
	json_t *o;

	if (!k->progress || k->rc != 0 || now - k->told_us < PROGRESS_US)
		return;
	k->told_us = now;
	o = json_pack("{s:I,s:I,s:I}", "done_bytes", (json_int_t)k->done_bytes, "total_bytes",
	    (json_int_t)k->total_bytes, "records", (json_int_t)k->records);
	k->rc = o ? k->progress(k->ctx, o, err) : 0;
	json_decref(o);
}

/* ---- from the volumes to the catalog ---- */

/* Is the record in the catalog, there and as what it is? */
static void check_catalogued(struct check *k, const struct jm_record *r, struct jm_err *err)
{
	uint64_t volume = 0, offset = 0, item = 0;
	unsigned char key[8];
	json_t *row = NULL;
	struct jm_err why = { .kind = JM_E_NONE };
	int rc;

	jm_num_put_be64(key, r->head.seq);
	if (r->head.type == JM_RECORD_EVENT) {
		rc = jm_reader_get(k->a, JM_T_EVENTS, jm_span_of(key, sizeof key), &row, &why);
		json_decref(row);
		if (rc < 0)
			find_or_end(k, r, &why, err);
		else if (rc == 0)
			find(k, r->head.seq, r->volume, r->offset, "the catalog lacks this event",
			    err);
		return;
	}
	if (r->head.type != JM_RECORD_REPORT)
		return;
	rc = jm_reader_locate(k->a, r->head.seq, &volume, &offset, &item, &why);
	if (rc < 0) {
		find_or_end(k, r, &why, err);
		return;
	}
	if (rc == 0 || volume != r->volume || offset != r->offset) {
		find(k, r->head.seq, r->volume, r->offset,
		    rc == 1 ? "the catalog has this report at another place"
			    : "the catalog lacks this report",
		    err);
		return;
	}
	rc = item != r->head.seq ? jm_reader_item(k->a, item, &row, &why) : 1;
	json_decref(row);
	if (rc < 0)
		find_or_end(k, r, &why, err);
	else if (rc == 0)
		find(k, r->head.seq, r->volume, r->offset,
		    "the catalog lacks the item of this report", err);
}

static void check_report(struct check *k, const struct jm_record *r, struct jm_err *err)
{
	static const char *const which[] = { "content", "companion" };
	struct jm_loaded l;
	struct jm_err why;

	k->reports++;
	if (jm_content_load_at(k->a, r->volume, r->offset, &l, &why) < 0) {
		find_or_end(k, r, &why, err);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		struct jm_described c;
		struct jm_span raw;
		void *owned;

		if (i > 0 && !json_object_get(l.meta, which[i]))
			continue;
		if (jm_content_raw(&l, which[i], &c, &raw, &owned, &why) < 0) {
			find_or_end(k, r, &why, err);
			continue;
		}
		k->contents++;
		free(owned);
		jm_described_release(&c);
	}
	jm_loaded_release(&l);
}

/* The record at *offset; moves it behind. False when there is none before end that can be read. */
static bool check_record(
    struct check *k, int fd, const struct jm_volume *v, uint64_t *offset, struct jm_err *err)
{
	struct jm_err why;
	struct jm_record r;
	struct jm_record_head h;
	bool found;
	int rc = jm_volume_read(fd, k->a->uuid, v->head.number, *offset, v->end, &r, &why);

	if (rc == 0 && r.head.type != JM_RECORD_REPORT)
		rc = jm_volume_check_body(fd, &r, &why);
	if (rc < 0 && jm_reader_not_now(&why)) {
		find_or_end(k, &r, &why, err);
		jm_record_release(&r);
		return false;
	}
	if (rc < 0) {
		find(k, r.head.seq ? r.head.seq : k->next_seq, v->head.number, *offset, why.text,
		    err);
		jm_record_release(&r);
		k->know_last = false;
		if (r.head.seq != 0 && jm_record_bytes(&r.head) <= v->end - *offset) {
			k->next_seq = r.head.seq + 1;
			*offset += jm_record_bytes(&r.head);
			return true;
		}
		if (jm_volume_find(fd, k->a->uuid, *offset + 1, v->end, &found, offset, &h, &why) <
		    0) {
			end(k, &why, err);
			return false;
		}
		if (!found)
			return false;
		k->next_seq = 0;
		return true;
	}
	if (k->next_seq != 0 && r.head.seq != k->next_seq)
		find(k, r.head.seq, r.volume, r.offset, "the sequence has a gap here", err);
	if (r.head.seq >= k->since) {
		k->records++;
		if (r.head.type == JM_RECORD_REPORT)
			check_report(k, &r, err);
		check_catalogued(k, &r, err);
	}
	k->next_seq = r.head.seq + 1;
	memcpy(k->last_sha256, jm_record_sha256(&r), sizeof k->last_sha256);
	k->know_last = true;
	*offset += jm_record_bytes(&r.head);
	jm_record_release(&r);
	return true;
}

static int check_volume(struct check *k, const struct jm_volume *v, struct jm_err *err)
{
	uint64_t offset = k->volume == v->head.number ? k->offset : JM_VOLUME_HEAD_BYTES, before;
	struct jm_volume_head h;
	struct jm_err why;
	int fd;

	if (v->problem[0] != '\0')
		find(k, v->head.first_seq, v->head.number, 0, v->problem, err);
	if (v->absent || jm_reader_open_volume(k->a, v->head.number, &fd, &why) < 0) {
		if (!v->absent && jm_reader_not_now(&why))
			end(k, &why, err);
		else if (!v->absent)
			find(k, v->head.first_seq, v->head.number, 0, why.text, err);
		k->know_last = false;
		k->next_seq = 0;
		return k->rc < 0 ? -1 : 0;
	}
	if (v->problem[0] != '\0')
		k->know_last = false;
	else if (jm_volume_read_head(fd, &h, &why) < 0)
		find(k, v->head.first_seq, v->head.number, 0, why.text, err);
	else if (memcmp(&h.uuid, k->a->uuid, sizeof h.uuid) != 0)
		find(k, v->head.first_seq, v->head.number, 0,
		    "the volume belongs to another archive", err);
	else if (k->know_last && memcmp(h.previous_sha256, k->last_sha256, JM_SHA256_BYTES) != 0)
		find(k, v->head.first_seq, v->head.number, 0,
		    "the volume does not follow the one before it", err);
	while (offset < v->end && k->rc == 0) {
		before = offset;
		if (!check_record(k, fd, v, &offset, err))
			offset = v->end;
		k->done_bytes += offset - before;
		k->bytes += offset - before;
		k->volume = v->head.number;
		k->offset = offset;
		tell(k, err);
		if (k->rc != 0 || jm_clock_mono_us() - k->saved_us > SAVE_US)
			save(k);
	}
	close(fd);
	return k->rc < 0 ? -1 : 0;
}

/* ---- from the catalog to the volumes ---- */

/* Does the report stand where a row says? */
static void check_place(struct check *k, uint64_t seq, uint64_t volume, uint64_t offset, int *fd,
    uint64_t *open_volume, struct jm_err *err)
{
	struct jm_record r;
	struct jm_err why;

	if (volume != *open_volume) {
		if (*fd >= 0)
			close(*fd);
		*open_volume = volume;
		if (jm_reader_open_volume(k->a, volume, fd, &why) < 0) {
			*fd = -1;
			if (jm_reader_not_now(&why))
				end(k, &why, err);
		}
	}
	memset(&r, 0, sizeof r);
	if (*fd < 0 ||
	    jm_volume_read(*fd, k->a->uuid, volume, offset, jm_reader_volume_end(k->a, volume), &r,
		&why) < 0) {
		if (*fd >= 0 && jm_reader_not_now(&why))
			end(k, &why, err);
		else if (*fd < 0 || r.head.seq != seq) /* a damaged record was named already */
			find(k, seq, volume, offset,
			    "the catalog has a report that cannot be read there", err);
	} else if (r.head.seq != seq || r.head.type != JM_RECORD_REPORT) {
		find(k, seq, volume, offset, "the catalog has a report where another record stands",
		    err);
	}
	jm_record_release(&r);
}

/* The places in the rows of items and of reports. */
static int check_places(struct check *k, enum jm_table t, struct jm_err *err)
{
	unsigned char at[8];
	struct jm_page page;
	uint64_t open_volume = 0, volume, offset, item;
	int fd = -1;

	jm_num_put_be64(at, k->since > 0 ? k->since - 1 : 0);
	while (k->rc == 0) {
		if (jm_reader_page(k->a, t, jm_span_of(at, 0), jm_span_of(at, sizeof at), false,
			&page, err) < 0) {
			k->rc = -1;
			break;
		}
		if (page.n == 0)
			break;
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		for (size_t i = 0; i < page.n; i++) {
			uint64_t seq = jm_num_get_be64(page.row[i].key);
			struct jm_span stored = jm_span_of(page.row[i].value, page.row[i].value_n);
			struct jm_err why;

			if (seq > k->durable)
				continue;
			k->items += t == JM_T_ITEMS;
			if (jm_row_place(t, seq, stored, &volume, &offset, &item, &why) == 0)
				check_place(k, seq, volume, offset, &fd, &open_volume, err);
			else if (jm_reader_not_now(&why))
				end(k, &why, err);
			else
				find(k, seq, 0, 0, why.text, err);
		}
		jm_page_release(&page);
		if (jm_num_get_be64(at) > k->durable)
			break;
	}
	if (fd >= 0)
		close(fd);
	return k->rc < 0 ? -1 : 0;
}

/* ---- row by row ---- */

static int differs(void *ctx, uint64_t seq, const char *problem, struct jm_err *err)
{
	struct check *k = ctx;

	find(k, seq, 0, 0, problem, err);
	return k->rc;
}

static int busy(void *ctx, struct jm_err *err)
{
	struct check *k = ctx;

	tell(k, err);
	return k->rc;
}

/* How it was compared, for the summary; NULL: -1. */
static const char *check_rows(struct check *k, struct jm_err *err)
{
	int rc;

	if (k->since != 0)
		return "reports and items";
	if (k->problems != 0)
		return "reports and items (not row by row, since there are problems)";
	rc = jm_compare_catalog(k->a, differs, busy, k, err);
	if (rc < 0)
		return k->rc > 0 ? "broken off" : NULL;
	return rc == 0 ? "reports and items (not row by row: there is no room for a second catalog)"
		       : "row by row";
}

int jm_archive_verify(struct jm_archive *a, uint64_t since_seq, bool resume,
    jm_archive_visit *progress, jm_archive_visit *finding, void *ctx, json_t **summary_r,
    struct jm_err *err)
{
	struct check k = {
		.a = a, .progress = progress, .finding = finding, .ctx = ctx, .since = since_seq
	};
	int64_t began = jm_clock_mono_us();
	struct jm_volume *list;
	size_t n, first = 0;
	char path[JM_VOLUME_PATH_BYTES];
	const char *how = NULL;
	int rc = 0;

	k.saved_us = began;
	if (resume && take_up(&k, err) < 0)
		return -1;
	pthread_mutex_lock(&a->lock);
	k.durable = a->durable_seq;
	pthread_mutex_unlock(&a->lock);
	list = jm_volumes_now(a, &n, err);
	if (!list)
		return -1;
	if (jm_applier_wait(a, err) < 0) {
		free(list);
		return -1;
	}
	while (first + 1 < n && !list[first + 1].headless &&
	    (k.volume != 0 ? list[first].head.number < k.volume
			   : list[first + 1].head.first_seq <= k.since))
		first++;
	for (size_t i = first; i < n; i++)
		k.total_bytes += list[i].end -
		    (list[i].head.number == k.volume ? k.offset : JM_VOLUME_HEAD_BYTES);
	for (size_t i = first; i < n && rc == 0 && k.rc == 0; i++)
		rc = check_volume(&k, &list[i], err);
	free(list);
	if (rc == 0 && k.rc == 0 && k.next_seq != 0 && k.next_seq <= k.durable)
		find(&k, k.next_seq, 0, 0, "records are missing at the end", err);
	if (rc < 0 || check_places(&k, JM_T_REPORTS, err) < 0 ||
	    check_places(&k, JM_T_ITEMS, err) < 0 || (k.rc == 0 && !(how = check_rows(&k, err))))
		return -1;
	if (k.rc == 0)
		unlink(place(a, path));
	*summary_r = json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:f}", "ok", k.problems == 0,
	    "records", (json_int_t)k.records, "reports", (json_int_t)k.reports, "contents",
	    (json_int_t)k.contents, "items", (json_int_t)k.items, "bytes", (json_int_t)k.bytes,
	    "problems", (json_int_t)k.problems, "catalog", how ? how : "broken off", "seconds",
	    (double)(jm_clock_mono_us() - began) / 1e6);
	return *summary_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for the summary");
}
