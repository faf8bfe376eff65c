/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The applier: the one thread that writes the catalog, behind the committer, so that the catalog
 * never delays an acknowledgement. When it cannot write, it opens the catalog again and goes on
 * from the position that is stored there; until then deposits are refused.
 */
#include "common/archive/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"

#define BATCH_MAX 512 /* records in a transaction */
#define IDLE_S 5
#define GATHER_US \
	10000 /* few records wait so long for more: a transaction and the counters cost the same \
		 for one as for many */
#define RETRY_S 1

/* ---- opening and replaying ---- */

/* DIR/catalog to DIR/catalog.bad, so that an operator may look at it; one is kept. */
int jm_applier_move_away(struct jm_archive *a, struct jm_err *err)
{
	char bad[4300];
	struct stat st;

	snprintf(bad, sizeof bad, "%s.bad", a->catalog_dir);
	if (stat(a->catalog_dir, &st) != 0)
		return 0;
	jm_catalog_wipe(bad);
	rmdir(bad);
	if (jm_io_rename(a->catalog_dir, bad, err) == 0)
		return 0;
	JM_LOG(JM_LOG_WARNING, "catalog-removed", { "error", JM_S(err->text) });
	jm_catalog_wipe(a->catalog_dir);
	return 0;
}

int jm_applier_put_in_place(struct jm_archive *a, const char *aside, struct jm_err *err)
{
	char bad[4300];
	int rc = jm_catalog_checkpoint(a->catalog, 0, err);

	jm_catalog_close(&a->catalog);
	if (rc < 0)
		return -1;
	snprintf(bad, sizeof bad, "%s.bad", a->catalog_dir);
	/* One call, so that there is a catalog at any time; where the file system knows no such
	 * call, there is none for a moment. */
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, a->catalog_dir, RENAME_EXCHANGE) == 0) {
		jm_catalog_wipe(bad);
		rmdir(bad);
		(void)rename(aside, bad); /* kept for a look, nothing more */
	} else if (jm_applier_move_away(a, err) < 0 ||
	    jm_io_rename(aside, a->catalog_dir, err) < 0) {
		return -1;
	}
	return jm_io_sync_dir(a->dir, err) < 0
	    ? -1
	    : jm_catalog_open(a->catalog_dir, a->cache_bytes, &a->catalog, err);
}

