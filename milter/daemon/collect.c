/* SPDX-License-Identifier: BSD-2-Clause */
/* The pollers, when each is started and ended, and when it connects. A poller belongs to its
 * thread; the fields that others read are under the collector's lock. The list of pollers only
 * grows, and loses those whose thread has ended. See collect.h. */
#include "milter/daemon/collect.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "common/pop3/mailbox.h"
#include "common/query/archive_status.h"
#include "milter/daemon/pull.h"
#include "milter/daemon/watch.h"

#define SLICE_MS 200
#define BACKOFF_MAX_MS (15 * 60 * 1000)
/* How often a success that changes nothing else is recorded: a kill loses at most this much. */
#define KEEP_MS (10 * 60 * 1000)

struct poller {
	struct poller *next;
	struct jm_daemon *daemon;
	char *service; /* its email address; owned */

	/* Used by the thread only. */
	struct jm_settings *seen;  /* the settings that were checked last */
	unsigned turn_of_settings; /* how often they were new */
	bool wanted;               /* they want this poller to continue */
	/* The service of the current session; NULL between sessions. */
	const struct jm_service *begun_with;
	struct jm_ids failing;
	struct jm_pull_gone gone;
	struct jm_pull_short brief;
	uint64_t most;             /* messages in a session; 0: the settings say */
	unsigned failures;         /* sessions that failed, in a row; without trials */
	enum jm_pop3_cause cause;  /* of the last failure */
	struct jm_ids apart;       /* messages at which a session ended: tried one by one */
	size_t turn;               /* of the next trial */
	unsigned trials;           /* that failed, in a row */
	int64_t trial_us;          /* when the next one is due */
	struct jm_err apart_error; /* of the last one; kind NONE: not tried yet */
	enum jm_pop3_cause apart_cause;
	const struct jm_pull *pull; /* the current session; NULL between sessions */
	struct jm_extract kept;     /* as the archive last recorded it */

	pthread_t thread;

	/* Under the collector's lock. Only the thread writes them, so it may read them without. */
	bool ended;        /* the thread does nothing more */
	const char *state; /* static: "awaiting-initial-run", "ok", "error" */
	int64_t since_ms, last_success_ms;
	bool counted; /* the mailbox was listed once; only then the next two mean something */
	uint64_t queue, waiting, archived, failed;
	int64_t failed_since_ms; /* since when the server does not deliver some; 0: all */
	char mailbox[JM_MAILBOX_NAME_BYTES];
	struct jm_pull_certificate certificate;
	struct jm_err error; /* of the last session; kind NONE: it succeeded */
};

struct jm_collector {
	pthread_mutex_t lock; /* guards all below */
	struct poller *pollers;
	bool ended; /* no poller may start any more */
};

/* The service of this address when it is to be polled, else NULL. */
static const struct jm_service *polled_service(const struct jm_settings *s, const char *email)
{
	const struct jm_service *service = jm_daemon_service(s, email);

	return service && service->transport == JM_TRANSPORT_POP3 && !service->disabled ? service
											: NULL;
}

