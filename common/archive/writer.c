/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The committer: takes what waits, stamps it, one write and one fdatasync for the group, wakes the
 * waiters, hands the group to the applier.
 *
 * What may never happen: something acknowledged that was not synced, or two records under one
 * sequence number in the valid part of the volumes. A failed write is cut off again. A failed sync
 * is final for that file: the next group goes into a new volume, whose header says where the valid
 * part of the one before ends.
 */
#include "common/archive/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"

#define GROUP_MAX 256        /* records in a group */
#define PIECES 4             /* header, metadata, body, trailer */
#define NOTE_WAIT_US 1000000 /* an event waits no longer for a group */
#define RECHECK_BYTES \
	(64ull << 20) /* acknowledged bytes that are read again after a failed sync \
		       */

struct group {
	struct jm_ticket *ticket[GROUP_MAX + 1]; /* one more for a seal */
	size_t n;
	uint64_t bytes;
	struct jm_ticket *wake[GROUP_MAX + 1]; /* outcome known: those that somebody waits for */
	size_t wakes;
};

/* ---- volumes ---- */

static int add_volume(struct jm_archive *a, const struct jm_volume_head *h, struct jm_err *err)
{
	int rc;

	pthread_mutex_lock(&a->lock);
	rc = jm_volumes_add(a, &(struct jm_volume){ *h, JM_VOLUME_HEAD_BYTES }, err);
	pthread_mutex_unlock(&a->lock);
	return rc;
}

static struct jm_volume_head next_volume(const struct jm_archive *a)
{
	struct jm_volume_head h = { .number = a->volumes + 1,
		.first_seq = a->tail.next_seq,
		.created_ms = jm_clock_now_ms() };

	memcpy(h.uuid, a->uuid, sizeof h.uuid);
	if (a->volumes > 0) {
		h.number = a->volume[a->volumes - 1].head.number + 1;
		h.previous_end = a->tail.end;
		memcpy(h.previous_sha256, a->tail.last_sha256, sizeof h.previous_sha256);
	}
	return h;
}

int jm_writer_roll(struct jm_archive *a, struct jm_err *err)
{
	struct jm_volume_head h = next_volume(a);
	int fd;

	if (jm_volume_create(a->dir, &h, &fd, err) < 0)
		return -1;
	if (add_volume(a, &h, err) < 0) {
		close(fd);
		return -1;
	}
	a->tail.fd = fd;
	a->tail.end = JM_VOLUME_HEAD_BYTES;
	return 0;
}

/* After a failed sync: do the last acknowledged records read back? Reading may be served from
 * memory, so this can only find damage, not exclude it. */
static int recheck(struct jm_archive *a, struct jm_err *err)
{
	const struct jm_volume *v = &a->volume[a->volumes - 1];
	uint64_t at = JM_VOLUME_HEAD_BYTES;
	struct jm_record r;

	while (at < a->tail.end) {
		bool late = a->tail.end - at <= RECHECK_BYTES;

		int rc = jm_volume_read(
		    a->tail.fd, a->uuid, v->head.number, at, a->tail.end, &r, err);

		if (rc == 0 && late)
			rc = jm_volume_check_body(a->tail.fd, &r, err);
		if (rc < 0) {
			jm_record_release(&r);
			return jm_err_wrap(err,
			    "reading back after a failed sync: volume %" PRIu64 " at %" PRIu64,
			    v->head.number, at);
		}
		at += jm_record_bytes(&r.head);
		jm_record_release(&r);
	}
	return 0;
}

static void leave_volume(struct jm_archive *a)
{
	close(a->tail.fd);
	a->tail.fd = -1;
	a->tail.untrimmed = a->tail.doubtful = false;
}

/* Make the end of the log fit for a group. */
static int ready(struct jm_archive *a, struct jm_err *err)
{
	struct jm_tail *t = &a->tail;

	if (t->damaged)
		return jm_err_set(err, JM_E_TEMP,
		    "acknowledged records do not read back from volume %" PRIu64
		    ": not writing until the archive is "
		    "opened again and verified",
		    a->volume[a->volumes - 1].head.number);
	if (t->fd >= 0 && t->doubtful) {
		if (recheck(a, err) < 0) {
			t->damaged = err->kind == JM_E_CORRUPT && err->sys != EIO; /* one that
										      cannot be read
										      now is tried
										      again */
			err->kind = JM_E_TEMP;
			return -1;
		}
		leave_volume(a);
	}
	if (t->fd >= 0 && t->untrimmed) {
		if (jm_io_truncate(t->fd, t->end, err) < 0)
			return jm_err_wrap(err, "cutting off an incomplete write");
		t->untrimmed = false;
	}
	return 0;
}

