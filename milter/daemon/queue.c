/* SPDX-License-Identifier: BSD-2-Clause */
/* One round after the other, each with changes that become durable together. The time of the next
 * attempt comes from common/service/wait.c, the item from the archive. See queue.h. */
#include "milter/daemon/queue.h"

#include <stdlib.h>

#include "common/archive/change.h"
#include "common/archive/match.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "common/catalog/apply_change.h"
#include "common/query/waiting.h"
#include "common/service/wait.h"

#define SLICE_MS 100
#define RETRY_MS 1000 /* when the archive cannot be read or written */
#define BATCH 64      /* reports of one round */

struct jm_queue {
	struct jm_daemon *daemon;
	pthread_t thread;
	atomic_bool stopping; /* set by jm_queue_stop() */
};

/* A report that is due, and what is to be done with it. */
struct decision {
	struct jm_waiting report;
	uint64_t item;       /* that it belongs to; 0: none was found */
	struct jm_err cause; /* of a failure to look for the item; change.reason points into it */
};

/* Decide about one report. */
static void decide(
    struct jm_daemon *d, const struct jm_settings *s, struct decision *o, struct jm_change *c)
{
	const struct jm_waiting *w = &o->report;
	const struct jm_service *service = jm_daemon_service(s, w->service);
	const struct jm_wait wait = { .since_ms = w->since_ms, .attempts = w->attempts + 1 };
	int64_t now_ms = jm_clock_now_ms();
	int rc;

	o->item = 0;
	rc = jm_archive_match(d->archive, w->seq, &o->item, &o->cause);
	*c = (struct jm_change){
		.seq = w->seq, .to = JM_CHANGE_ARCHIVE, .attempts = wait.attempts
	};
	if (rc < 0) {
		c->reason = o->cause.text;
		c->due_ms = jm_wait_failed(service, &wait,
		    o->cause.kind == JM_E_TEMP || o->cause.kind == JM_E_LIMIT, now_ms);
		c->to = c->due_ms != 0 ? JM_CHANGE_WAIT : JM_CHANGE_SET_ASIDE;
	} else if (rc == 0) {
		c->due_ms = jm_wait_next(s, service, &wait, now_ms);
		c->to = c->due_ms != 0 ? JM_CHANGE_WAIT : JM_CHANGE_ARCHIVE;
	}
}

/* Log what was done with a report, once that is durable. */
static void log_decision(
    const struct jm_settings *s, const struct decision *o, const struct jm_change *c)
{
	const struct jm_waiting *w = &o->report;
	const struct jm_service *service = jm_daemon_service(s, w->service);

	JM_LOG(c->to == JM_CHANGE_SET_ASIDE ? JM_LOG_WARNING
		: c->to == JM_CHANGE_WAIT && !(service && service->detailed_logging) ? JM_LOG_DEBUG
										     : JM_LOG_INFO,
	    "queue", { "record", JM_U(w->seq) }, { "service", JM_S(w->service) },
	    { "attempt", JM_U(c->attempts) }, { "item", JM_U(o->item) },
	    { "outcome",
		JM_S(c->to == JM_CHANGE_SET_ASIDE ? "set aside"
			: c->to == JM_CHANGE_WAIT ? "waits"
			: o->item                 ? "merged"
						  : "archived") },
	    { "cause", JM_S(c->reason) });
}

/* Make the changes durable. NOTFOUND is success: an operator was faster, and there is nothing left
 * to change. */
static int make_changes(
    struct jm_daemon *d, const struct jm_change *c, size_t n, struct jm_err *err)
{
	return jm_archive_change(d->archive, "daemon", c, n, err) != 0 && err->kind != JM_E_NOTFOUND
	    ? -1
	    : 0;
}

/* One round. Returns 1 when there is more to do at once, 0 when there is not, -1 when the archive
 * cannot be read or written. */
static int work_round(struct jm_daemon *d, struct jm_err *err)
{
	struct jm_waiting due[BATCH];
	struct jm_change changes[BATCH];
	struct decision decisions[BATCH];
	struct jm_settings *s;
	size_t n = 0;
	int rc = jm_archive_queue_due(d->archive, jm_clock_now_ms(), due, BATCH, &n, err);

	if (rc != 0 || n == 0)
		return rc;
	s = jm_daemon_settings(d);
	for (size_t i = 0; i < n; i++) {
		decisions[i].report = due[i];
		decide(d, s, &decisions[i], &changes[i]);
	}
	/* Each report that is set aside gets a record, and so an event, of its own. */
	for (size_t i = 0; i < n && rc == 0; i++)
		if (changes[i].to == JM_CHANGE_SET_ASIDE)
			rc = make_changes(d, &changes[i], 1, err);
	if (rc == 0)
		rc = make_changes(d, changes, n, err);
	for (size_t i = 0; i < n && rc == 0; i++)
		log_decision(s, &decisions[i], &changes[i]);
	jm_settings_unref(&s);
	return rc != 0 ? -1 : n == BATCH;
}

static void *work_queue(void *arg)
{
	struct jm_queue *q = arg;
	bool failing = false;
	struct jm_err err;

	while (!atomic_load(&q->stopping)) {
		unsigned step = jm_step_begin("queue");
		int rc = work_round(q->daemon, &err);

		jm_step_end(step);
		if (rc < 0 && !failing)
			JM_LOG(JM_LOG_WARNING, "queue-waits", { "error", JM_S(err.text) });
		failing = rc < 0;
		if (rc != 1)
			jm_clock_sleep_ms(rc < 0 ? RETRY_MS : SLICE_MS);
	}
	return NULL;
}

int jm_queue_start(struct jm_daemon *d, struct jm_queue **q_r, struct jm_err *err)
{
	struct jm_queue *q = calloc(1, sizeof *q);

	if (!q)
		return jm_err_sys(err, JM_E_TEMP, "cannot work on the queue");
	q->daemon = d;
	if (pthread_create(&q->thread, NULL, work_queue, q) != 0) {
		free(q);
		return jm_err_set(err, JM_E_TEMP, "cannot start a thread");
	}
	*q_r = q;
	return 0;
}

void jm_queue_stop(struct jm_queue **q)
{
	if (!*q)
		return;
	atomic_store(&(*q)->stopping, true);
	pthread_join((*q)->thread, NULL);
	free(*q);
	*q = NULL;
}
