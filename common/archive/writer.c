/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The committer: it takes the waiting tickets as a group, stamps them, makes one write and one
 * fdatasync for the group, wakes the waiting threads, and gives the group to the applier.
 *
 * Two things must never happen: a record is acknowledged before it was synced, and two records in
 * the valid part of the volumes have the same number.
 */
#include "common/archive/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/archive/applier.h"
#include "common/archive/commit.h"
#include "common/archive/flight.h"
#include "common/archive/gauge.h"
#include "common/archive/tail.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/num.h"
#include "common/base/step.h"
#include "common/volume/metadata.h"

#define PIECES 4             /* header, metadata, body, trailer */
#define NOTE_WAIT_US 1000000 /* an event waits no longer than this for other records */

struct group {
	struct jm_ticket *ticket[JM_GROUP_MAX + 1]; /* one more for a seal */
	size_t n;
	uint64_t bytes;
	struct jm_ticket *wake[JM_GROUP_MAX + 1]; /* finished, and a thread waits */
	size_t wakes;
};

/* ---- a group ---- */

static int ticket_stamp(struct jm_archive *a, struct jm_ticket *t, uint64_t seq,
    const struct jm_place *at, struct jm_err *err)
{
	if (t->want_seq != 0 && t->want_seq != seq)
		return jm_err_set(
		    err, JM_E_BUG, "record %" PRIu64 " would become %" PRIu64, t->want_seq, seq);
	t->head.seq = seq;
	t->head.time_ms = t->want_seq != 0 ? t->want_time_ms : jm_clock_now_ms();
	t->head.durable_seq = a->tail.next_seq - 1;
	t->at = *at;
	jm_record_encode(&t->head, a->volumes.uuid, t->head_bytes);
	return jm_record_trailer(t->head_bytes, t->meta_sha256, t->body_crc, t->trailer, err);
}

/* The volume is full with this group: end it with a seal. Without memory the seal is left out. */
static void add_seal(struct jm_archive *a, struct group *g)
{
	struct jm_ticket *t = NULL;
	struct jm_volume last;
	struct jm_err ignored;
	json_t *meta = NULL;

	if (jm_volumes_last(&a->volumes, &last))
		meta = json_pack("{s:I,s:I,s:I}", "volume", (json_int_t)last.head.number,
		    "first_seq", (json_int_t)last.head.first_seq, "last_seq",
		    (json_int_t)(a->tail.next_seq + g->n - 1));
	if (meta)
		t = jm_ticket_new(JM_RECORD_SEAL, meta, &ignored);
	if (t) {
		g->bytes += jm_record_bytes(&t->head);
		g->ticket[g->n++] = t;
	}
}

static int write_group(struct jm_archive *a, struct group *g, struct jm_err *err)
{
	struct iovec v[PIECES * (JM_GROUP_MAX + 1)];
	struct jm_tail *tail = &a->tail;
	struct jm_place at = { tail->file.number, tail->end };
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct jm_ticket *t = g->ticket[i];

		if (ticket_stamp(a, t, tail->next_seq + i, &at, err) != 0)
			return -1;
		v[n++] = (struct iovec){ t->head_bytes, sizeof t->head_bytes };
		v[n++] = (struct iovec){ t->meta_text, t->head.meta_bytes };
		v[n++] = (struct iovec){ (void *)(uintptr_t)t->body.p, t->body.len };
		v[n++] = (struct iovec){ t->trailer, sizeof t->trailer };
		at.offset += jm_record_bytes(&t->head);
	}
	if (jm_volume_write(&tail->file, v, n, tail->end, err) != 0) {
		struct jm_err ignored;

		tail->untrimmed = jm_volume_truncate(&tail->file, tail->end, &ignored) != 0;
		return jm_err_wrap(err, "volume %" PRIu64, at.volume);
	}
	if (jm_volume_sync(&tail->file, err) != 0) {
		tail->doubtful = true;
		return jm_err_wrap(err, "volume %" PRIu64, at.volume);
	}
	return 0;
}

