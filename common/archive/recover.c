/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start: scanning the volumes, finding the end of the log, bringing the catalog up to date.
 *
 * A power cut may leave the last group half-written, in any order of its pages. Nothing of that
 * group was acknowledged, so it is cut off (and kept in DIR/cut). Damage to acknowledged records
 * stops the start: recovery must not touch it.
 */
#include "common/archive/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/archive/loss.h"
#include "common/archive/note.h"
#include "common/archive/replay.h"
#include "common/archive/tail.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/volume/mirror.h"
#include "common/volume/salvage.h"
#include "common/volume/scan.h"

static int recover_note(
    struct jm_archive *a, const char *kind, const char *text, struct jm_err *err)
{
	const struct jm_event e = {
		.time_ms = jm_clock_now_ms(), .kind = kind, .actor = "archive", .text = text
	};

	JM_LOG(JM_LOG_WARNING, "recovered", { "kind", JM_S(kind) }, { "text", JM_S(text) });
	return jm_archive_note(a, &e, err);
}

static int scan_changed(void *ctx, const char *text, struct jm_err *err)
{
	return recover_note(ctx, "recovered", text, err);
}

/* The last volume. No other thread changes the list during the start. */
static struct jm_volume *last_volume(struct jm_archive *a)
{
	return &a->volumes.list[a->volumes.n - 1];
}

/* Are all records of a volume in the catalog? */
static bool is_applied(const struct jm_position *at, const struct jm_volume *v)
{
	return at->volume > v->head.number ||
	    (at->volume == v->head.number && at->offset >= v->end);
}

/* A damaged volume stops the start, unless the catalog has all its records, or the catalog is to be
 * made again. may_note: note damage that is passed over as an event. */
