/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start: which volumes are there, where does the log end, is the catalog up to date.
 *
 * A power cut may leave the last group half-written, in any order of its pages. None of it was
 * acknowledged, so it is cut off (and kept aside in DIR/cut). Damage to anything that was
 * acknowledged stops the start: recovery must not touch it.
 */
#include "common/archive/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/num.h"

static int note(struct jm_archive *a, const char *kind, const char *text, struct jm_err *err)
{
	JM_LOG(JM_LOG_WARNING, "recovered", { "kind", JM_S(kind) }, { "text", JM_S(text) });
	return jm_archive_note(a,
	    &(struct jm_event){
		.time_ms = jm_clock_now_ms(), .kind = kind, .actor = "archive", .text = text },
	    err);
}

/* ---- the list of volumes ---- */

static int by_number(const void *x, const void *y)
{
	uint64_t a = ((const struct jm_volume *)x)->head.number,
		 b = ((const struct jm_volume *)y)->head.number;

	return a < b ? -1 : a > b;
}

/* "NNNNNNNN.jmv", eight digits or more. */
static bool volume_name(const char *name, uint64_t *number_r)
{
	size_t n = strlen(name);
	char want[40];

	if (n < 12 || strcmp(name + n - 4, ".jmv") != 0 ||
	    jm_num_u64(jm_span_of(name, n - 4), 1, UINT64_MAX / 2, number_r) != 0)
		return false;
	snprintf(want, sizeof want, "%08" PRIu64 ".jmv", *number_r);
	return strcmp(name, want) == 0; /* no second name for a number */
}

static int list_volumes(struct jm_archive *a, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct dirent *e;
	DIR *d;
	int rc = 0;

	snprintf(path, sizeof path, "%s/volumes", a->dir);
	d = opendir(path);
	if (!d)
		return errno == ENOENT
		    ? 0
		    : jm_err_sys(err, JM_E_TEMP, "cannot read folder \"%s\"", path);
	while (rc == 0) {
		uint64_t number;

		errno = 0;
		if (!(e = readdir(d))) {
			/* Not the end: a volume that is not seen would be made, and so lost. */
			rc = errno == 0
			    ? 1
			    : jm_err_sys(err, JM_E_TEMP, "cannot read folder \"%s\"", path);
			break;
		}
		if (!volume_name(e->d_name, &number))
			continue;
		rc = jm_volumes_add(a, &(struct jm_volume){ .head.number = number }, err);
	}
	closedir(d);
	if (a->volumes > 1)
		qsort(a->volume, a->volumes, sizeof *a->volume, by_number);
	return rc < 0 ? -1 : 0;
}

