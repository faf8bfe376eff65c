/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The applier: the one thread that writes the catalog. It follows the committer, so that the
 * catalog never delays an acknowledgement. When it cannot write, it opens the catalog again and
 * continues from the position that is stored there; until then deposits are refused.
 */
#include "common/archive/applier.h"

#include <errno.h>
#include <time.h>

#include "common/archive/disk.h"
#include "common/archive/flight.h"
#include "common/archive/replay.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/step.h"

#define BATCH_MAX 512 /* records in a transaction */
#define IDLE_S 5      /* checkpoint after so long without records */
/* A few records wait so long for more, because a transaction and the counters cost the same for one
 * record as for many. */
#define GATHER_US 10000
#define RETRY_S 1
#define RETRY_MAX_S 256
/* Less room than Berkeley DB needs for a file of its log. With more, ENOSPC has another cause. */
#define FULL_BYTES (16u << 20)
#define MORE_BYTES 65536 /* of room on the disk, after which it is worth to try again */

/* The position after a ticket's record. */
static void position_after(struct jm_position *at, const struct jm_ticket *t)
{
	at->seq = t->head.seq;
	at->volume = t->at.volume;
	at->offset = t->at.offset + jm_record_bytes(&t->head);
	memcpy(at->sha256, t->trailer + JM_RECORD_SHA256_AT, sizeof at->sha256);
}

static int apply_list(struct jm_archive *a, const struct jm_ticket *first, struct jm_err *err)
{
	const struct jm_recall recall = jm_replay_recall(a);
	struct jm_position at = a->position;
	struct jm_apply *p = NULL;
	unsigned step;
	int rc;

	pthread_rwlock_wrlock(&a->catalog_lock);
	step = jm_step_begin("applier");
	rc = jm_apply_begin(a->catalog, &recall, &p, err);
	for (const struct jm_ticket *t = first; t && rc == 0; t = t->next) {
		if (t->head.seq <= at.seq)
			continue; /* a replay has applied it already */
		rc = jm_apply_add(p, &(struct jm_applied){ &t->head, t->meta, t->at }, err);
		position_after(&at, t);
	}
	if (rc == 0)
		rc = jm_apply_finish(&p, a->volumes.uuid, &at, err);
	jm_apply_abort(&p);
	jm_step_end(step);
	pthread_rwlock_unlock(&a->catalog_lock);
	if (rc == 0)
		a->position = at;
	return rc;
}

/* The catalog failed: open it again and replay from its position. If it has to be made anew,
 * readers get an error meanwhile, because that may take long. */
static int reopen_catalog(struct jm_archive *a, struct jm_err *err)
{
	struct jm_err cause;
	int rc;

	pthread_rwlock_wrlock(&a->catalog_lock);
	jm_catalog_close(&a->catalog);
	rc = jm_replay_open(a, &cause, err);
	if (cause.kind != JM_E_NONE && atomic_load(&a->anew_us) == 0)
		atomic_store(&a->anew_us, jm_clock_mono_us());
	if (rc != 0 || atomic_load(&a->anew_us) == 0) {
		rc = rc == 0 ? jm_replay_all(a, err) : -1;
		pthread_rwlock_unlock(&a->catalog_lock);
		return rc;
	}
	pthread_rwlock_unlock(&a->catalog_lock);
	rc = jm_replay_all(a, err);
	if (rc == 0) {
		pthread_rwlock_wrlock(&a->catalog_lock);
		atomic_store(&a->anew_us, 0);
		pthread_rwlock_unlock(&a->catalog_lock);
	}
	return rc;
}

static bool is_broken(const struct jm_archive *a)
{
	return a->catalog && jm_catalog_broken(a->catalog);
}

/* Holding lock. Take at most BATCH_MAX tickets as a list. */
static struct jm_ticket *take_list(struct jm_archive *a)
{
	struct jm_tickets q;

	jm_tickets_init(&q);
	while (a->durable.n > 0 && q.n < BATCH_MAX)
		jm_tickets_add(&q, jm_tickets_take(&a->durable));
	return q.first;
}

/* Holding lock. The applier is done with these tickets: release them and wake the waiting threads.
 */
static void finish_list(struct jm_archive *a, struct jm_ticket *t)
{
	while (t) {
		struct jm_ticket *next = t->next;

		jm_flight_release_locked(a, t);
		jm_ticket_drop(t);
		t = next;
	}
	a->applied = a->position;
	pthread_cond_broadcast(&a->applied_more);
}

static struct timespec after_us(int64_t us)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += us / 1000000;
	at.tv_nsec += us % 1000000 * 1000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Holding lock. Wait; not once the committer has ended. more: also until the disk has more room.
 */
