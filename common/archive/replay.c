/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the catalog, and bringing it up to the end of the volumes. */
#include "common/archive/replay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/batch.h"
#include "common/archive/note.h"
#include "common/archive/second.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/json/value.h"

#define BATCH_MAX 512 /* records in a transaction */
/* Attempts, a second apart, to read a report that a change archives; it could be read when the
 * change was asked for. */
#define UNREAD_MAX 10

/* Move DIR/catalog to DIR/catalog.bad, so that an operator may examine it. Only one is kept, and
 * none if the disk has no room for it and the new one beside the reserve. */
static void move_away(struct jm_archive *a)
{
	char bad[JM_VOLUME_PATH_BYTES];
	struct jm_err cause;
	struct stat st;

	snprintf(bad, sizeof bad, "%s.bad", a->catalog_dir);
	if (stat(a->catalog_dir, &st) != 0)
		return;
	jm_catalog_wipe(bad);
	rmdir(bad);
	if (!jm_second_has_room(a, 0))
		snprintf(cause.text, sizeof cause.text, "no room on the disk to keep it");
	else if (jm_io_rename(a->catalog_dir, bad, &cause) == 0)
		return;
	JM_LOG(JM_LOG_WARNING, "catalog-removed", { "error", JM_S(cause.text) });
	jm_catalog_wipe(a->catalog_dir);
}

int jm_replay_put_in_place(struct jm_archive *a, const char *aside, struct jm_err *err)
{
	char bad[JM_VOLUME_PATH_BYTES];
	int rc = jm_catalog_checkpoint(a->catalog, 0, err);

	jm_catalog_close(&a->catalog);
	if (rc != 0)
		return -1;
	snprintf(bad, sizeof bad, "%s.bad", a->catalog_dir);
	/* One call, so that there is a catalog at any time. A file system without that call has no
	 * catalog for a moment. */
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, a->catalog_dir, RENAME_EXCHANGE) == 0) {
		jm_catalog_wipe(bad);
		rmdir(bad);
		(void)rename(aside, bad); /* kept for the operator only: errors do not matter */
	} else {
		move_away(a);
		if (jm_io_rename(aside, a->catalog_dir, err) != 0)
			return -1;
	}
	return jm_io_sync_dir(a->dir, err) != 0
	    ? -1
	    : jm_catalog_open(a->catalog_dir, a->cache_bytes, &a->catalog, err);
}

/* Read the catalog's position. 1; 0: the catalog is new; -1: CORRUPT also when it belongs to
 * another archive. */