/* Commit a large record whose body is in a file of its own: that file becomes the next volume. */
static int commit_apart(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	const struct jm_place at = { jm_tail_next_volume(a), JM_VOLUME_HEAD_BYTES };

	if (ticket_stamp(a, t, a->tail.next_seq, &at, err) != 0 || jm_tail_adopt(a, t, err) != 0)
		return -1;
	a->tail.next_seq++;
	memcpy(a->tail.last_sha256, t->trailer + JM_RECORD_SHA256_AT, JM_SHA256_BYTES);
	return 0;
}

static int group_commit(struct jm_archive *a, struct group *g, struct jm_err *err)
{
	struct jm_tail *tail = &a->tail;
	bool full;

	if (jm_tail_mend(a, err) != 0)
		return -1;
	if (g->n == 1 && jm_apart_exists(&g->ticket[0]->apart))
		return commit_apart(a, g->ticket[0], err);
	if (!jm_volume_is_open(&tail->file) && jm_tail_roll(a, err) != 0)
		return -1;
	full = tail->end + g->bytes >= a->volume_size_bytes ||
	    g->ticket[g->n - 1]->head.type == JM_RECORD_SEAL;
	if (full && !a->verbatim)
		add_seal(a, g);
	if (write_group(a, g, err) != 0)
		return -1;
	tail->end += g->bytes;
	tail->next_seq += g->n;
	memcpy(
	    tail->last_sha256, g->ticket[g->n - 1]->trailer + JM_RECORD_SHA256_AT, JM_SHA256_BYTES);
	if (full)
		jm_tail_leave(a);
	return 0;
}

/* ---- queues ---- */

static void group_take(struct group *g, struct jm_tickets *q, size_t max)
{
	while (q->n > 0 && max-- > 0 && g->n < JM_GROUP_MAX) {
		struct jm_ticket *t = jm_tickets_take(q);

		g->ticket[g->n++] = t;
		g->bytes += jm_record_bytes(&t->head);
		/* A seal from a load: no record follows it in its volume. */
		if (t->head.type == JM_RECORD_SEAL)
			return;
	}
}

/* Holding lock. Add an event that states the number of dropped events, as soon as no events wait.
 * Without memory or room it is added to a later group. */
static void note_dropped(struct jm_archive *a, struct group *g)
{
	struct jm_event e = {
		.time_ms = jm_clock_now_ms(), .kind = "events-dropped", .actor = "archive"
	};
	struct jm_ticket *t;
	struct jm_err ignored;
	char text[160];
	json_t *meta;

	if (a->notes_untold == 0 || a->notes.n > 0 || g->n == JM_GROUP_MAX)
		return;
	snprintf(text, sizeof text,
	    "missing here: %" PRIu64 " event%s, since %d waited to be written already; "
	    "the daemon's log has them",
	    a->notes_untold, jm_num_s(a->notes_untold), JM_NOTES_MAX);
	e.text = text;
	meta = jm_describe_event(&e, &ignored);
	t = !meta ? NULL : jm_ticket_new(JM_RECORD_EVENT, meta, &ignored);
	if (!t)
		return;
	t->untold = a->notes_untold;
	a->notes_untold = 0;
	g->ticket[g->n++] = t;
	g->bytes += jm_record_bytes(&t->head);
}

/* Holding lock. Fill the group: small records together; a large record alone, and a group of small
 * records between two large ones. */
static void take_group(struct jm_archive *a, struct group *g)
{
	g->n = 0;
	g->bytes = 0;
	if (a->large.n > 0 && (a->waiting.n == 0 || !a->tail.last_was_large)) {
		group_take(g, &a->large, 1);
		a->tail.last_was_large = true;
		return;
	}
	a->tail.last_was_large = false;
	group_take(g, &a->waiting, JM_GROUP_MAX);
	if (a->notes_untold == 0)
		group_take(g, &a->notes, JM_GROUP_MAX);
	else if (g->n < JM_GROUP_MAX)
		group_take(g, &a->notes, JM_GROUP_MAX - g->n - 1); /* room for one more */
	note_dropped(a, g);
}

/* An event of jm_archive_note(). */
static bool is_note(const struct jm_ticket *t)
{
	return t->head.type == JM_RECORD_EVENT && !t->awaited && t->untold == 0;
}