/* ---- a group ---- */

static int stamp(struct jm_archive *a, struct jm_ticket *t, uint64_t seq, uint64_t offset,
    uint64_t durable_seq, struct jm_err *err)
{
	if (t->want_seq != 0 && t->want_seq != seq)
		return jm_err_set(
		    err, JM_E_BUG, "record %" PRIu64 " would become %" PRIu64, t->want_seq, seq);
	t->head.seq = seq;
	t->head.time_ms = t->want_seq != 0 ? t->want_time_ms : jm_clock_now_ms();
	t->head.durable_seq = durable_seq;
	t->volume = a->volume[a->volumes - 1].head.number;
	t->offset = offset;
	jm_record_encode(&t->head, a->uuid, t->head_bytes);
	return jm_record_trailer(t->head_bytes, t->meta_sha256, t->body_crc, t->trailer, err);
}

/* The volume is full with this group: it ends with a seal. Without memory for one it just ends. */
static void add_seal(struct jm_archive *a, struct group *g)
{
	const struct jm_volume *v = &a->volume[a->volumes - 1];
	json_t *meta = json_pack("{s:I,s:I,s:I}", "volume", (json_int_t)v->head.number, "first_seq",
	    (json_int_t)v->head.first_seq, "last_seq", (json_int_t)(a->tail.next_seq + g->n - 1));
	struct jm_err no;
	struct jm_ticket *t = !meta ? NULL : jm_ticket_new(JM_RECORD_SEAL, meta, &no);

	if (t) {
		g->bytes += jm_record_bytes(&t->head);
		g->ticket[g->n++] = t;
	}
}

static int write_group(struct jm_archive *a, struct group *g, struct jm_err *err)
{
	struct iovec v[PIECES * (GROUP_MAX + 1)];
	uint64_t offset = a->tail.end, durable_seq = a->tail.next_seq - 1;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct jm_ticket *t = g->ticket[i];

		if (stamp(a, t, a->tail.next_seq + i, offset, durable_seq, err) < 0)
			return -1;
		v[n++] = (struct iovec){ t->head_bytes, sizeof t->head_bytes };
		v[n++] = (struct iovec){ t->meta_text, t->head.meta_bytes };
		v[n++] = (struct iovec){ (void *)(uintptr_t)t->body.p, t->body.len };
		v[n++] = (struct iovec){ t->trailer, sizeof t->trailer };
		offset += jm_record_bytes(&t->head);
	}
	if (jm_io_pwritev(a->tail.fd, v, n, a->tail.end, err) < 0) {
		struct jm_err no;

		a->tail.untrimmed = jm_io_truncate(a->tail.fd, a->tail.end, &no) < 0;
		return jm_err_wrap(err, "volume %" PRIu64, a->volume[a->volumes - 1].head.number);
	}
	if (jm_io_datasync(a->tail.fd, err) < 0) {
		a->tail.doubtful = true;
		return jm_err_wrap(err, "volume %" PRIu64, a->volume[a->volumes - 1].head.number);
	}
	return 0;
}

/* A large record that stands in a file of its own already: that becomes the next volume. */
static int commit_apart(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	struct jm_volume_head h = next_volume(a);
	char path[JM_VOLUME_PATH_BYTES];

	if (stamp(a, t, a->tail.next_seq, JM_VOLUME_HEAD_BYTES, a->tail.next_seq - 1, err) < 0)
		return -1;
	t->volume = h.number;
	if (jm_apart_adopt(a, t, &h, err) < 0)
		return -1;
	if (add_volume(a, &h, err) < 0) {
		unlink(jm_volume_path(a->dir, h.number, path));
		return -1;
	}
	if (a->tail.fd >= 0)
		leave_volume(a);
	a->tail.fd = t->apart_fd;
	t->apart_fd = -1;
	a->tail.end = JM_VOLUME_HEAD_BYTES + jm_record_bytes(&t->head);
	a->tail.next_seq++;
	memcpy(a->tail.last_sha256, t->trailer + JM_RECORD_SHA256_AT, JM_SHA256_BYTES);
	return 0;
}