/* Read the header of volume i; its end is the file's for now. */
static int read_volume(struct jm_archive *a, size_t i, struct jm_err *err)
{
	struct jm_volume *v = &a->volume[i];
	uint64_t number = v->head.number;
	char path[JM_VOLUME_PATH_BYTES];
	struct stat st;
	int fd, rc;

	fd = jm_io_open(jm_volume_path(a->dir, number, path), O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	rc = fstat(fd, &st) == 0 ? 0 : jm_err_sys(err, JM_E_TEMP, "cannot stat");
	if (rc == 0) {
		v->end = (uint64_t)st.st_size;
		rc = jm_volume_read_head(fd, &v->head, err);
	}
	close(fd);
	if (rc == 0 && v->head.number != number)
		rc = jm_err_set(err, JM_E_CORRUPT, "it says it is volume %" PRIu64, v->head.number);
	v->head.number = number;
	return rc < 0 ? jm_err_wrap(err, "%s", path) : 0;
}

/* The volume before ends where this one says. */
static void link_volume(struct jm_archive *a, size_t i)
{
	struct jm_volume *v = &a->volume[i], *before = v - 1;

	if (v->headless)
		return;
	if (!before->headless && v->head.first_seq < before->head.first_seq)
		jm_salvage_problem(v,
		    "volume %" PRIu64 " begins with record %" PRIu64
		    ", but the one before it with %" PRIu64,
		    v->head.number, v->head.first_seq, before->head.first_seq);
	if (before->absent)
		return;
	if (v->head.previous_end > before->end)
		jm_salvage_problem(before,
		    "volume %" PRIu64 " is shorter (%" PRIu64
		    " bytes) than the next one says (%" PRIu64 ")",
		    before->head.number, before->end, v->head.previous_end);
	else
		before->end = v->head.previous_end;
}

/* The making of the last volume was cut short. */
static int remove_last(struct jm_archive *a, struct jm_err *err)
{
	const struct jm_volume *v = &a->volume[a->volumes - 1];
	char path[JM_VOLUME_PATH_BYTES], text[200];

	snprintf(text, sizeof text, "volume %" PRIu64 " had no header and no record: removed",
	    v->head.number);
	if (unlink(jm_volume_path(a->dir, v->head.number, path)) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot remove \"%s\"", path);
	a->volumes--;
	return note(a, "recovered", text, err);
}

/* known: as a catalog has it, or NULL. */
static int scan_volumes(struct jm_archive *a, const unsigned char *known, struct jm_err *err)
{
	bool headless = false;

	for (size_t i = 0; i < a->volumes; i++) {
		if (read_volume(a, i, err) == 0)
			continue;
		if (err->kind != JM_E_CORRUPT)
			return -1;
		if (i + 1 == a->volumes && a->volume[i].end <= JM_VOLUME_HEAD_BYTES &&
		    err->sys != EIO)
			return remove_last(a, err) < 0 ? -1 : scan_volumes(a, known, err);
		a->volume[i].headless = true;
		jm_salvage_problem(&a->volume[i], "%s", err->text);
	}
	if (a->volumes == 0)
		return 0;
	if (jm_salvage_absent(a, 0, err) < 0 || jm_salvage_uuid(a, known, err) < 0)
		return -1;
	for (size_t i = 0; i < a->volumes; i++) {
		headless |= a->volume[i].headless;
		if (i > 0)
			link_volume(a, i);
	}
	return headless ? jm_salvage_guess(a, err) : 0;
}

/* tell: note what is passed over as an event. A volume that is not what it was stops the start,
 * unless the catalog has everything of it, or it is the catalog that is to be made anew. */
static int judge_volumes(struct jm_archive *a, bool tell, struct jm_err *err)
{
	const struct jm_position *at = &a->position;

	for (size_t i = 0; i < a->volumes; i++) {
		const struct jm_volume *v = &a->volume[i];
		bool applied = at->volume > v->head.number ||
		    (at->volume == v->head.number && at->offset >= v->end);

		if (v->problem[0] == '\0' || a->rebuild)
			continue;
		if (i + 1 == a->volumes || !applied)
			return jm_err_set(err, JM_E_CORRUPT,
			    "%s: bring %s/volumes/%08" PRIu64
			    ".jmv back from a backup, which has the same file (or "
			    "live without what is lost: jmctl rebuild)",
			    v->problem, a->dir, v->head.number);
		if (tell && note(a, "damaged", v->problem, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the tail ---- */

/* Copy what is cut off to DIR/cut; best effort, it was never acknowledged. But what cannot be read
 * is not cut off: who knows what it is. -1 then. */
static int keep_cut(
    struct jm_archive *a, int fd, uint64_t volume, uint64_t from, uint64_t to, struct jm_err *err)
{
	static const size_t chunk_bytes = 65536;
	unsigned char *chunk = malloc(chunk_bytes);
	char path[JM_VOLUME_PATH_BYTES];
	struct jm_err why = { .kind = JM_E_NONE };
	int out = -1,
	    rc = !chunk ? jm_err_sys(err, JM_E_TEMP, "cutting off an unfinished write") : 0;

	snprintf(path, sizeof path, "%s/cut", a->dir);
	if (jm_io_mkdirs(path, 0700, &why) == 0) {
		snprintf(path, sizeof path, "%s/cut/%08" PRIu64 "-%" PRIu64, a->dir, volume, from);
		out = jm_io_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600, &why);
	}
	for (uint64_t at = from; rc == 0 && at < to;) {
		size_t n = to - at < chunk_bytes ? (size_t)(to - at) : chunk_bytes;

		rc = jm_io_pread(fd, chunk, n, at, err);
		if (rc == 0 && why.kind == JM_E_NONE)
			(void)!jm_io_write(out, chunk, n, &why);
		at += n;
	}
	if (why.kind != JM_E_NONE)
		JM_LOG(JM_LOG_WARNING, "cut-not-kept", { "error", JM_S(why.text) });
	if (out >= 0)
		close(out);
	free(chunk);
	return rc;
}

/* There is something, who knows what: nothing is cut off. */
static int unreadable(const struct jm_volume *v, uint64_t at, uint64_t seq, struct jm_err *err)
{
	struct jm_err why = *err;

	if (why.kind != JM_E_CORRUPT)
		return -1;
	return jm_err_set(err, JM_E_CORRUPT,
	    "volume %" PRIu64 " cannot be read at %" PRIu64 " (record %" PRIu64
	    ": %.200s): mend the disk or restore "
	    "the volume from a backup (or live without the record: jmctl rebuild)",
	    v->head.number, at, seq, why.text);
}

/* The record expected at at is bad. Was it acknowledged? A later record knows. */
static int judge_tail(
    struct jm_archive *a, const struct jm_volume *v, uint64_t at, uint64_t seq, struct jm_err *err)
{
	uint64_t from = at + 1, found_at = 0;
	struct jm_record_head h;
	struct jm_err why = *err;
	bool found;

	if (err->kind != JM_E_CORRUPT)
		return -1;
	if (err->sys == EIO || err->sys == ENODATA)
		return unreadable(v, at, seq, err);
	for (;;) {
		if (jm_volume_find(a->tail.fd, a->uuid, from, v->end, &found, &found_at, &h, err) <
		    0)
			return -1;
		if (!found) {
			*err = why;
			return 0;
		}
		if (h.seq == 0 || h.durable_seq >= seq)
			return jm_err_set(err, JM_E_CORRUPT,
			    "volume %" PRIu64 " is damaged at %" PRIu64 " (record %" PRIu64
			    ": %.200s), and record %" PRIu64
			    " behind it is good: restore the volume from a backup (or live without the record: jmctl rebuild)",
			    v->head.number, at, seq, why.text, h.seq);
		from = found_at + 1;
	}
}

static int cut(struct jm_archive *a, struct jm_volume *v, uint64_t at, struct jm_err *err)
{
	char text[300];

	snprintf(text, sizeof text,
	    "volume %" PRIu64 ": %" PRIu64 " bytes of an unfinished write cut off at %" PRIu64
	    " (%.100s)",
	    v->head.number, v->end - at, at, err->text);
	if (keep_cut(a, a->tail.fd, v->head.number, at, v->end, err) < 0)
		return unreadable(v, at, a->tail.next_seq, err);
	if (jm_io_truncate(a->tail.fd, at, err) < 0)
		return -1;
	v->end = at;
	return note(a, "recovered", text, err);
}

/* Rebuilding, and an acknowledged record is damaged: go on behind it. Its loss is told when the
 * catalog comes to it. */
static int pass_by(struct jm_archive *a, const struct jm_volume *v, const struct jm_record_head *h,
    struct jm_err *err)
{
	struct jm_tail *t = &a->tail;
	struct jm_record_head next;
	bool found;

	if (h->seq != 0 && jm_record_bytes(h) <= v->end - t->end) {
		t->end += jm_record_bytes(h);
		t->next_seq = h->seq + 1;
		/* Its digest is lost when that cannot be read either; then the next volume states
		 * the one before. */
		return jm_io_pread(t->fd, t->last_sha256, sizeof t->last_sha256,
			   t->end - sizeof t->last_sha256, err) < 0 &&
			err->kind != JM_E_CORRUPT
		    ? -1
		    : 0;
	}
	if (jm_volume_find(t->fd, a->uuid, t->end + 1, v->end, &found, &t->end, &next, err) < 0)
		return -1;
	if (found) {
		t->next_seq = next.seq;
		return 0;
	}
	t->end = v->end;
	t->unusable = true;
	return 0;
}

/* One record with its body. What does not fit is read twice: a read may go wrong, and what follows
 * may be a cut. */
static int read_whole(
    const struct jm_archive *a, const struct jm_volume *v, struct jm_record *r, struct jm_err *err)
{
	const struct jm_tail *t = &a->tail;

	for (bool again = false;; again = true) {
		if (jm_volume_read(t->fd, a->uuid, v->head.number, t->end, v->end, r, err) == 0 &&
		    jm_volume_check_body(t->fd, r, err) == 0)
			return 0;
		jm_record_release(r);
		if (again || err->kind != JM_E_CORRUPT)
			return -1;
		(void)posix_fadvise(t->fd, (off_t)t->end, 0, POSIX_FADV_DONTNEED);
	}
}

/* Read the last volume from the catalog's position on, whole records with bodies, to its end. */
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
		if (rc < 0) {
			if (judge_tail(a, v, t->end, t->next_seq, err) == 0 && !v->headless)
				return cut(a, v, t->end, err);
			if (!a->rebuild || err->kind != JM_E_CORRUPT ||
			    pass_by(a, v, &r.head, err) < 0)
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

/* The catalog may not know more than the volumes hold. */
static int check_position(const struct jm_archive *a, struct jm_err *err)
{
	const struct jm_volume *last = &a->volume[a->volumes - 1];
	const struct jm_position *at = &a->position;

	if (at->volume > last->head.number ||
	    (at->volume == last->head.number && at->offset > last->end))
		return jm_err_set(err, JM_E_CORRUPT,
		    "the volumes end at volume %" PRIu64 ", %" PRIu64 " bytes, but record %" PRIu64
		    " stood at volume %" PRIu64 " before %" PRIu64
		    ": bring the missing part back from a backup (or live without it: jmctl rebuild)",
		    last->head.number, last->end, at->seq, at->volume, at->offset);
	return 0;
}

static int open_tail(struct jm_archive *a, struct jm_err *err)
{
	struct jm_volume *v = &a->volume[a->volumes - 1];
	struct jm_tail *t = &a->tail;
	char path[JM_VOLUME_PATH_BYTES];
	bool sealed = false;

	t->fd = jm_io_open(jm_volume_path(a->dir, v->head.number, path), O_RDWR, 0, err);
	if (t->fd < 0)
		return -1;
	t->end = JM_VOLUME_HEAD_BYTES;
	t->next_seq = v->head.first_seq;
	memcpy(t->last_sha256, v->head.previous_sha256, sizeof t->last_sha256);
	if (a->position.volume == v->head.number && a->position.offset > JM_VOLUME_HEAD_BYTES) {
		t->end = a->position.offset;
		t->next_seq = a->position.seq + 1;
		memcpy(t->last_sha256, a->position.sha256, sizeof t->last_sha256);
	}
	if (scan_tail(a, v, &sealed, err) < 0)
		return -1;
	/* What was found may not have been synced by whoever wrote it. */
	if (jm_io_datasync(t->fd, err) < 0)
		return -1;
	t->unusable |= v->problem[0] != '\0';
	if (sealed || t->end >= a->volume_size_bytes || t->unusable) {
		close(t->fd);
		t->fd = -1;
	}
	return 0;
}

/* ---- all of it ---- */

static int first_volume(struct jm_archive *a, bool must_exist, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	/* A catalog is made after the first volume; without one, what was mounted at volumes may be
	 * not. */
	snprintf(path, sizeof path, "%s/catalog.db", a->catalog_dir);
	if (access(path, F_OK) == 0)
		return jm_err_set(err, JM_E_CORRUPT,
		    "there is a catalog in \"%s\" but no volume in \"%s/volumes\": is a disk not mounted? (To begin a new "
		    "archive, remove the catalog)",
		    a->catalog_dir, a->dir);
	snprintf(path, sizeof path, "%s/volumes.part", a->dir);
	if (access(path, F_OK) == 0)
		return jm_err_set(err, JM_E_CORRUPT,
		    "a restore into \"%s\" was broken off: run jmctl restore again (or remove %s)",
		    a->dir, path);
	if (must_exist)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", a->dir);
	snprintf(path, sizeof path, "%s/volumes", a->dir);
	if (jm_io_mkdirs(path, 0700, err) < 0 || jm_io_sync_dir(a->dir, err) < 0 ||
	    jm_random_bytes(a->uuid, sizeof a->uuid, err) < 0)
		return -1;
	a->tail.next_seq = 1;
	return jm_writer_roll(a, err);
}

/* What the catalog that is to be made anew knows of the log's end. False: nothing. */
static bool ask_catalog(
    struct jm_archive *a, struct jm_position *known, unsigned char uuid[JM_UUID_BYTES])
{
	struct jm_catalog *c = NULL;
	struct jm_err no;
	char bad[JM_VOLUME_PATH_BYTES];
	const char *folder = a->catalog_dir;
	int rc = 0;

	snprintf(bad, sizeof bad, "%s.bad", a->catalog_dir);
	if (access(folder, F_OK) != 0)
		folder = bad;
	if (access(folder, F_OK) == 0 && jm_catalog_open(folder, a->cache_bytes, &c, &no) == 0)
		rc = jm_apply_position(c, known, uuid, &no);
	jm_catalog_close(&c);
	return rc == 1;
}

/* Rebuilding: the old catalog knew more than the volumes hold. Name what is lost; its numbers are
 * not given again. */
static int find_lost(struct jm_archive *a, const struct jm_position *known, struct jm_err *err)
{
	struct jm_volume *last = &a->volume[a->volumes - 1];

	if (known->volume < last->head.number ||
	    (known->volume == last->head.number && known->offset <= last->end))
		return 0;
	if (known->volume == last->head.number)
		jm_salvage_problem(last,
		    "volume %" PRIu64 " ends at %" PRIu64 ", but record %" PRIu64
		    " stood before %" PRIu64,
		    last->head.number, last->end, known->seq, known->offset);
	return jm_salvage_absent(a, known->volume, err) < 0 ? -1 : jm_salvage_guess(a, err);
}

/* Rebuilding: nothing more goes into the last volume; the next one follows what is there, or what
 * the old catalog knew. */
static int go_on_behind(struct jm_archive *a, const struct jm_position *known, struct jm_err *err)
{
	struct jm_tail *t = &a->tail;

	if (known->seq > a->position.seq && jm_applier_skip_to(a, known, err) < 0)
		return -1;
	t->fd = -1;
	t->end = a->position.offset;
	t->next_seq = a->position.seq + 1;
	memcpy(t->last_sha256, a->position.sha256, sizeof t->last_sha256);
	return jm_writer_roll(a, err);
}

static int open_log(
    struct jm_archive *a, const struct jm_position *known, bool tell, struct jm_err *err)
{
	const struct jm_volume *last = &a->volume[a->volumes - 1];

	if (judge_volumes(a, tell, err) < 0 || check_position(a, err) < 0)
		return -1;
	if (last->absent || known->volume > last->head.number ||
	    (known->volume == last->head.number && known->offset > last->end))
		a->tail.unusable = true;
	else if (open_tail(a, err) < 0)
		return -1;
	if (jm_applier_replay(a, err) < 0)
		return -1;
	if (a->tail.unusable || known->seq > a->position.seq) {
		if (a->tail.fd >= 0)
			close(a->tail.fd);
		return go_on_behind(a, known, err);
	}
	return 0;
}

/* known and its uuid: as an old catalog has it; NULL: there is none. The volumes are listed. */
static int start(struct jm_archive *a, bool must_exist, struct jm_position *known,
    const unsigned char *uuid, struct jm_err *err)
{
	char text[JM_ERR_TEXT_BYTES + 80];
	struct jm_err why;
	bool empty;

	if (scan_volumes(a, uuid, err) < 0)
		return -1;
	empty = a->volumes == 0;
	if (empty && first_volume(a, must_exist, err) < 0)
		return -1;
	if (!uuid || memcmp(uuid, a->uuid, sizeof a->uuid) != 0)
		*known = (struct jm_position){ .seq = 0 };
	if (known->seq > 0 && find_lost(a, known, err) < 0)
		return -1;
	if (jm_applier_open(a, &why, err) < 0)
		return -1;
	if (why.kind != JM_E_NONE) {
		snprintf(text, sizeof text, "catalog made anew from the volumes: %s", why.text);
		if (note(a, "rebuilt", text, err) < 0)
			return -1;
	}
	if ((empty ? jm_applier_replay(a, err) : open_log(a, known, !must_exist, err)) < 0)
		return -1;
	if (a->position.seq != a->tail.next_seq - 1)
		return jm_err_set(err, JM_E_CORRUPT,
		    "the catalog ends with record %" PRIu64 ", the volumes with %" PRIu64,
		    a->position.seq, a->tail.next_seq - 1);
	a->applied_seq = a->durable_seq = a->position.seq;
	return 0;
}

/* Rebuilding: the new catalog is made aside, in DIR/catalog.new, so that there is always a whole
 * one. */
static int rebuild(struct jm_archive *a, bool must_exist, struct jm_err *err)
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
	rc = start(a, must_exist, &known, knows ? uuid : NULL, err);
	a->catalog_dir = own;
	if (rc == 0)
		rc = jm_applier_put_in_place(a, aside, err);
	free(aside);
	return rc;
}

int jm_recover_start(struct jm_archive *a, bool must_exist, struct jm_err *err)
{
	struct jm_position known = { .seq = 0 };

	a->tail.fd = -1;
	if (list_volumes(a, err) < 0)
		return -1;
	return a->rebuild && a->volumes > 0 ? rebuild(a, must_exist, err)
					    : start(a, must_exist, &known, NULL, err);
}