/* Holding lock. The group failed: waiting threads get the error; events are tried again later. */
static void give_back(struct jm_archive *a, struct group *g, const struct jm_err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		struct jm_ticket *t = g->ticket[i];

		if (t->head.type == JM_RECORD_EVENT && !t->awaited && a->notes.n < JM_NOTES_MAX &&
		    !a->stopping) {
			jm_tickets_add(&a->notes, t);
			a->notes_since_us = jm_clock_mono_us();
			continue;
		}
		if (t->untold > 0)
			a->notes_untold += t->untold;
		else if (is_note(t))
			jm_commit_drop_note(a);
		a->notes_done += is_note(t);
		t->err = *err;
		/* Release them here, since a load may wait for the digest before it settles. */
		jm_flight_release_locked(a, t);
		if (t->awaited)
			g->wake[g->wakes++] = t; /* the waiting thread has a reference */
		jm_ticket_drop(t);
	}
}

/* Holding lock. The group is durable: give it to the applier. True: the applier must be signalled.
 */
static bool acknowledge(struct jm_archive *a, struct group *g)
{
	size_t before = a->durable.n;
	struct jm_volume last;

	jm_volumes_grow(&a->volumes, a->tail.end);
	a->durable_seq = a->tail.next_seq - 1;
	a->end.seq = a->durable_seq;
	a->end.offset = a->tail.end;
	memcpy(a->end.sha256, a->tail.last_sha256, sizeof a->end.sha256);
	if (jm_volumes_last(&a->volumes, &last))
		a->end.volume = last.head.number;
	a->groups++;
	for (size_t i = 0; i < g->n; i++) {
		struct jm_ticket *t = g->ticket[i];

		if (t->awaited)
			g->wake[g->wakes++] = t;
		a->notes_done += is_note(t);
		jm_tickets_add(&a->durable, t);
	}
	return before == 0 || (before < JM_APPLY_MANY && a->durable.n >= JM_APPLY_MANY);
}

/* Without lock. A ticket may be freed as soon as it is posted. */
static void group_wake(struct jm_archive *a, struct group *g, bool applier)
{
	for (size_t i = 0; i < g->wakes; i++)
		sem_post(&g->wake[i]->done);
	g->wakes = 0;
	if (applier)
		pthread_cond_signal(&a->to_apply);
}

/* Holding lock. Wait for records. False: the archive closes and nothing waits. */
static bool await_work(struct jm_archive *a)
{
	for (;;) {
		int64_t left = NOTE_WAIT_US;
		struct timespec at;

		if (a->waiting.n > 0 || a->large.n > 0)
			return true;
		if (a->notes.n > 0) {
			left = a->notes_since_us + NOTE_WAIT_US - jm_clock_mono_us();
			if (left <= 0 || a->stopping ||
			    (a->notes.n >= JM_GROUP_MAX && a->write_trouble.kind == JM_E_NONE))
				return true;
		}
		if (a->stopping)
			return false;
		if (a->notes.n == 0) {
			pthread_cond_wait(&a->work, &a->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec += (left * 1000 + at.tv_nsec) / 1000000000;
		at.tv_nsec = (left * 1000 + at.tv_nsec) % 1000000000;
		pthread_cond_timedwait(&a->work, &a->lock, &at);
	}
}

/* Holding lock. Log when writing begins to fail and when it works again, but not each failure. */
static void note_outcome(struct jm_archive *a, int rc, const struct jm_err *err)
{
	if (rc == 0 && a->write_trouble.kind != JM_E_NONE)
		JM_LOG(JM_LOG_NOTICE, "archive-writes-again", { "dir", JM_S(a->dir) });
	if (rc != 0 && a->write_trouble.kind == JM_E_NONE)
		JM_LOG(JM_LOG_ERROR, "archive-cannot-write", { "dir", JM_S(a->dir) },
		    { "error", JM_S(err->text) });
	if (rc != 0)
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
	while (await_work(a)) {
		bool apply = false;
		int64_t begun_us;
		unsigned step;
		int rc;

		take_group(a, g);
		pthread_mutex_unlock(&a->lock);
		begun_us = jm_clock_mono_us();
		step = jm_step_begin("committer");
		rc = group_commit(a, g, &err);
		jm_step_end(step);
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
		group_wake(a, g, apply);
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