static int read_position(struct jm_archive *a, struct jm_err *err)
{
	unsigned char uuid[JM_UUID_BYTES];
	int rc = jm_position_read(a->catalog, &a->position, uuid, err);

	if (rc == 1 && memcmp(uuid, a->volumes.uuid, sizeof uuid) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the catalog belongs to another archive");
	return rc;
}

int jm_replay_open(struct jm_archive *a, struct jm_err *cause_r, struct jm_err *err)
{
	char text[JM_ERR_TEXT_BYTES + 80];
	const struct jm_event e = {
		.time_ms = jm_clock_now_ms(), .kind = "rebuilt", .actor = "archive", .text = text
	};
	bool damaged;
	int rc;

	cause_r->kind = JM_E_NONE;
	memset(&a->position, 0, sizeof a->position);
	rc = jm_catalog_open(a->catalog_dir, a->cache_bytes, &a->catalog, err);
	if (rc == 0)
		rc = read_position(a, err);
	if (rc >= 0)
		return 0;
	damaged = err->kind == JM_E_CORRUPT || (a->catalog && jm_catalog_broken(a->catalog));
	jm_catalog_close(&a->catalog);
	if (!damaged)
		return -1;
	*cause_r = *err;
	JM_LOG(JM_LOG_WARNING, "catalog-rebuild", { "why", JM_S(cause_r->text) });
	snprintf(text, sizeof text, "catalog made anew from the volumes: %s", cause_r->text);
	jm_archive_note_or_log(a, &e);
	memset(&a->position, 0, sizeof a->position);
	move_away(a);
	return jm_catalog_open(a->catalog_dir, a->cache_bytes, &a->catalog, err);
}

/* A jm_recall that tries for a while before it says that a report cannot be read. */
static int recall_report(void *ctx, uint64_t seq, const struct jm_place *at,
    struct jm_stored_report *r_r, struct jm_err *err)
{
	struct jm_archive *a = ctx;

	if (jm_stored_report_read(&a->volumes, at, seq, r_r, err) == 0) {
		a->unread = 0;
		return 1;
	}
	if (err->kind == JM_E_TEMP)
		return -1;
	return a->committer_runs && ++a->unread <= UNREAD_MAX ? -1 : 0;
}

struct jm_recall jm_replay_recall(struct jm_archive *a)
{
	return (struct jm_recall){ recall_report, a };
}

int jm_replay_skip_to(struct jm_archive *a, const struct jm_position *at, struct jm_err *err)
{
	const struct jm_recall recall = jm_replay_recall(a);
	struct jm_apply *p = NULL;

	/* Store it at once: perhaps no record follows that would store it. */
	if (jm_apply_begin(a->catalog, &recall, &p, err) != 0 ||
	    jm_apply_finish(&p, a->volumes.uuid, at, err) != 0)
		return -1;
	a->position = *at;
	return 0;
}

/* ---- rebuild: past damage ---- */

/* Log damage, and give it to the caller's visitor. */
static int report_left_out(struct jm_archive *a, const struct jm_damage *d, struct jm_err *err)
{
	json_t *o;
	int rc;

	JM_LOG(JM_LOG_ERROR, "left-out", { "volume", JM_U(d->at.volume) },
	    { "offset", JM_U(d->at.offset) }, { "error", JM_S(d->problem) });
	if (!a->damage)
		return 0;
	o = json_pack("{s:I,s:I,s:I,s:o}", "seq", (json_int_t)d->seq, "volume",
	    (json_int_t)d->at.volume, "offset", (json_int_t)d->at.offset, "problem",
	    jm_json_text(jm_span_str(d->problem)));
	rc = o ? a->damage(a->damage_ctx, o, err)
	       : jm_err_set(err, JM_E_TEMP, "no memory for a finding");
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

/* Report damage at offset, and continue at a position after it. */
static int leave_out(struct jm_archive *a, const struct jm_position *to, uint64_t offset,
    const char *problem, struct jm_err *err)
{
	const struct jm_damage d = { to->seq, { to->volume, offset }, problem };

	return report_left_out(a, &d, err) != 0 ? -1 : jm_replay_skip_to(a, to, err);
}

/* Move *to past the record there, which cannot be read. h: its header; seq 0: not readable. */
static int skip_damaged(struct jm_archive *a, const struct jm_volume_file *f,
    const struct jm_volume *v, const struct jm_record_head *h, struct jm_position *to,
    struct jm_err *err)
{
	struct jm_found next;

	if (h->seq != 0 && jm_record_bytes(h) <= v->end - to->offset) {
		to->seq = h->seq > to->seq ? h->seq : to->seq;
		to->offset += jm_record_bytes(h);
		if (jm_volume_pread(f, to->sha256, sizeof to->sha256,
			to->offset - sizeof to->sha256, err) != 0 &&
		    err->kind != JM_E_CORRUPT)
			return -1;
		return 0;
	}
	if (jm_volume_find(f, to->offset + 1, v->end, &next, err) != 0)
		return -1;
	if (!next.found) {
		to->seq = jm_volumes_last_seq(&a->volumes, v->head.number, to->seq);
		to->offset = v->end;
		return 0;
	}
	to->seq = next.head.seq > to->seq ? next.head.seq - 1 : to->seq;
	to->offset = next.offset;
	return 0;
}

/* The record at the position cannot be read, or records before it are missing; err has the cause.
 * Report that, and continue after the lost records. */
static int step_over(struct jm_archive *a, const struct jm_volume_file *f,
    const struct jm_volume *v, struct jm_err *err)
{
	struct jm_position to = a->position;
	struct jm_err cause = *err, ignored;
	uint64_t damaged = to.offset;
	struct jm_record r;

	if (jm_volume_read(f, to.offset, v->end, &r, &ignored) == 0) {
		jm_record_release(&r);
		if (r.head.seq > to.seq + 1) { /* the record itself is good */
			to.seq = r.head.seq - 1;
			return leave_out(a, &to, damaged, cause.text, err);
		}
	}
	if (skip_damaged(a, f, v, &r.head, &to, err) != 0)
		return -1;
	return leave_out(a, &to, damaged, cause.text, err);
}

/* Report a damaged volume. 0: read it; 1: there is no file to read; -1. */
static int enter_damaged(struct jm_archive *a, const struct jm_volume *v, struct jm_err *err)
{
	const struct jm_damage d = { v->head.first_seq, { v->head.number, 0 }, v->problem };
	struct jm_position to = a->position;

	if (report_left_out(a, &d, err) != 0)
		return -1;
	if (!v->absent)
		return 0;
	to.seq = jm_volumes_last_seq(&a->volumes, v->head.number, to.seq);
	return jm_replay_skip_to(a, &to, err) != 0 ? -1 : 1;
}

/* ---- all volumes ---- */

static void report_progress(struct jm_archive *a, uint64_t before, uint64_t total)
{
	if (!a->committer_runs) /* the start, not the applier */
		jm_lock_progress(&a->lock_file, before + a->position.offset, total);
	if (a->replayed)
		a->replayed(a->damage_ctx, before + a->position.offset, total);
}

/* Is the archive being closed while the applier replays? */
static bool is_closing(struct jm_archive *a)
{
	bool closing;

	if (!a->committer_runs) /* the start */
		return false;
	pthread_mutex_lock(&a->lock);
	closing = a->stopping;
	pthread_mutex_unlock(&a->lock);
	return closing;
}

/* Replay from the position to the end of volume v, which is open as f. before: the bytes of all
 * volumes before it, of total. */
static int replay_records(struct jm_archive *a, const struct jm_volume_file *f,
    const struct jm_volume *v, uint64_t before, uint64_t total, struct jm_err *err)
{
	const struct jm_recall recall = jm_replay_recall(a);
	struct jm_batch b = { a->catalog, &recall, a->volumes.uuid, BATCH_MAX, UINT64_MAX };
	int rc = 0;

	report_progress(a, before, total);
	while (rc == 0 && a->position.offset < v->end) {
		if (is_closing(a))
			return jm_err_set(err, JM_E_TEMP,
			    "the archive is being closed; the next start continues");
		rc = jm_batch_apply(&b, &a->position, f, v, err);
		/* Rebuild: apply one by one up to the damaged record, then step over it. */
		if (rc != 0 && a->rebuild && err->kind == JM_E_CORRUPT) {
			rc = b.max == 1 ? step_over(a, f, v, err) : 0;
			b.max = b.max == 1 ? BATCH_MAX : 1;
		}
		if (rc == 0)
			rc = jm_catalog_checkpoint(a->catalog, JM_CATALOG_CHECKPOINT_KIB, err);
		if (rc == 0)
			report_progress(a, before, total);
	}
	return rc;
}

static int replay_volume(struct jm_archive *a, const struct jm_volume *v, uint64_t before,
    uint64_t total, struct jm_err *err)
{
	struct jm_volume_file f;
	int rc;

	if (a->position.volume < v->head.number) {
		a->position.volume = v->head.number;
		a->position.offset = JM_VOLUME_HEAD_BYTES;
	}
	if (a->rebuild && v->problem[0] != '\0') {
		rc = enter_damaged(a, v, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	if (a->position.offset >= v->end)
		return 0;
	if (jm_volume_open(&a->volumes, v->head.number, &f, err) != 0)
		return -1;
	rc = replay_records(a, &f, v, before, total, err);
	jm_volume_close(&f);
	return rc;
}

int jm_replay_all(struct jm_archive *a, struct jm_err *err)
{
	struct jm_volume *list;
	uint64_t before = 0, total = 0;
	size_t n;
	int rc = 0;

	list = jm_volumes_now(&a->volumes, &n, err);
	if (!list)
		return -1;
	for (size_t i = 0; i < n; i++)
		total += list[i].end;
	for (size_t i = 0; i < n && rc == 0; before += list[i++].end)
		if (list[i].head.number >= a->position.volume)
			rc = replay_volume(a, &list[i], before, total, err);
	free(list);
	return rc;
}
