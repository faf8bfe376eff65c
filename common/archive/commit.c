/* SPDX-License-Identifier: BSD-2-Clause */
/* Handing records to the committer: its queues, and waiting until it is done. */
#include "common/archive/commit.h"

#include "common/archive/await.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define BACKLOG_MAX 8192 /* records that the catalog may lack before deposits wait for it */

/* ---- queues ---- */

bool jm_commit_enqueue(struct jm_archive *a, struct jm_ticket *t)
{
	bool idle = a->waiting.n == 0 && a->large.n == 0;

	if (a->busy_since_us == 0)
		a->busy_since_us = jm_clock_mono_us();
	if (a->verbatim) { /* in this order and no other */
		jm_tickets_add(&a->waiting, t);
		return idle;
	}
	if (t->head.type == JM_RECORD_EVENT) {
		if (a->notes.n == 0)
			a->notes_since_us = jm_clock_mono_us();
		jm_tickets_add(&a->notes, t);
		return idle && (a->notes.n == 1 || a->notes.n == JM_GROUP_MAX);
	}
	jm_tickets_add(
	    t->body.len > JM_LARGE_BYTES || jm_apart_exists(&t->apart) ? &a->large : &a->waiting,
	    t);
	return idle;
}

void jm_commit_drop_note(struct jm_archive *a)
{
	if (a->notes_untold++ == 0)
		JM_LOG(JM_LOG_WARNING, "events-dropped", { "dir", JM_S(a->dir) },
		    { "waiting", JM_U(a->notes.n) });
	a->notes_dropped++;
}

void jm_commit_submit(struct jm_archive *a, struct jm_ticket *t)
{
	bool wake;

	atomic_fetch_add(&t->refs, 1);
	t->awaited = true;
	pthread_mutex_lock(&a->lock);
	wake = jm_commit_enqueue(a, t);
	pthread_mutex_unlock(&a->lock);
	if (wake)
		pthread_cond_signal(&a->work);
}

int jm_commit_ticket(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err)
{
	bool wake;

	pthread_mutex_lock(&a->lock);
	while (a->durable_seq - a->applied.seq > BACKLOG_MAX && !a->behind && !a->stopping)
		jm_await_applier(a);
	if (a->behind || a->stopping) {
		pthread_mutex_unlock(&a->lock);
		return jm_err_set(err, JM_E_TEMP,
		    a->stopping ? "the archive is closing" : "the catalog cannot be written");
	}
	atomic_fetch_add(&t->refs, 1);
	t->awaited = true;
	wake = jm_commit_enqueue(a, t);
	pthread_mutex_unlock(&a->lock);
	if (wake)
		pthread_cond_signal(&a->work);
	return jm_ticket_await(t, err);
}

int jm_commit_record(
    struct jm_archive *a, enum jm_record_type type, json_t *meta, struct jm_err *err)
{
	struct jm_ticket *t;
	int rc;

	if (!meta)
		return jm_err_set(err, JM_E_TEMP, "no memory for a record");
	t = jm_ticket_new(type, meta, err);
	if (!t)
		return -1;
	rc = jm_commit_ticket(a, t, err);
	jm_ticket_drop(t);
	return rc;
}
