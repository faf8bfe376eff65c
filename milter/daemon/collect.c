/* SPDX-License-Identifier: BSD-2-Clause */
/* See collect.h. The collector's list only grows or loses what has ended; a poller belongs to its
 * thread but for its status. */
#include "milter/daemon/collect.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "milter/daemon/pull.h"

#define SLICE_MS 200
#define BACKOFF_MAX_MS (15 * 60 * 1000)
#define KEEP_MS \
	(10 * 60 * 1000) /* an unchanged success is kept again after so long: at most as much is \
			    lost by a kill */

struct poller {
	struct poller *next;
	struct jm_daemon *daemon;
	char *service;            /* its email address; owned */
	struct jm_settings *seen; /* the last settings that were looked at; the thread's own */
	unsigned turn;            /* how often they were others */
	bool wanted;              /* what they said */
	const struct jm_service *begun_with; /* of the settings of the session under way; NULL
						between sessions */
	struct jm_ids failing;
	struct jm_pull_gone gone;
	unsigned failures;      /* in a row */
	struct jm_extract kept; /* what the archive knows */
	pthread_t thread;
	bool ended; /* from here on under the collector's lock */
	const char *state;
	int64_t since_ms, last_success_ms;
	uint64_t queue, archived, failed;
	struct jm_pull_certificate certificate;
	struct jm_err error; /* kind NONE: none */
};

struct jm_collector {
	pthread_mutex_t lock; /* of all below */
	struct poller *pollers;
	bool ended; /* no new ones */
};