static int commit(struct jm_archive *a, struct group *g, struct jm_err *err)
{
	bool full;

	if (ready(a, err) < 0)
		return -1;
	if (g->n == 1 && g->ticket[0]->apart != 0)
		return commit_apart(a, g->ticket[0], err);
	if (a->tail.fd < 0 && jm_writer_roll(a, err) < 0)
		return -1;
	full = a->tail.end + g->bytes >= a->volume_size_bytes ||
	    g->ticket[g->n - 1]->head.type == JM_RECORD_SEAL;
	if (full && !a->verbatim)
		add_seal(a, g);
	if (write_group(a, g, err) < 0)
		return -1;
	a->tail.end += g->bytes;
	a->tail.next_seq += g->n;
	memcpy(a->tail.last_sha256, g->ticket[g->n - 1]->trailer + JM_RECORD_SHA256_AT,
	    JM_SHA256_BYTES);
	if (full)
		leave_volume(a);
	return 0;
}

/* ---- queues ---- */

bool jm_writer_submit(struct jm_archive *a, struct jm_ticket *t)
{
	bool idle = a->waiting.n == 0 && a->large.n == 0;

	if (a->busy_since_us == 0)
		a->busy_since_us = jm_clock_mono_us();
	if (a->verbatim) { /* in this order and no other */
		jm_queue_add(&a->waiting, t);
		return idle;
	}
	if (t->head.type == JM_RECORD_EVENT) {
		if (a->notes.n == 0)
			a->notes_since_us = jm_clock_mono_us();
		jm_queue_add(&a->notes, t);
		return idle && (a->notes.n == 1 || a->notes.n == GROUP_MAX);
	}
	jm_queue_add(t->body.len > JM_LARGE_BYTES || t->apart != 0 ? &a->large : &a->waiting, t);
	return idle;
}

static void take(struct group *g, struct jm_queue *q, size_t max)
{
	while (q->n > 0 && max-- > 0 && g->n < GROUP_MAX) {
		struct jm_ticket *t = jm_queue_take(q);

		g->ticket[g->n++] = t;
		g->bytes += jm_record_bytes(&t->head);
		if (t->head.type == JM_RECORD_SEAL) /* one that is loaded: nothing stands behind it
						       in its volume */
			return;
	}
}

void jm_writer_drop_note(struct jm_archive *a)
{
	if (a->notes_untold++ == 0)
		JM_LOG(JM_LOG_WARNING, "events-dropped", { "dir", JM_S(a->dir) },
		    { "waiting", JM_U(a->notes.n) });
	a->notes_dropped++;
}

/* Under lock. How many events were dropped is one, as soon as those that waited are through.
 * Without memory, or room, it goes with a later group. */
static void tell_dropped(struct jm_archive *a, struct group *g)
{
	struct jm_event e = {
		.time_ms = jm_clock_now_ms(), .kind = "events-dropped", .actor = "archive"
	};
	struct jm_ticket *t;
	struct jm_err no;
	char text[160];
	json_t *meta;

	if (a->notes_untold == 0 || a->notes.n > 0 || g->n == GROUP_MAX)
		return;
	snprintf(text, sizeof text,
	    "%" PRIu64
	    " events are missing here, since %d waited to be written already; the daemon's log has them",
	    a->notes_untold, JM_NOTES_MAX);
	e.text = text;
	meta = jm_describe_event(&e, &no);
	t = !meta ? NULL : jm_ticket_new(JM_RECORD_EVENT, meta, &no);
	if (!t)
		return;
	t->tells = a->notes_untold;
	a->notes_untold = 0;
	g->ticket[g->n++] = t;
	g->bytes += jm_record_bytes(&t->head);
}

/* Under lock. Small ones together; a large one alone, and small ones between two large ones. */
static void take_group(struct jm_archive *a, struct group *g)
{
	g->n = 0;
	g->bytes = 0;
	if (a->large.n > 0 && (a->waiting.n == 0 || !a->tail.last_was_large)) {
		take(g, &a->large, 1);
		a->tail.last_was_large = true;
		return;
	}
	a->tail.last_was_large = false;
	take(g, &a->waiting, GROUP_MAX);
	if (a->notes_untold == 0)
		take(g, &a->notes, GROUP_MAX);
	else if (g->n < GROUP_MAX)
		take(g, &a->notes, GROUP_MAX - g->n - 1); /* room for one more */
	tell_dropped(a, g);
}

/* An event of jm_archive_note(). */
static bool is_note(const struct jm_ticket *t)
{
	return t->head.type == JM_RECORD_EVENT && !t->awaited && t->tells == 0;
}