static bool same_setting(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* True when a session may continue under new settings, because they reach the same mailbox in the
 * same way. */
static bool same_mailbox(const struct jm_mailbox *a, const struct jm_mailbox *b)
{
	return same_setting(a->hostname, b->hostname) && a->port == b->port &&
	    same_setting(a->mailbox_name, b->mailbox_name) &&
	    same_setting(a->pinned_public_key, b->pinned_public_key) &&
	    a->encrypted == b->encrypted && a->starttls == b->starttls &&
	    a->encryption_mode == b->encryption_mode && same_setting(a->ca_file, b->ca_file) &&
	    a->leave_on_server == b->leave_on_server;
}

/* True when this poller is to stop what it does. Cheap: settings are examined only when they are
 * new. */
static bool poller_stopped(void *ctx)
{
	struct poller *p = ctx;
	struct jm_settings *s;
	const struct jm_service *service;

	if (atomic_load(&p->daemon->stopping))
		return true;
	s = jm_daemon_settings(p->daemon);
	if (s != p->seen) {
		service = polled_service(s, p->service);
		p->wanted = service &&
		    (!p->begun_with || same_mailbox(&service->pop3, &p->begun_with->pop3));
		jm_settings_unref(&p->seen);
		p->seen = jm_settings_ref(s);
		p->turn_of_settings++;
	}
	jm_settings_unref(&s);
	return !p->wanted;
}

static void set_state(struct poller *p, const char *state)
{
	if (strcmp(p->state, state) != 0)
		p->since_ms = jm_clock_now_ms();
	p->state = state;
}

/* Before the first session: take over what the archive recorded of earlier processes. */
static void recall_extract(struct poller *p)
{
	struct jm_collector *c = p->daemon->collector;
	json_t *row = NULL;
	struct jm_err err;
	bool counted;

	p->kept = (struct jm_extract){ .service = p->service };
	if (jm_archive_service(p->daemon->archive, p->service, &row, &err) != 0)
		JM_LOG(JM_LOG_WARNING, "pop3-recall", { "service", JM_S(p->service) },
		    { "error", JM_S(err.text) });
	p->kept.success_ms = json_integer_value(json_object_get(row, "extract_ms"));
	p->kept.queue = (uint64_t)json_integer_value(json_object_get(row, "mailbox_queue"));
	p->kept.waiting = (uint64_t)json_integer_value(json_object_get(row, "mailbox_waiting"));
	p->kept.unretrievable = (uint64_t)json_integer_value(
	    json_object_get(row, "mailbox_unretrievable"));
	p->kept.unretrievable_since_ms = json_integer_value(
	    json_object_get(row, "mailbox_unretrievable_since_ms"));
	counted = json_is_integer(json_object_get(row, "mailbox_queue"));
	json_decref(row);
	pthread_mutex_lock(&c->lock);
	p->last_success_ms = p->kept.success_ms;
	p->counted = counted;
	p->queue = p->kept.queue;
	p->waiting = p->kept.waiting;
	p->failed = p->kept.unretrievable;
	p->failed_since_ms = p->kept.unretrievable_since_ms;
	pthread_mutex_unlock(&c->lock);
}

/* Record in the archive how the mailbox was left, when that is news, or (now) in any case of a
 * difference. After a failure the next session tries again. */
static void record_extract(struct poller *p, bool now)
{
	struct jm_extract x = { p->service, p->last_success_ms, p->queue, p->waiting, p->failed,
		p->failed_since_ms };
	bool same = x.queue == p->kept.queue && x.waiting == p->kept.waiting &&
	    x.unretrievable == p->kept.unretrievable;
	struct jm_err err;

	if (!p->counted || (same && x.success_ms == p->kept.success_ms))
		return;
	if (!now && same && x.success_ms - p->kept.success_ms < KEEP_MS)
		return;
	if (jm_archive_extracted(p->daemon->archive, &x, &err) == 0)
		p->kept = x;
	else
		JM_LOG(JM_LOG_WARNING, "pop3-not-kept", { "service", JM_S(p->service) },
		    { "error", JM_S(err.text) });
}

/* Store the result of a session, report it to the watch, and note an event when sessions begin to
 * fail, when they fail for another cause, and when they succeed again. */
static void note_outcome(
    struct poller *p, const struct jm_pull *pull, int rc, const struct jm_err *err)
{
	struct jm_collector *c = p->daemon->collector;
	bool was_wrong, other = p->cause != pull->cause;

	pthread_mutex_lock(&c->lock);
	was_wrong = p->error.kind != JM_E_NONE;
	if (rc == 0) {
		p->last_success_ms = jm_clock_now_ms();
		p->error.kind = JM_E_NONE;
	} else {
		p->error = *err;
	}
	if (pull->certificate.until_ms)
		p->certificate = pull->certificate;
	if (pull->surveyed) {
		p->counted = true;
		p->queue = pull->held;
		p->waiting = pull->left;
		p->failed = pull->failed + pull->apart_n;
		if (p->failed == 0)
			p->failed_since_ms = 0;
		else if (p->failed_since_ms == 0)
			p->failed_since_ms = jm_clock_now_ms();
	}
	p->cause = pull->cause;
	set_state(p, rc == 0 ? "ok" : "error");
	pthread_mutex_unlock(&c->lock);
	jm_watch_mailbox(p->daemon->watch, p->service, rc == 0 ? NULL : err,
	    rc == 0 ? NULL : jm_pop3_cure(pull->cause), p->failed);
	record_extract(p, pull->archived || (rc == 0) == was_wrong);
	if (rc != 0 && (!was_wrong || other))
		jm_daemon_note(p->daemon, "pop3-error", p->service, "daemon",
		    jm_err_kind_name(err->kind), err->text);
	if (rc == 0 && was_wrong)
		jm_daemon_note(p->daemon, "pop3-recovered", p->service, "daemon", "",
		    "the journal mailbox can be fetched from again");
}

/* The session has listed the mailbox: show at once how much is in it. */
static void take_count(void *ctx)
{
	struct poller *p = ctx;
	struct jm_collector *c = p->daemon->collector;

	pthread_mutex_lock(&c->lock);
	p->counted = true;
	p->queue = p->pull->held;
	p->waiting = p->pull->left;
	pthread_mutex_unlock(&c->lock);
}

/* Before a session: nothing is known of another mailbox than that of the session before. */
static void take_mailbox(struct poller *p, const struct jm_service *service)
{
	struct jm_collector *c = p->daemon->collector;
	char name[JM_MAILBOX_NAME_BYTES];

	(void)jm_mailbox_name(&service->pop3, name);
	pthread_mutex_lock(&c->lock);
	if (p->mailbox[0] && strcmp(p->mailbox, name) != 0)
		p->counted = false;
	snprintf(p->mailbox, sizeof p->mailbox, "%s", name);
	pthread_mutex_unlock(&c->lock);
}

/* One session with the mailbox. */
static int run_session(struct poller *p, struct jm_pull *pull, struct jm_err *err)
{
	int rc;

	p->pull = pull;
	rc = jm_pull_run(pull, err);
	p->pull = NULL;
	pthread_mutex_lock(&p->daemon->collector->lock);
	p->archived += pull->archived;
	pthread_mutex_unlock(&p->daemon->collector->lock);
	return rc;
}

/* poll-interval, doubled for each failure in a row after the first, up to a quarter of an hour. */
static int64_t backoff_ms(const struct jm_pull *pull, unsigned failures)
{
	int64_t wait_ms = pull->service->pop3.poll_interval_s * 1000LL;

	for (unsigned i = 1; i < failures && wait_ms < BACKOFF_MAX_MS; i++)
		wait_ms *= 2;
	return failures > 1 && wait_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait_ms;
}

/*
 * After a session that went well: when messages are apart and their time has come, try one of them
 * in a session of its own, and bring *pull up to date. The mailbox is well again when none is left.
 */
static int try_apart(struct poller *p, struct jm_pull *pull, struct jm_err *err)
{
	struct jm_pull trial = *pull;
	int rc;

	if (pull->apart_n == 0) {
		p->trials = 0;
		p->trial_us = 0;
		p->apart_error.kind = JM_E_NONE;
		return 0;
	}
	if (!pull->more && jm_clock_mono_us() >= p->trial_us) {
		trial.trial = true;
		trial.turn = p->turn++;
		trial.archived = trial.known = trial.fetched = trial.deleted = trial.failed = 0;
		rc = run_session(p, &trial, err);
		if (rc != 0) {
			p->trials = p->trials < 20 ? p->trials + 1 : 20;
			p->trial_us = jm_clock_mono_us() + backoff_ms(pull, p->trials + 1) * 1000;
			p->apart_error = *err;
			p->apart_cause = trial.cause;
		} else {
			p->trials = 0;
			pull->apart_n = trial.apart_n;
			pull->failed += trial.failed;
			pull->held = trial.held;
			pull->left -= trial.archived < pull->left ? trial.archived : pull->left;
			pull->archived += trial.archived;
			pull->more = trial.apart_n > 0;
		}
	}
	if (pull->apart_n == 0 || p->apart_error.kind == JM_E_NONE)
		return 0;
	*err = p->apart_error;
	pull->cause = p->apart_cause;
	return -1;
}

/* One session under the settings in force, and perhaps one for a message that is apart. Returns how
 * long to wait before the next one, in milliseconds. */
static int64_t poll_once(struct poller *p)
{
	struct jm_settings *s = jm_daemon_settings(p->daemon);
	struct jm_pull pull = { .daemon = p->daemon,
		.settings = s,
		.service = polled_service(s, p->service),
		.failing = &p->failing,
		.gone = &p->gone,
		.brief = &p->brief,
		.apart = &p->apart,
		.most = &p->most,
		.careful = p->failures > 0 || p->apart.n > 0,
		.stopped = poller_stopped,
		.counted = take_count,
		.ctx = p };
	struct jm_err err = { JM_E_NONE, 0, "" };
	int64_t wait_ms = 0;
	uint32_t dice = 0;
	int rc;

	if (!pull.service)
		goto out;
	take_mailbox(p, pull.service);
	p->begun_with = pull.service;
	rc = run_session(p, &pull, &err);
	p->failures = rc == 0 ? 0 : p->failures < 20 ? p->failures + 1 : 20;
	if (rc == 0)
		rc = try_apart(p, &pull, &err);
	p->begun_with = NULL;
	if (rc != 0 && poller_stopped(p))
		goto out; /* we ended it ourselves: no fault of the mailbox */
	note_outcome(p, &pull, rc, &err);
	if (pull.more)
		goto out;
	wait_ms = backoff_ms(&pull, p->failures);
	/* A random fifth more or less, so that many mailboxes are not polled at the same time. */
	if (jm_random_bytes(&dice, sizeof dice, NULL) == 0)
		wait_ms += wait_ms / 5 * (int64_t)(dice % 2001) / 1000 - wait_ms / 5;
out:
	jm_settings_unref(&s);
	return wait_ms;
}

/* Wait for the time, or until the settings are newer than those of turn: they may be the remedy. */
static void wait_for(struct poller *p, unsigned turn, int64_t ms)
{
	int64_t until_us = jm_clock_mono_us() + ms * 1000;

	while (jm_clock_mono_us() < until_us && !poller_stopped(p) && p->turn_of_settings == turn)
		jm_clock_sleep_ms(SLICE_MS);
	if (p->turn_of_settings != turn) {
		p->failures = 0;
		p->trial_us = 0;
	}
}

static void *poll_mailbox(void *arg)
{
	struct poller *p = arg;
	struct jm_collector *c = p->daemon->collector;

	recall_extract(p);
	while (!poller_stopped(p)) {
		unsigned turn = p->turn_of_settings, step;
		int64_t wait_ms;

		/* The archive stays open until the end of the session. */
		if (!jm_daemon_busy(p->daemon))
			break;
		step = jm_step_begin("mailbox");
		wait_ms = atomic_load(&p->daemon->stopping) ? 0 : poll_once(p);
		jm_step_end(step);
		jm_daemon_done(p->daemon);
		wait_for(p, turn, wait_ms);
	}
	record_extract(p, true);
	jm_settings_unref(&p->seen);
	jm_ids_release(&p->failing);
	jm_ids_release(&p->gone.bytes);
	jm_ids_release(&p->gone.staying);
	jm_ids_release(&p->brief.bytes);
	jm_ids_release(&p->apart);
	jm_watch_mailbox_left(p->daemon->watch, p->service);
	pthread_mutex_lock(&c->lock);
	p->ended = true;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Under the lock. */
static struct poller *find_poller(const struct jm_collector *c, const char *service)
{
	for (struct poller *p = c->pollers; p; p = p->next)
		if (strcmp(p->service, service) == 0)
			return p;
	return NULL;
}

/* Free the pollers that have ended. Under the lock. */
static void sweep(struct jm_collector *c)
{
	struct poller **at = &c->pollers, *p;

	while ((p = *at)) {
		if (!p->ended) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		/* Soon: the thread set ended under this lock, and has given the lock up. */
		pthread_join(p->thread, NULL);
		free(p->service);
		free(p);
	}
}

/* Start a poller. Without memory or a thread the next tick tries again. Under the lock. */
static void start_poller(struct jm_daemon *d, const char *service)
{
	struct poller *p = calloc(1, sizeof *p);

	if (p)
		p->service = strdup(service);
	if (!p || !p->service) {
		free(p);
		return;
	}
	p->daemon = d;
	p->state = "awaiting-initial-run";
	p->since_ms = jm_clock_now_ms();
	jm_ids_init(&p->failing);
	jm_ids_init(&p->gone.bytes);
	jm_ids_init(&p->gone.staying);
	jm_ids_init(&p->brief.bytes);
	jm_ids_init(&p->apart);
	if (pthread_create(&p->thread, NULL, poll_mailbox, p) != 0) {
		free(p->service);
		free(p);
		return;
	}
	p->next = d->collector->pollers;
	d->collector->pollers = p;
}

int jm_collect_start(struct jm_daemon *d, struct jm_err *err)
{
	struct jm_collector *c = calloc(1, sizeof *c);

	if (!c)
		return jm_err_sys(err, JM_E_TEMP, "cannot start to collect");
	pthread_mutex_init(&c->lock, NULL);
	d->collector = c;
	return 0;
}

void jm_collect_stop(struct jm_daemon *d)
{
	struct jm_collector *c = d->collector;
	bool left = c != NULL;

	atomic_store(&d->stopping, true); /* pollers check it */
	while (left) {
		pthread_mutex_lock(&c->lock);
		c->ended = true;
		sweep(c);
		left = c->pollers != NULL;
		pthread_mutex_unlock(&c->lock);
		if (left)
			jm_clock_sleep_ms(SLICE_MS / 10);
	}
}

void jm_collect_tick(struct jm_daemon *d)
{
	struct jm_collector *c = d->collector;
	struct jm_settings *s;

	if (atomic_load(&d->stopping))
		return;
	s = jm_daemon_settings(d);
	pthread_mutex_lock(&c->lock);
	sweep(c);
	for (size_t i = 0; i < s->services_n && !c->ended; i++)
		if (polled_service(s, s->services[i].email_address) == &s->services[i] &&
		    !find_poller(c, s->services[i].email_address))
			start_poller(d, s->services[i].email_address);
	pthread_mutex_unlock(&c->lock);
	jm_settings_unref(&s);
}

/* null when the mailbox was never listed. */
static json_t *count_json(const struct poller *p, uint64_t n)
{
	return p->counted ? json_integer((json_int_t)n) : json_null();
}

json_t *jm_collect_state(struct jm_daemon *d, const char *service)
{
	struct jm_collector *c = d->collector;
	char since[JM_CLOCK_TEXT_BYTES], success[JM_CLOCK_TEXT_BYTES], until[JM_CLOCK_TEXT_BYTES],
	    failed[JM_CLOCK_TEXT_BYTES];
	struct poller *p;
	json_t *o = NULL;

	if (!c)
		return NULL;
	pthread_mutex_lock(&c->lock);
	p = find_poller(c, service);
	if (p && !p->ended)
		o = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o, s:o, s:I, s:I, s:s?, s:s?, s:s?}",
		    "name", p->mailbox, "state", p->state, "since",
		    jm_clock_format(p->since_ms, since), "last_success",
		    p->last_success_ms ? jm_clock_format(p->last_success_ms, success) : NULL,
		    "error", p->error.kind != JM_E_NONE ? p->error.text : NULL, "queue",
		    count_json(p, p->queue), "waiting", count_json(p, p->waiting), "archived",
		    (json_int_t)p->archived, "unretrievable", (json_int_t)p->failed,
		    "unretrievable_since",
		    p->failed_since_ms ? jm_clock_format(p->failed_since_ms, failed) : NULL,
		    "certificate", p->certificate.until_ms ? p->certificate.subject : NULL,
		    "certificate_until",
		    p->certificate.until_ms ? jm_clock_format(p->certificate.until_ms, until)
					    : NULL);
	pthread_mutex_unlock(&c->lock);
	return o;
}