static const struct jm_service *find_service(const struct jm_settings *s, const char *email)
{
	for (size_t i = 0; i < s->services_n; i++)
		if (strcmp(s->services[i].email_address, email) == 0 &&
		    s->services[i].transport == JM_TRANSPORT_POP3 && !s->services[i].disabled)
			return &s->services[i];
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A session goes on under new settings when they speak of the same mailbox. */
static bool same_mailbox(const struct jm_mailbox *a, const struct jm_mailbox *b)
{
	return same_text(a->hostname, b->hostname) && a->port == b->port &&
	    same_text(a->mailbox_name, b->mailbox_name) &&
	    same_text(a->pinned_public_key, b->pinned_public_key) && a->encrypted == b->encrypted &&
	    a->starttls == b->starttls && a->encryption_mode == b->encryption_mode &&
	    same_text(a->ca_file, b->ca_file) && a->leave_on_server == b->leave_on_server;
}

/* Is this poller to stop what it does? Cheap: settings are looked at when they changed. */
static bool stopped(void *ctx)
{
	struct poller *p = ctx;
	struct jm_settings *s;
	const struct jm_service *service;

	if (atomic_load(&p->daemon->stopping))
		return true;
	s = jm_daemon_settings(p->daemon);
	if (s != p->seen) {
		service = find_service(s, p->service);
		p->wanted = service &&
		    (!p->begun_with || same_mailbox(&service->pop3, &p->begun_with->pop3));
		jm_settings_unref(&p->seen);
		p->seen = jm_settings_ref(s);
		p->turn++;
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

/* Before the first session: what was known when the process before this one ended. */
static void recall(struct poller *p)
{
	struct jm_collector *c = p->daemon->collector;
	json_t *row = NULL;
	struct jm_err err;

	p->kept = (struct jm_extract){ .service = p->service };
	if (jm_archive_service(p->daemon->archive, p->service, &row, &err) < 0)
		JM_LOG(JM_LOG_WARNING, "pop3-recall", { "service", JM_S(p->service) },
		    { "error", JM_S(err.text) });
	p->kept.success_ms = json_integer_value(json_object_get(row, "extract_ms"));
	p->kept.queue = (uint64_t)json_integer_value(json_object_get(row, "mailbox_queue"));
	json_decref(row);
	pthread_mutex_lock(&c->lock);
	p->last_success_ms = p->kept.success_ms;
	p->queue = p->kept.queue;
	pthread_mutex_unlock(&c->lock);
}

/* Let the archive know how the mailbox was left, when that says something new. Without the archive
 * the next session tries again. */
static void keep(struct poller *p, bool now)
{
	struct jm_extract x = { p->service, p->last_success_ms, p->queue }; /* nobody else changes
									       them */
	struct jm_err err;

	if (x.success_ms == p->kept.success_ms && x.queue == p->kept.queue)
		return;
	if (!now && x.queue == p->kept.queue && x.success_ms - p->kept.success_ms < KEEP_MS)
		return;
	if (jm_archive_extracted(p->daemon->archive, &x, &err) == 0)
		p->kept = x;
	else
		JM_LOG(JM_LOG_WARNING, "pop3-not-kept", { "service", JM_S(p->service) },
		    { "error", JM_S(err.text) });
}

/* Keep what a session came to, and tell when it begins to fail and when it works again. */
static void note_outcome(
    struct poller *p, const struct jm_pull *pull, int rc, const struct jm_err *err)
{
	struct jm_collector *c = p->daemon->collector;
	bool was_wrong;

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
		p->queue = pull->left;
		p->failed = pull->failed;
	}
	set_state(p, rc == 0 ? "ok" : "error");
	pthread_mutex_unlock(&c->lock);
	keep(p, pull->archived || (rc == 0) == was_wrong);
	if (rc != 0 && !was_wrong)
		jm_daemon_note(p->daemon, "pop3-error", p->service, "daemon",
		    jm_err_kind_name(err->kind), err->text);
	if (rc == 0 && was_wrong)
		jm_daemon_note(p->daemon, "pop3-recovered", p->service, "daemon", "",
		    "the journal mailbox can be fetched from again");
}

/* One session under the settings in force. Returns how long to wait before the next, ms. */
static int64_t poll_once(struct poller *p)
{
	struct jm_settings *s = jm_daemon_settings(p->daemon);
	struct jm_pull pull = { .daemon = p->daemon,
		.settings = s,
		.service = find_service(s, p->service),
		.failing = &p->failing,
		.gone = &p->gone,
		.stopped = stopped,
		.ctx = p };
	struct jm_err err = { JM_E_NONE, 0, "" };
	int64_t wait_ms = 0;
	uint32_t dice = 0;
	int rc;

	if (!pull.service)
		goto out;
	p->begun_with = pull.service;
	rc = jm_pull_run(&pull, &err);
	p->begun_with = NULL;
	pthread_mutex_lock(&p->daemon->collector->lock);
	p->archived += pull.archived;
	pthread_mutex_unlock(&p->daemon->collector->lock);
	if (rc != 0 && stopped(p))
		goto out; /* cut short by ourselves: no fault of the mailbox */
	note_outcome(p, &pull, rc, &err);
	if (pull.more)
		goto out;
	wait_ms = pull.service->pop3.poll_interval_s * 1000LL;
	p->failures = rc == 0 ? 0 : p->failures < 20 ? p->failures + 1 : 20;
	for (unsigned i = 1; i < p->failures && wait_ms < BACKOFF_MAX_MS; i++)
		wait_ms *= 2;
	if (p->failures > 1 && wait_ms > BACKOFF_MAX_MS)
		wait_ms = BACKOFF_MAX_MS;
	/* a fifth more or less, so that many mailboxes do not come together */
	if (jm_random_bytes(&dice, sizeof dice, NULL) == 0)
		wait_ms += wait_ms / 5 * (int64_t)(dice % 2001) / 1000 - wait_ms / 5;
out:
	jm_settings_unref(&s);
	return wait_ms;
}

/* Until the time is over or other settings hold than in that turn: they may be the cure. */
static void wait_for(struct poller *p, unsigned turn, int64_t ms)
{
	int64_t until_us = jm_clock_mono_us() + ms * 1000;

	while (jm_clock_mono_us() < until_us && !stopped(p) && p->turn == turn)
		jm_clock_sleep_ms(SLICE_MS);
	if (p->turn != turn)
		p->failures = 0;
}

static void *poll_mailbox(void *arg)
{
	struct poller *p = arg;
	struct jm_collector *c = p->daemon->collector;

	recall(p);
	while (!stopped(p)) {
		unsigned turn = p->turn;
		int64_t wait_ms;

		if (!jm_daemon_busy(p->daemon)) /* the daemon waits for the end of a session before
						   it closes the archive */
			break;
		wait_ms = atomic_load(&p->daemon->stopping) ? 0 : poll_once(p);
		jm_daemon_done(p->daemon);
		wait_for(p, turn, wait_ms);
	}
	keep(p, true);
	jm_settings_unref(&p->seen);
	jm_ids_release(&p->failing);
	jm_ids_release(&p->gone.bytes);
	jm_ids_release(&p->gone.staying);
	pthread_mutex_lock(&c->lock);
	p->ended = true;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Under lock. */
static struct poller *find_poller(const struct jm_collector *c, const char *service)
{
	for (struct poller *p = c->pollers; p; p = p->next)
		if (strcmp(p->service, service) == 0)
			return p;
	return NULL;
}

/* Under lock. */
static void sweep(struct jm_collector *c)
{
	struct poller **at = &c->pollers, *p;

	while ((p = *at)) {
		if (!p->ended) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		pthread_join(p->thread, NULL); /* it did its last with the lock that we hold */
		free(p->service);
		free(p);
	}
}

/* Under lock. Without memory or a thread the next tick tries again. */
static void start(struct jm_daemon *d, const char *service)
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
	bool some = c != NULL;

	atomic_store(&d->stopping, true); /* what pollers look at */
	while (some) {
		pthread_mutex_lock(&c->lock);
		c->ended = true;
		sweep(c);
		some = c->pollers != NULL;
		pthread_mutex_unlock(&c->lock);
		if (some)
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
		if (find_service(s, s->services[i].email_address) == &s->services[i] &&
		    !find_poller(c, s->services[i].email_address))
			start(d, s->services[i].email_address);
	pthread_mutex_unlock(&c->lock);
	jm_settings_unref(&s);
}

json_t *jm_collect_state(struct jm_daemon *d, const char *service)
{
	struct jm_collector *c = d->collector;
	char since[JM_CLOCK_TEXT_BYTES], success[JM_CLOCK_TEXT_BYTES], until[JM_CLOCK_TEXT_BYTES];
	struct poller *p;
	json_t *o = NULL;

	if (!c)
		return NULL;
	pthread_mutex_lock(&c->lock);
	p = find_poller(c, service);
	if (p && !p->ended)
		o = json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:I, s:I, s:s?, s:s?}", "state",
		    p->state, "since", jm_clock_format(p->since_ms, since), "last_success",
		    p->last_success_ms ? jm_clock_format(p->last_success_ms, success) : NULL,
		    "error", p->error.kind != JM_E_NONE ? p->error.text : NULL, "queue",
		    (json_int_t)p->queue, "archived", (json_int_t)p->archived, "unretrievable",
		    (json_int_t)p->failed, "certificate",
		    p->certificate.until_ms ? p->certificate.subject : NULL, "certificate_until",
		    p->certificate.until_ms ? jm_clock_format(p->certificate.until_ms, until)
					    : NULL);
	pthread_mutex_unlock(&c->lock);
	return o;
}