static int judge_volumes(struct jm_archive *a, bool may_note, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	for (size_t i = 0; i < a->volumes.n; i++) {
		const struct jm_volume *v = &a->volumes.list[i];

		if (v->problem[0] == '\0' || a->rebuild)
			continue;
		if (i + 1 == a->volumes.n || !is_applied(&a->position, v))
			return jm_err_set(err, JM_E_CORRUPT,
			    "%s: bring %s back from a backup, which has the same file (or "
			    "live without what is lost: jmctl rebuild)",
			    v->problem, jm_volume_path(a->dir, v->head.number, path));
		if (may_note && recover_note(a, "damaged", v->problem, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- the tail ---- */

/* Copy the bytes that are to be cut off to DIR/cut. Errors of the copy are only logged, since the
 * bytes were never acknowledged. -1: they cannot be read, so they may be anything, and must not be
 * cut off. */
static int keep_cut(struct jm_archive *a, uint64_t from, uint64_t to, struct jm_err *err)
{
	const struct jm_volume_file *f = &a->tail.file;
	static const size_t chunk_bytes = 65536;
	unsigned char *chunk = malloc(chunk_bytes);
	char path[JM_VOLUME_PATH_BYTES];
	struct jm_err cause = { .kind = JM_E_NONE };
	int out = -1,
	    rc = !chunk ? jm_err_sys(err, JM_E_TEMP, "cutting off an unfinished write") : 0;

	snprintf(path, sizeof path, "%s/cut", a->dir);
	if (jm_io_mkdirs(path, 0700, &cause) == 0) {
		snprintf(
		    path, sizeof path, "%s/cut/%08" PRIu64 "-%" PRIu64, a->dir, f->number, from);
		out = jm_io_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &cause);
	}
	for (uint64_t at = from; rc == 0 && at < to;) {
		size_t n = to - at < chunk_bytes ? (size_t)(to - at) : chunk_bytes;

		rc = jm_volume_pread(f, chunk, n, at, err);
		if (rc == 0 && cause.kind == JM_E_NONE)
			(void)!jm_io_write(out, chunk, n, &cause);
		at += n;
	}
	if (cause.kind != JM_E_NONE)
		JM_LOG(JM_LOG_WARNING, "cut-not-kept", { "error", JM_S(cause.text) });
	if (out >= 0)
		close(out);
	free(chunk);
	return rc;
}

/* Fail because a record cannot be read: it may be anything, so nothing is cut off. */
static int unreadable(const struct jm_volume *v, uint64_t at, uint64_t seq, struct jm_err *err)
{
	struct jm_err cause = *err;

	if (cause.kind != JM_E_CORRUPT)
		return -1;
	return jm_err_set(err, JM_E_CORRUPT,
	    "volume %" PRIu64 " cannot be read at %" PRIu64 " (record %" PRIu64
	    ": %.200s): mend the disk or restore "
	    "the volume from a backup (or live without the record: jmctl rebuild)",
	    v->head.number, at, seq, cause.text);
}

/* The record at the tail's end is bad; err has the cause. Decide from the durable_seq of later
 * records whether it was acknowledged. 0: it was not; -1 with err. */
static int judge_tail(struct jm_archive *a, const struct jm_volume *v, struct jm_err *err)
{
	uint64_t at = a->tail.end, seq = a->tail.next_seq, from = at + 1;
	struct jm_err cause = *err;
	struct jm_found next;

	if (err->kind != JM_E_CORRUPT)
		return -1;
	if (err->sys == EIO || err->sys == ENODATA)
		return unreadable(v, at, seq, err);
	for (;;) {
		if (jm_volume_find(&a->tail.file, from, v->end, &next, err) != 0)
			return -1;
		if (!next.found) {
			*err = cause;
			return 0;
		}
		if (next.head.seq == 0 || next.head.durable_seq >= seq)
			return jm_err_set(err, JM_E_CORRUPT,
			    "volume %" PRIu64 " is damaged at %" PRIu64 " (record %" PRIu64
			    ": %.200s), and record %" PRIu64
			    " behind it is good: restore the volume from a backup (or live "
			    "without the record: jmctl rebuild)",
			    v->head.number, at, seq, cause.text, next.head.seq);
		from = next.offset + 1;
	}
}

static int cut_tail(struct jm_archive *a, struct jm_volume *v, struct jm_err *err)
{
	uint64_t at = a->tail.end;
	char text[300];

	snprintf(text, sizeof text,
	    "volume %" PRIu64 ": %" PRIu64 " bytes of an unfinished write cut off at %" PRIu64
	    " (%.100s)",
	    v->head.number, v->end - at, at, err->text);
	if (keep_cut(a, at, v->end, err) != 0)
		return unreadable(v, at, a->tail.next_seq, err);
	if (jm_volume_truncate(&a->tail.file, at, err) != 0)
		return -1;
	v->end = at;
	return recover_note(a, "recovered", text, err);
}

/* Rebuild: an acknowledged record is damaged; move the tail's end past it. The replay reports the
 * loss. */
static int pass_by(struct jm_archive *a, const struct jm_volume *v, const struct jm_record_head *h,
    struct jm_err *err)
{
	struct jm_tail *t = &a->tail;
	struct jm_found next;

	if (h->seq != 0 && jm_record_bytes(h) <= v->end - t->end) {
		t->end += jm_record_bytes(h);
		t->next_seq = h->seq + 1;
		/* If the record's digest cannot be read either, the next volume's header will have
		 * the digest of an earlier record. */
		return jm_volume_pread(&t->file, t->last_sha256, sizeof t->last_sha256,
			   t->end - sizeof t->last_sha256, err) != 0 &&
			err->kind != JM_E_CORRUPT
		    ? -1
		    : 0;
	}
	if (jm_volume_find(&t->file, t->end + 1, v->end, &next, err) != 0)
		return -1;
	if (next.found) {
		t->end = next.offset;
		t->next_seq = next.head.seq;
		return 0;
	}
	t->end = v->end;
	t->unusable = true;
	return 0;
}

/* Read a record with its body. If a checksum does not fit, read it a second time, from the disk:
 * the read itself may have failed, and a wrong result may lead to a cut. */
static int read_whole(
    const struct jm_archive *a, const struct jm_volume *v, struct jm_record *r, struct jm_err *err)
{
	const struct jm_tail *t = &a->tail;

	for (bool again = false;; again = true) {
		if (jm_volume_read(&t->file, t->end, v->end, r, err) == 0 &&
		    jm_volume_check_body(&t->file, r, err) == 0)
			return 0;
		jm_record_release(r);
		if (again || err->kind != JM_E_CORRUPT)
			return -1;
		jm_volume_uncache(&t->file, t->end);
	}
}

/* Read the last volume from the tail's end on, whole records with bodies, to the volume's end.
 * *sealed_r: the last record is a seal. */
static int scan_tail(struct jm_archive *a, struct jm_volume *v, bool *sealed_r, struct jm_err *err)
{
	struct jm_tail *t = &a->tail;
	struct jm_record r;

	while (t->end < v->end) {
		int rc = read_whole(a, v, &r, err);

		if (rc == 0 && r.head.seq != t->next_seq) {
			jm_record_release(&r);
			return jm_err_set(err, JM_E_CORRUPT,
			    "volume %" PRIu64 " at %" PRIu64 ": record %" PRIu64 " where %" PRIu64
			    " should follow",
			    v->head.number, t->end, r.head.seq, t->next_seq);
		}
		if (rc != 0) {
			if (judge_tail(a, v, err) == 0 && !v->headless)
				return cut_tail(a, v, err);
			if (!a->rebuild || err->kind != JM_E_CORRUPT ||
			    pass_by(a, v, &r.head, err) != 0)
				return -1;
			continue;
		}
		t->end += jm_record_bytes(&r.head);
		t->next_seq++;
		memcpy(t->last_sha256, jm_record_sha256(&r), sizeof t->last_sha256);
		*sealed_r = r.head.type == JM_RECORD_SEAL;
		jm_record_release(&r);
	}
	return 0;
}

/* The catalog must not have more records than the volumes. */
static int check_position(struct jm_archive *a, struct jm_err *err)
{
	const struct jm_volume *last = last_volume(a);
	const struct jm_position *at = &a->position;

	if (jm_loss_is_after(a, at) && !a->pass_loss)
		return jm_err_set(err, JM_E_CORRUPT,
		    "the volumes end at volume %" PRIu64 ", %" PRIu64 " bytes, but record %" PRIu64
		    " was in volume %" PRIu64 " before %" PRIu64
		    ": bring the missing part back from a backup (or live without it: jmctl "
		    "rebuild)",
		    last->head.number, last->end, at->seq, at->volume, at->offset);
	return 0;
}

static int open_tail(struct jm_archive *a, struct jm_err *err)
{
	struct jm_volume *v = last_volume(a);
	struct jm_tail *t = &a->tail;
	bool sealed = false;

	if (jm_volume_open_for_writing(&a->volumes, v->head.number, &t->file, err) != 0)
		return -1;
	t->end = JM_VOLUME_HEAD_BYTES;
	t->next_seq = v->head.first_seq;
	memcpy(t->last_sha256, v->head.previous_sha256, sizeof t->last_sha256);
	if (a->position.volume == v->head.number && a->position.offset > JM_VOLUME_HEAD_BYTES) {
		t->end = a->position.offset;
		t->next_seq = a->position.seq + 1;
		memcpy(t->last_sha256, a->position.sha256, sizeof t->last_sha256);
	}
	if (scan_tail(a, v, &sealed, err) != 0)
		return -1;
	/* The process that wrote these records may not have synced them. */
	if (jm_volume_sync(&t->file, err) != 0)
		return -1;
	t->unusable |= v->problem[0] != '\0';
	if (sealed || t->end >= a->volume_size_bytes || t->unusable)
		jm_volume_close(&t->file);
	return 0;
}

/* ---- the start ---- */

static int first_volume(struct jm_archive *a, bool must_exist, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	/* The catalog is made after the first volume. If there is a catalog but no volume, a disk
	 * may not be mounted. */
	snprintf(path, sizeof path, "%s/catalog.db", a->catalog_dir);
	if (access(path, F_OK) == 0)
		return jm_err_set(err, JM_E_TEMP,
		    "there is a catalog in \"%s\" but no volume in \"%s/volumes\": "
		    "is a disk not mounted? (To begin a new "
		    "archive, remove the catalog)",
		    a->catalog_dir, a->dir);
	if (jm_mirror_is_unfinished(a->dir, path))
		return jm_err_set(err, JM_E_CORRUPT,
		    "a restore into \"%s\" was broken off: run jmctl restore again (or remove %s)",
		    a->dir, path);
	if (must_exist)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", a->dir);
	if (jm_volumes_make_folder(&a->volumes, err) != 0 ||
	    jm_random_bytes(a->volumes.uuid, sizeof a->volumes.uuid, err) != 0)
		return -1;
	a->tail.next_seq = 1;
	return jm_tail_roll(a, err);
}

/* Rebuild: read the log's end and the UUID from the old catalog. False: it cannot be read. */
static bool ask_catalog(
    struct jm_archive *a, struct jm_position *known, unsigned char uuid[JM_UUID_BYTES])
{
	struct jm_catalog *c = NULL;
	struct jm_err ignored;
	char bad[JM_VOLUME_PATH_BYTES];
	const char *folder = a->catalog_dir;
	int rc = 0;

	snprintf(bad, sizeof bad, "%s.bad", a->catalog_dir);
	if (access(folder, F_OK) != 0)
		folder = bad;
	if (access(folder, F_OK) == 0 && jm_catalog_open(folder, a->cache_bytes, &c, &ignored) == 0)
		rc = jm_position_read(c, known, uuid, &ignored);
	jm_catalog_close(&c);
	return rc == 1;
}

/* Begin a new volume, with numbers after all records of the volumes and after the old
 * catalog's position. */
static int continue_after(struct jm_archive *a, const struct jm_position *known, struct jm_err *err)
{
	struct jm_tail *t = &a->tail;

	if (known->seq > a->position.seq && jm_replay_skip_to(a, known, err) != 0)
		return -1;
	t->end = a->position.offset;
	t->next_seq = a->position.seq + 1;
	memcpy(t->last_sha256, a->position.sha256, sizeof t->last_sha256);
	return jm_tail_roll(a, err);
}

/* Report that the records up to at are lost, and pass them. *known becomes the log's former end. */
static int pass_loss(struct jm_archive *a, struct jm_position *known, const char *witness,
    const struct jm_position *at, struct jm_err *err)
{
	*known = *at;
	return jm_loss_note(a, at, witness, err) != 0 ? -1 : jm_loss_list(a, at, err);
}

/* Pass the loss of records that the catalog has, or that the known end has. */
static int pass_losses(struct jm_archive *a, struct jm_position *known, struct jm_err *err)
{
	const struct jm_known_end *k = jm_loss_is_known(a) ? a->known_end : NULL;

	if (!k && !jm_loss_is_after(a, &a->position))
		return 0;
	a->known_end = NULL;
	return pass_loss(a, known, k ? k->witness : "the catalog", k ? &k->at : &a->position, err);
}

/* Bring the catalog up. If it has a damaged page, make it anew. */
static int bring_up(struct jm_archive *a, struct jm_err *err)
{
	struct jm_err cause;

	if (jm_replay_all(a, err) == 0)
		return 0;
	if (!jm_catalog_broken(a->catalog))
		return -1;
	jm_catalog_close(&a->catalog);
	return jm_replay_open(a, &cause, err) != 0 || jm_replay_all(a, err) != 0 ? -1 : 0;
}

static int open_log(
    struct jm_archive *a, struct jm_position *known, bool may_note, struct jm_err *err)
{
	if (judge_volumes(a, may_note, err) != 0 || check_position(a, err) != 0)
		return -1;
	if (jm_loss_is_after(a, &a->position) && pass_losses(a, known, err) != 0)
		return -1;
	if (last_volume(a)->absent || jm_loss_is_after(a, known))
		a->tail.unusable = true;
	else if (open_tail(a, err) != 0)
		return -1;
	if (bring_up(a, err) != 0)
		return -1;
	if (!a->tail.unusable && pass_losses(a, known, err) != 0)
		return -1;
	if (!a->tail.unusable && known->seq <= a->position.seq)
		return 0;
	jm_volume_close(&a->tail.file);
	return continue_after(a, known, err);
}

/* Start from the list of volumes. known, uuid: the old catalog's position and UUID; uuid NULL:
 * there is no old catalog. */
static int start_listed(struct jm_archive *a, bool must_exist, struct jm_position *known,
    const unsigned char *uuid, struct jm_err *err)
{
	struct jm_err cause;
	bool empty;

	if (jm_scan_headers(&a->volumes, uuid, scan_changed, a, err) != 0)
		return -1;
	empty = a->volumes.n == 0;
	if (empty && first_volume(a, must_exist, err) != 0)
		return -1;
	if (!uuid || memcmp(uuid, a->volumes.uuid, JM_UUID_BYTES) != 0)
		*known = (struct jm_position){ .seq = 0 };
	if (known->seq > 0 && jm_loss_list(a, known, err) != 0)
		return -1;
	if (jm_replay_open(a, &cause, err) != 0)
		return -1;
	if ((empty ? bring_up(a, err) : open_log(a, known, !must_exist, err)) != 0)
		return -1;
	if (empty)
		(void)jm_loss_is_known(a); /* logs that the known end is of another archive */
	if (a->position.seq != a->tail.next_seq - 1)
		return jm_err_set(err, JM_E_CORRUPT,
		    "the catalog ends with record %" PRIu64 ", the volumes with %" PRIu64,
		    a->position.seq, a->tail.next_seq - 1);
	a->applied = a->position;
	a->durable_seq = a->position.seq;
	a->end = a->position;
	return 0;
}

/* Make the catalog again, in DIR/catalog.new, so that there is always a whole one. */
static int rebuild_catalog(struct jm_archive *a, bool must_exist, struct jm_err *err)
{
	struct jm_position known = { .seq = 0 };
	unsigned char uuid[JM_UUID_BYTES];
	char *own = a->catalog_dir, *aside = NULL;
	bool knows = ask_catalog(a, &known, uuid);
	int rc;

	if (asprintf(&aside, "%s" JM_CATALOG_NEW, own) < 0)
		return jm_err_sys(err, JM_E_TEMP, "catalog");
	jm_catalog_wipe(aside);
	a->catalog_dir = aside;
	rc = start_listed(a, must_exist, &known, knows ? uuid : NULL, err);
	a->catalog_dir = own;
	if (rc == 0)
		rc = jm_replay_put_in_place(a, aside, err);
	free(aside);
	return rc;
}

int jm_recover_start(struct jm_archive *a, bool must_exist, struct jm_err *err)
{
	struct jm_position known = { .seq = 0 };

	if (jm_scan_list(&a->volumes, err) != 0)
		return -1;
	return a->rebuild && a->volumes.n > 0 ? rebuild_catalog(a, must_exist, err)
					      : start_listed(a, must_exist, &known, NULL, err);
}
