/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/daemon/queue.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/wait.h"
#include "milter/daemon/watch.h"

#define SLICE_MS 100
#define WATCH_MS 1000
#define RETRY_MS 1000 /* when the archive cannot be read or written */
#define BATCH 64      /* reports a round; their changes become durable together */

static pthread_t worker;
static bool running; /* the thread was started */
static atomic_bool stopping;

static const struct jm_service *find_service(const struct jm_settings *s, const char *email)
{
	for (size_t i = 0; i < s->services_n; i++)
		if (strcmp(s->services[i].email_address, email) == 0)
			return &s->services[i];
	return NULL;
}

/* What is to become of one report. why: the cause's text lives there. */
static void decide(struct jm_daemon *d, const struct jm_settings *s, const struct jm_waiting *w,
    struct jm_change *c, uint64_t *item_r, struct jm_err *why)
{
	const struct jm_service *service = find_service(s, w->service);
	const struct jm_wait wait = { .since_ms = w->since_ms, .attempts = w->attempts + 1 };
	int64_t now_ms = jm_clock_now_ms();
	int rc;

	*item_r = 0;
	rc = jm_archive_match(d->archive, w->seq, item_r, why);
	*c = (struct jm_change){
		.seq = w->seq, .to = JM_CHANGE_ARCHIVE, .attempts = wait.attempts
	};
	if (rc < 0) {
		c->reason = why->text;
		c->due_ms = jm_wait_failed(
		    service, &wait, why->kind == JM_E_TEMP || why->kind == JM_E_LIMIT, now_ms);
		c->to = c->due_ms != 0 ? JM_CHANGE_WAIT : JM_CHANGE_SET_ASIDE;
	} else if (rc == 0) {
		c->due_ms = jm_wait_next(s, service, &wait, now_ms);
		c->to = c->due_ms != 0 ? JM_CHANGE_WAIT : JM_CHANGE_ARCHIVE;
	}
}

/* What became of it: to be said when it is durable. */
static void tell(const struct jm_settings *s, const struct jm_waiting *w, const struct jm_change *c,
    uint64_t item)
{
	const struct jm_service *service = find_service(s, w->service);

	JM_LOG(c->to == JM_CHANGE_SET_ASIDE ? JM_LOG_WARNING
		: c->to == JM_CHANGE_WAIT && !(service && service->detailed_logging) ? JM_LOG_DEBUG
										     : JM_LOG_INFO,
	    "queue", { "record", JM_U(w->seq) }, { "service", JM_S(w->service) },
	    { "attempt", JM_U(c->attempts) }, { "item", JM_U(item) },
	    { "outcome",
		JM_S(c->to == JM_CHANGE_SET_ASIDE ? "set aside"
			: c->to == JM_CHANGE_WAIT ? "waits"
			: item                    ? "merged"
						  : "archived") },
	    { "cause", JM_S(c->reason) });
}

/* An operator may be faster: then there is nothing left to change. */
static int change(struct jm_daemon *d, const struct jm_change *c, size_t n, struct jm_err *err)
{
	return jm_archive_change(d->archive, "daemon", c, n, err) != 0 && err->kind != JM_E_NOTFOUND
	    ? -1
	    : 0;
}

/* One round. 1 when there is more to do at once, 0, -1 when the archive cannot be read or written.
 */
static int work_round(struct jm_daemon *d, struct jm_err *err)
{
	struct jm_waiting due[BATCH];
	struct jm_change changes[BATCH];
	struct jm_err why[BATCH];
	uint64_t item[BATCH];
	struct jm_settings *s;
	size_t n = 0;
	int rc = jm_archive_queue_due(d->archive, jm_clock_now_ms(), due, BATCH, &n, err);

	if (rc != 0 || n == 0)
		return rc;
	s = jm_daemon_settings(d);
	for (size_t i = 0; i < n; i++)
		decide(d, s, &due[i], &changes[i], &item[i], &why[i]);
	/* Set aside: each a record, and so an event, of its own. */
	for (size_t i = 0; i < n && rc == 0; i++)
		if (changes[i].to == JM_CHANGE_SET_ASIDE)
			rc = change(d, &changes[i], 1, err);
	if (rc == 0)
		rc = change(d, changes, n, err);
	for (size_t i = 0; i < n && rc == 0; i++)
		tell(s, &due[i], &changes[i], item[i]);
	jm_settings_unref(&s);
	return rc != 0 ? -1 : n == BATCH;
}

static void *work(void *arg)
{
	struct jm_daemon *d = arg;
	int64_t watched_us = 0;
	bool failing = false;
	struct jm_err err;

	while (!atomic_load(&stopping)) {
		int rc;

		if (jm_clock_mono_us() - watched_us >= WATCH_MS * 1000) {
			watched_us = jm_clock_mono_us();
			jm_watch_tick(d);
		}
		rc = work_round(d, &err);
		if (rc < 0 && !failing)
			JM_LOG(JM_LOG_WARNING, "queue-waits", { "error", JM_S(err.text) });
		failing = rc < 0;
		if (rc != 1)
			jm_clock_sleep_ms(rc < 0 ? RETRY_MS : SLICE_MS);
	}
	jm_watch_tick(d);
	return NULL;
}

int jm_queue_start(struct jm_daemon *d, struct jm_err *err)
{
	if (jm_watch_start(d, err) != 0)
		return -1;
	if (pthread_create(&worker, NULL, work, d) != 0)
		return jm_err_set(err, JM_E_TEMP, "cannot start a thread");
	running = true;
	return 0;
}

void jm_queue_stop(void)
{
	if (!running)
		return;
	running = false;
	atomic_store(&stopping, true);
	pthread_join(worker, NULL);
}