static void pause_applier(struct jm_archive *a, int wait_s, bool more)
{
	uint64_t before = UINT64_MAX, now = 0;

	for (int i = 0; i < wait_s && !a->committer_gone && now <= before; i++) {
		const struct timespec at = after_us(1000000);

		if (more) {
			pthread_mutex_unlock(&a->lock);
			now = jm_disk_free(a);
			before = i == 0 ? now + MORE_BYTES : before;
			pthread_mutex_lock(&a->lock);
		}
		while (!a->committer_gone && now <= before &&
		    pthread_cond_timedwait(&a->to_apply, &a->lock, &at) != ETIMEDOUT)
			;
	}
}

/* Holding lock, which is released meanwhile. t: the tickets that could not be applied. Returns when
 * the catalog works again, or when the archive closes. */
static void recover_catalog(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	int wait_s = RETRY_S;
	bool told = false, full;

	a->behind = true;
	JM_LOG(JM_LOG_ERROR, "catalog-fails", { "error", JM_S(err->text) });
	for (;;) {
		unsigned step;
		int rc;

		a->apply_trouble = *err;
		pthread_cond_broadcast(&a->applied_more);
		pthread_mutex_unlock(&a->lock);
		step = jm_step_begin("applier (opens the catalog)");
		rc = reopen_catalog(a, err);
		jm_step_end(step);
		/* A catalog that was made anew and failed again is made anew less and less often:
		 * that writes as much as there is room for catalogs. On a full disk it is tried
		 * again when that has more room. */
		full = rc != 0 && err->sys == ENOSPC && jm_disk_free(a) < FULL_BYTES;
		wait_s = rc == 0 || !(full || is_broken(a)) ? RETRY_S
		    : wait_s < RETRY_MAX_S                  ? 2 * wait_s
							    : RETRY_MAX_S;
		if (full && !told)
			JM_LOG(JM_LOG_ERROR, "catalog-needs-room", { "error", JM_S(err->text) },
			    { "free", JM_U(jm_disk_free(a)) },
			    { "cure",
				JM_S("make room on the archive's disk; the catalog is then "
				     "brought up by itself") });
		told |= full;
		pthread_mutex_lock(&a->lock);
		if (rc != 0)
			pause_applier(a, wait_s, full);
		if (rc == 0)
			break;
		if (a->committer_gone) { /* closing: the next start replays */
			finish_list(a, t);
			a->apply_lost = true;
			return;
		}
	}
	JM_LOG(JM_LOG_NOTICE, "catalog-works-again", { "seq", JM_U(a->position.seq) });
	a->behind = false;
	a->apply_trouble.kind = JM_E_NONE;
	finish_list(a, t);
}

/* Holding lock. Wait for records. False: no record came for IDLE_S, or the committer has ended. */
static bool await_records(struct jm_archive *a)
{
	struct timespec at;

	at = after_us(IDLE_S * 1000000);
	while (a->durable.n == 0 && !a->committer_gone && !is_broken(a))
		if (pthread_cond_timedwait(&a->to_apply, &a->lock, &at) == ETIMEDOUT)
			break;
	at = after_us(GATHER_US);
	while (a->durable.n > 0 && a->durable.n < JM_APPLY_MANY && !a->hurry && !a->committer_gone)
		if (pthread_cond_timedwait(&a->to_apply, &a->lock, &at) == ETIMEDOUT)
			break;
	a->hurry = false;
	return a->durable.n > 0;
}

/* Without lock, so that readers and depositors can continue. */
static void applier_checkpoint(struct jm_archive *a, unsigned min_kib)
{
	unsigned step = jm_step_begin("applier (checkpoint)");
	struct jm_err err;

	if (a->catalog && jm_catalog_checkpoint(a->catalog, min_kib, &err) != 0)
		JM_LOG(JM_LOG_WARNING, "checkpoint", { "error", JM_S(err.text) });
	jm_step_end(step);
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

		/* Also when only a reader met the page: that does not pass by itself. */
		if (is_broken(a)) {
			jm_err_set(&err, JM_E_TEMP, "the catalog has a page that cannot be used");
			recover_catalog(a, NULL, &err);
			continue;
		}
		if (!await_records(a)) {
			if (a->committer_gone)
				break;
			pthread_mutex_unlock(&a->lock);
			if (dirty)
				applier_checkpoint(a, 0);
			dirty = false;
			pthread_mutex_lock(&a->lock);
			continue;
		}
		t = take_list(a);
		pthread_mutex_unlock(&a->lock);
		rc = apply_list(a, t, &err);
		pthread_mutex_lock(&a->lock);
		if (rc != 0)
			recover_catalog(a, t, &err);
		else
			finish_list(a, t);
		dirty = true;
		pthread_mutex_unlock(&a->lock);
		applier_checkpoint(a, JM_CATALOG_CHECKPOINT_KIB);
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}