/* 1: its position fits this archive, 0: there is none, -1. */
static int read_position(struct jm_archive *a, struct jm_err *err)
{
	unsigned char uuid[JM_UUID_BYTES];
	int rc = jm_apply_position(a->catalog, &a->position, uuid, err);

	if (rc == 1 && memcmp(uuid, a->uuid, sizeof uuid) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the catalog belongs to another archive");
	return rc;
}

int jm_applier_open(struct jm_archive *a, struct jm_err *why_r, struct jm_err *err)
{
	int rc;

	why_r->kind = JM_E_NONE;
	memset(&a->position, 0, sizeof a->position);
	rc = jm_catalog_open(a->catalog_dir, a->cache_bytes, &a->catalog, err);
	if (rc == 0)
		rc = read_position(a, err);
	if (rc >= 0)
		return 0;
	jm_catalog_close(&a->catalog);
	if (err->kind != JM_E_CORRUPT)
		return -1;
	*why_r = *err;
	JM_LOG(JM_LOG_WARNING, "catalog-rebuild", { "why", JM_S(why_r->text) });
	memset(&a->position, 0, sizeof a->position);
	if (jm_applier_move_away(a, err) < 0)
		return -1;
	return jm_catalog_open(a->catalog_dir, a->cache_bytes, &a->catalog, err);
}

int jm_applier_batch(struct jm_archive *a, struct jm_catalog *c, struct jm_position *position,
    int fd, const struct jm_volume *v, int max, uint64_t until_seq, struct jm_err *err)
{
	struct jm_position at = *position;
	struct jm_apply *p = NULL;
	struct jm_record r;
	int rc;

	if (jm_apply_begin(a, c, &p, err) < 0)
		return -1;
	for (int n = 0; n < max && at.offset < v->end && at.seq < until_seq; n++) {
		json_t *meta;

		if (jm_volume_read(fd, a->uuid, v->head.number, at.offset, v->end, &r, err) < 0)
			goto bad;
		if (r.head.seq != at.seq + 1) {
			jm_record_release(&r);
			(void)jm_err_set(err, JM_E_CORRUPT,
			    "record %" PRIu64 " where %" PRIu64 " should follow", r.head.seq,
			    at.seq + 1);
			goto bad;
		}
		rc = jm_json_read(r.meta, r.head.meta_bytes, &meta, err);
		if (rc < 0)
			(void)jm_err_wrap(err, "record %" PRIu64, r.head.seq);
		else
			rc = jm_apply_add(p,
			    &(struct jm_applied){ &r.head, meta, v->head.number, at.offset }, err);
		json_decref(meta);
		at.seq = r.head.seq;
		at.offset += jm_record_bytes(&r.head);
		memcpy(at.sha256, jm_record_sha256(&r), sizeof at.sha256);
		jm_record_release(&r);
		if (rc < 0)
			goto bad;
	}
	if (jm_apply_finish(&p, a->uuid, &at, err) < 0)
		return -1;
	*position = at;
	return 0;
bad:
	jm_apply_abort(&p);
	return jm_err_wrap(err, "volume %" PRIu64 " at %" PRIu64, v->head.number, at.offset);
}

/* Rebuilding: tell what cannot be read. */
static int tell_left_out(struct jm_archive *a, uint64_t seq, uint64_t volume, uint64_t offset,
    const char *problem, struct jm_err *err)
{
	json_t *o;
	int rc;

	JM_LOG(JM_LOG_ERROR, "left-out", { "volume", JM_U(volume) }, { "offset", JM_U(offset) },
	    { "error", JM_S(problem) });
	if (!a->damage)
		return 0;
	o = json_pack("{s:I,s:I,s:I,s:o}", "seq", (json_int_t)seq, "volume", (json_int_t)volume,
	    "offset", (json_int_t)offset, "problem", jm_describe_text(jm_span_str(problem)));
	rc = o ? a->damage(a->damage_ctx, o, err)
	       : jm_err_set(err, JM_E_TEMP, "no memory for a finding");
	json_decref(o);
	return rc < 0 ? -1 : 0;
}

int jm_applier_skip_to(struct jm_archive *a, const struct jm_position *at, struct jm_err *err)
{
	struct jm_apply *p = NULL;

	/* Stored at once: nothing may follow that would store it. */
	if (jm_apply_begin(a, a->catalog, &p, err) < 0 || jm_apply_finish(&p, a->uuid, at, err) < 0)
		return -1;
	a->position = *at;
	return 0;
}

/* Rebuilding: the record at the position cannot be read, or others are missing before it. Tell it,
 * and stand behind what is lost. */
static int step_over(struct jm_archive *a, int fd, const struct jm_volume *v, struct jm_err *err)
{
	struct jm_position at = a->position;
	struct jm_err why = *err, no;
	struct jm_record_head next;
	uint64_t damaged = at.offset;
	struct jm_record r;
	bool found = false;

	if (jm_volume_read(fd, a->uuid, v->head.number, at.offset, v->end, &r, &no) == 0) {
		jm_record_release(&r);
		if (r.head.seq > at.seq + 1) { /* it is good itself */
			at.seq = r.head.seq - 1;
			return tell_left_out(a, at.seq, v->head.number, damaged, why.text, err) < 0
			    ? -1
			    : jm_applier_skip_to(a, &at, err);
		}
	}
	if (r.head.seq != 0 && jm_record_bytes(&r.head) <= v->end - at.offset) {
		at.seq = r.head.seq > at.seq ? r.head.seq : at.seq;
		at.offset += jm_record_bytes(&r.head);
		if (jm_io_pread(
			fd, at.sha256, sizeof at.sha256, at.offset - sizeof at.sha256, err) < 0 &&
		    err->kind != JM_E_CORRUPT)
			return -1;
	} else {
		if (jm_volume_find(
			fd, a->uuid, at.offset + 1, v->end, &found, &at.offset, &next, err) < 0)
			return -1;
		at.seq = !found         ? jm_volume_last_seq(a, v, at.seq)
		    : next.seq > at.seq ? next.seq - 1
					: at.seq;
		if (!found)
			at.offset = v->end;
	}
	return tell_left_out(a, at.seq, v->head.number, damaged, why.text, err) < 0
	    ? -1
	    : jm_applier_skip_to(a, &at, err);
}

/* Rebuilding: a volume that is not what it was. 1: there is nothing in it to be read. */
static int enter_damaged(struct jm_archive *a, const struct jm_volume *v, struct jm_err *err)
{
	struct jm_position at = a->position;

	if (tell_left_out(a, v->head.first_seq, v->head.number, 0, v->problem, err) < 0)
		return -1;
	if (!v->absent)
		return 0;
	at.seq = jm_volume_last_seq(a, v, at.seq);
	return jm_applier_skip_to(a, &at, err) < 0 ? -1 : 1;
}

/* before: the bytes of the volumes before it, of total. */
static int replay_volume(struct jm_archive *a, const struct jm_volume *v, uint64_t before,
    uint64_t total, struct jm_err *err)
{
	int fd, rc = 0, max = BATCH_MAX;

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
	if (jm_reader_open_volume(a, v->head.number, &fd, err) < 0)
		return -1;
	while (rc == 0 && a->position.offset < v->end) {
		rc = jm_applier_batch(a, a->catalog, &a->position, fd, v, max, UINT64_MAX, err);
		if (rc < 0 && a->rebuild && err->kind == JM_E_CORRUPT) { /* one by one up to the
									    damaged record, then
									    over it */
			rc = max == 1 ? step_over(a, fd, v, err) : 0;
			max = max == 1 ? BATCH_MAX : 1;
		}
		if (rc == 0)
			rc = jm_catalog_checkpoint(a->catalog, JM_CATALOG_CHECKPOINT_KIB, err);
		if (rc == 0 && a->replayed)
			a->replayed(a->damage_ctx, before + a->position.offset, total);
	}
	close(fd);
	return rc;
}

int jm_applier_replay(struct jm_archive *a, struct jm_err *err)
{
	struct jm_volume *list;
	uint64_t before = 0, total = 0;
	size_t n;
	int rc = 0;

	list = jm_volumes_now(a, &n, err);
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

/* ---- the thread ---- */

/* Under lock. The position behind a ticket. */
static void step(struct jm_position *at, const struct jm_ticket *t)
{
	at->seq = t->head.seq;
	at->volume = t->volume;
	at->offset = t->offset + jm_record_bytes(&t->head);
	memcpy(at->sha256, t->trailer + JM_RECORD_SHA256_AT, sizeof at->sha256);
}

static int apply(struct jm_archive *a, const struct jm_ticket *first, struct jm_err *err)
{
	struct jm_position at = a->position;
	struct jm_apply *p = NULL;
	int rc;

	pthread_rwlock_wrlock(&a->catalog_lock);
	rc = jm_apply_begin(a, a->catalog, &p, err);
	for (const struct jm_ticket *t = first; t && rc == 0; t = t->next) {
		if (t->head.seq <= at.seq)
			continue; /* a replay was faster */
		rc = jm_apply_add(
		    p, &(struct jm_applied){ &t->head, t->meta, t->volume, t->offset }, err);
		step(&at, t);
	}
	if (rc == 0)
		rc = jm_apply_finish(&p, a->uuid, &at, err);
	jm_apply_abort(&p);
	pthread_rwlock_unlock(&a->catalog_lock);
	if (rc == 0)
		a->position = at;
	return rc;
}

/* The catalog failed: open it again and go on from where it stands. */
static int reopen(struct jm_archive *a, struct jm_err *err)
{
	struct jm_err why;
	int rc;

	pthread_rwlock_wrlock(&a->catalog_lock);
	jm_catalog_close(&a->catalog);
	rc = jm_applier_open(a, &why, err);
	if (rc == 0)
		rc = jm_applier_replay(a, err);
	pthread_rwlock_unlock(&a->catalog_lock);
	return rc;
}

/* Under lock. Take at most BATCH_MAX tickets as a list. */
static struct jm_ticket *take(struct jm_archive *a)
{
	struct jm_queue q;

	jm_queue_init(&q);
	while (a->durable.n > 0 && q.n < BATCH_MAX)
		jm_queue_add(&q, jm_queue_take(&a->durable));
	return q.first;
}

/* Under lock. These are in the catalog now. */
static void finish(struct jm_archive *a, struct jm_ticket *t)
{
	while (t) {
		struct jm_ticket *next = t->next;

		jm_flight_release(a, t->flight, t->flights);
		t->flights = 0;
		jm_ticket_drop(t);
		t = next;
	}
	a->applied_seq = a->position.seq;
	pthread_cond_broadcast(&a->applied);
}

/* Under lock, which is given up meanwhile. t: what could not be applied. */
static void recover(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	a->behind = true;
	JM_LOG(JM_LOG_ERROR, "catalog-fails", { "error", JM_S(err->text) });
	for (;;) {
		int rc;

		a->apply_trouble = *err;
		pthread_cond_broadcast(&a->applied);
		pthread_mutex_unlock(&a->lock);
		rc = reopen(a, err);
		if (rc < 0)
			jm_clock_sleep_ms(RETRY_S * 1000);
		pthread_mutex_lock(&a->lock);
		if (rc == 0)
			break;
		if (a->committer_gone) { /* closing: the next start replays */
			finish(a, t);
			a->apply_lost = true;
			return;
		}
	}
	JM_LOG(JM_LOG_NOTICE, "catalog-works-again", { "seq", JM_U(a->position.seq) });
	a->behind = false;
	a->apply_trouble.kind = JM_E_NONE;
	finish(a, t);
}

static struct timespec after_us(int64_t us)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += us / 1000000;
	at.tv_nsec += us % 1000000 * 1000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Under lock. False: nothing came for IDLE_S, or the end. */
static bool await(struct jm_archive *a)
{
	struct timespec at;

	at = after_us(IDLE_S * 1000000);
	while (a->durable.n == 0 && !a->committer_gone)
		if (pthread_cond_timedwait(&a->to_apply, &a->lock, &at) == ETIMEDOUT)
			break;
	at = after_us(GATHER_US);
	while (a->durable.n > 0 && a->durable.n < JM_APPLY_MANY && !a->hurry && !a->committer_gone)
		if (pthread_cond_timedwait(&a->to_apply, &a->lock, &at) == ETIMEDOUT)
			break;
	a->hurry = false;
	return a->durable.n > 0;
}

void jm_applier_await(struct jm_archive *a)
{
	a->hurry = true;
	pthread_cond_signal(&a->to_apply);
	pthread_cond_wait(&a->applied, &a->lock);
}

/* Not under lock: readers and depositors go on. */
static void checkpoint(struct jm_archive *a, unsigned min_kib)
{
	struct jm_err err;

	if (a->catalog && jm_catalog_checkpoint(a->catalog, min_kib, &err) < 0)
		JM_LOG(JM_LOG_WARNING, "checkpoint", { "error", JM_S(err.text) });
}

void *jm_applier_run(void *archive)
{
	struct jm_archive *a = archive;
	struct jm_err err = { .kind = JM_E_NONE };
	bool dirty = false;

	pthread_mutex_lock(&a->lock);
	while (!a->apply_lost) {
		struct jm_ticket *t;
		int rc;

		if (a->catalog && jm_catalog_unread(a->catalog)) { /* also by a reader: it would not
								      get better by itself */
			(void)jm_err_set(&err, JM_E_TEMP, "catalog: a page could not be read");
			recover(a, NULL, &err);
			continue;
		}
		if (!await(a)) {
			if (a->committer_gone)
				break;
			pthread_mutex_unlock(&a->lock);
			if (dirty)
				checkpoint(a, 0);
			dirty = false;
			pthread_mutex_lock(&a->lock);
			continue;
		}
		t = take(a);
		pthread_mutex_unlock(&a->lock);
		rc = apply(a, t, &err);
		pthread_mutex_lock(&a->lock);
		if (rc < 0)
			recover(a, t, &err);
		else
			finish(a, t);
		dirty = true;
		pthread_mutex_unlock(&a->lock);
		checkpoint(a, JM_CATALOG_CHECKPOINT_KIB);
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int jm_applier_wait(struct jm_archive *a, struct jm_err *err)
{
	uint64_t want;
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	want = a->durable_seq;
	while (a->applied_seq < want && !a->behind && !a->apply_lost)
		jm_applier_await(a);
	if (a->applied_seq < want)
		rc = jm_err_set(err, JM_E_TEMP, "the catalog is behind: %s", a->apply_trouble.text);
	pthread_mutex_unlock(&a->lock);
	return rc;
}