/* Under lock. The group failed: tell who waits; events try again later. */
static void give_back(struct jm_archive *a, struct group *g, const struct jm_err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		struct jm_ticket *t = g->ticket[i];

		if (t->head.type == JM_RECORD_EVENT && !t->awaited && a->notes.n < JM_NOTES_MAX &&
		    !a->stopping) {
			jm_queue_add(&a->notes, t);
			a->notes_since_us = jm_clock_mono_us();
			continue;
		}
		if (t->tells > 0)
			a->notes_untold += t->tells;
		else if (is_note(t))
			jm_writer_drop_note(a);
		a->notes_done += is_note(t);
		t->err = *err;
		jm_flight_release(a, t->flight, t->flights); /* here, since a load may wait for the
								digest before it looks at the
								outcome */
		t->flights = 0;
		if (t->awaited)
			g->wake[g->wakes++] = t; /* the one who waits has a reference */
		jm_ticket_drop(t);
	}
}

/* Under lock. The group is durable. True: the applier should know. */
static bool acknowledge(struct jm_archive *a, struct group *g)
{
	size_t before = a->durable.n;

	a->volume[a->volumes - 1].end = a->tail.end;
	a->durable_seq = a->tail.next_seq - 1;
	a->groups++;
	for (size_t i = 0; i < g->n; i++) {
		struct jm_ticket *t = g->ticket[i];

		if (t->awaited)
			g->wake[g->wakes++] = t;
		a->notes_done += is_note(t);
		jm_queue_add(&a->durable, t);
	}
	return before == 0 || (before < JM_APPLY_MANY && a->durable.n >= JM_APPLY_MANY);
}

/* Without the lock. A ticket may be gone as soon as it is posted. */
static void wake(struct jm_archive *a, struct group *g, bool applier)
{
	for (size_t i = 0; i < g->wakes; i++)
		(void)sem_post(&g->wake[i]->done);
	g->wakes = 0;
	if (applier)
		pthread_cond_signal(&a->to_apply);
}

/* Under lock. Wait for work; false at the end. */
static bool await(struct jm_archive *a)
{
	for (;;) {
		int64_t left = NOTE_WAIT_US;
		struct timespec at;

		if (a->waiting.n > 0 || a->large.n > 0)
			return true;
		if (a->notes.n > 0) {
			left = a->notes_since_us + NOTE_WAIT_US - jm_clock_mono_us();
			if (left <= 0 || a->stopping ||
			    (a->notes.n >= GROUP_MAX && a->write_trouble.kind == JM_E_NONE))
				return true;
		}
		if (a->stopping)
			return false;
		if (a->notes.n == 0) {
			pthread_cond_wait(&a->work, &a->lock);
			continue;
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += (left * 1000 + at.tv_nsec) / 1000000000;
		at.tv_nsec = (left * 1000 + at.tv_nsec) % 1000000000;
		pthread_cond_timedwait(&a->work, &a->lock, &at);
	}
}

/* Under lock. Log when writing stops working and when it works again, not each time. */
static void note_outcome(struct jm_archive *a, int rc, const struct jm_err *err)
{
	if (rc == 0 && a->write_trouble.kind != JM_E_NONE)
		JM_LOG(JM_LOG_NOTICE, "archive-writes-again", { "dir", JM_S(a->dir) });
	if (rc < 0 && a->write_trouble.kind == JM_E_NONE)
		JM_LOG(JM_LOG_ERROR, "archive-cannot-write", { "dir", JM_S(a->dir) },
		    { "error", JM_S(err->text) });
	if (rc < 0)
		a->write_trouble = *err;
	else
		a->write_trouble.kind = JM_E_NONE;
}

void *jm_writer_run(void *archive)
{
	struct jm_archive *a = archive;
	struct group *g = a->group;
	struct jm_err err = { .kind = JM_E_NONE };

	pthread_mutex_lock(&a->lock);
	while (await(a)) {
		bool apply = false;
		int64_t begun_us;
		int rc;

		take_group(a, g);
		pthread_mutex_unlock(&a->lock);
		begun_us = jm_clock_mono_us();
		rc = commit(a, g, &err);
		pthread_mutex_lock(&a->lock);
		note_outcome(a, rc, &err);
		if (rc == 0) {
			jm_gauge_commit(a, jm_clock_mono_us() - begun_us);
			apply = acknowledge(a, g);
		} else {
			give_back(a, g, &err);
		}
		a->busy_since_us = a->waiting.n + a->large.n + a->notes.n > 0 ? jm_clock_mono_us()
									      : 0;
		pthread_mutex_unlock(&a->lock);
		wake(a, g, apply);
		pthread_mutex_lock(&a->lock);
	}
	a->committer_gone = true;
	pthread_cond_signal(&a->to_apply);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

void *jm_writer_group_new(void)
{
	return calloc(1, sizeof(struct group));
}
