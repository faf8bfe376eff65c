/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts and states in memory, under one lock. Counts are taken out under the lock and written to
 * the archive without it. The rules of a status are in common/service/service_status.c. See
 * watch.h. */
#include "milter/daemon/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/archive/health.h"
#include "common/archive/note.h"
#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "common/query/archive_status.h"
#include "milter/daemon/intake.h"

#define TICK_MS 1000     /* between two rounds */
#define SLICE_MS 100     /* how soon the thread sees that it is to stop */
#define BUCKETS_MAX 4096 /* that wait to be written; what needs more is logged and not counted */
#define REASON_BYTES 120
#define REASONS_MAX 16 /* more than there are verdicts */
#define DAY_MS 86400000

/* The counts of one service on one day (UTC). */
struct bucket {
	char *service;             /* owned; NULL: recipients that no service has */
	struct jm_attempts n;      /* its strings and reasons are set when it is written */
	char reason[REASON_BYTES]; /* of the last refusal */
	struct jm_attempt_reason reasons[REASONS_MAX];
};

struct watched {
	char *service;   /* owned */
	int64_t last_ms; /* its last successful extract: a message, or its mailbox read; 0: never */
	struct jm_service_status status;
	bool mailbox_tried;  /* a session with its mailbox has ended since it is polled */
	bool mailbox_failed; /* the last one did, by mailbox_fault */
	char mailbox_fault[JM_STATUS_WHY_BYTES];
	const char *mailbox_cure; /* static */
	uint64_t unretrievable;   /* messages in its mailbox */
};

struct jm_watch {
	struct jm_daemon *daemon;
	pthread_t thread;
	atomic_bool stopping; /* set by jm_watch_stop() */
	pthread_mutex_t lock; /* guards all below */
	struct bucket *buckets;
	size_t buckets_n;
	struct watched *services; /* those that were ever reported or defined; never fewer */
	size_t services_n;
	bool overflowed; /* a lack of room for counts has been logged */
};

/* ---- counts ---- */

static bool same_service(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Return the bucket of a service for the day of now_ms. NULL without room. Under the lock. */
static struct bucket *bucket_of(struct jm_watch *w, const char *service, int64_t now_ms)
{
	struct bucket *more;
	char *name = NULL;
	size_t i;

	for (i = 0; i < w->buckets_n; i++)
		if (same_service(w->buckets[i].service, service) &&
		    w->buckets[i].n.time_ms / DAY_MS == now_ms / DAY_MS)
			return &w->buckets[i];
	more = w->buckets_n < BUCKETS_MAX
	    ? realloc(w->buckets, (w->buckets_n + 1) * sizeof *w->buckets)
	    : NULL;
	if (more)
		w->buckets = more;
	if (!more || (service && !(name = strdup(service)))) {
		if (!w->overflowed)
			JM_LOG(JM_LOG_ERROR, "counts-lost", { "service", JM_S(service) },
			    { "waiting", JM_U(w->buckets_n) });
		w->overflowed = true;
		return NULL;
	}
	w->buckets[w->buckets_n] = (struct bucket){ .service = name, .n = { .time_ms = now_ms } };
	return &w->buckets[w->buckets_n++];
}

/* name is static. Under the lock. */
static void add_reason(struct bucket *b, const char *name, uint64_t n)
{
	size_t i = 0;

	while (i < b->n.reasons_n && strcmp(b->reasons[i].name, name) != 0)
		i++;
	if (i == REASONS_MAX)
		return;
	if (i == b->n.reasons_n)
		b->reasons[b->n.reasons_n++] = (struct jm_attempt_reason){ .name = name };
	b->reasons[i].n += n;
}

void jm_watch_recipient(struct jm_watch *w, const char *service, bool refused, const char *reason)
{
	int64_t now_ms = jm_clock_now_ms();
	struct bucket *b;

	pthread_mutex_lock(&w->lock);
	b = bucket_of(w, service, now_ms);
	if (b) {
		b->n.received++;
		b->n.refused += refused;
		b->n.deferred += !refused;
		b->n.refusal_ms = now_ms;
		snprintf(b->reason, sizeof b->reason, "%s", reason);
		add_reason(b, reason, 1);
	}
	pthread_mutex_unlock(&w->lock);
}

void jm_watch_deferred(struct jm_watch *w, const char *service)
{
	struct bucket *b;

	pthread_mutex_lock(&w->lock);
	b = bucket_of(w, service, jm_clock_now_ms());
	if (b) {
		b->n.received++;
		b->n.deferred++;
	}
	pthread_mutex_unlock(&w->lock);
}

/* Add the counts of a bucket that could not be written to those that wait. Under the lock. */
static void put_back(struct jm_watch *w, const struct bucket *b)
{
	struct bucket *to = bucket_of(w, b->service, b->n.time_ms);

	if (!to)
		return;
	to->n.received += b->n.received;
	to->n.refused += b->n.refused;
	to->n.deferred += b->n.deferred;
	for (size_t i = 0; i < b->n.reasons_n; i++)
		add_reason(to, b->reasons[i].name, b->reasons[i].n);
	if (to->n.refusal_ms == 0) {
		to->n.refusal_ms = b->n.refusal_ms;
		memcpy(to->reason, b->reason, sizeof to->reason);
	}
}

static void write_counts(struct jm_watch *w)
{
	struct jm_attempts *list;
	struct bucket *taken;
	struct jm_err err;
	size_t n;
	bool written;

	pthread_mutex_lock(&w->lock);
	taken = w->buckets;
	n = w->buckets_n;
	w->buckets = NULL;
	w->buckets_n = 0;
	pthread_mutex_unlock(&w->lock);
	list = n ? calloc(n, sizeof *list) : NULL;
	for (size_t i = 0; list && i < n; i++) {
		list[i] = taken[i].n;
		list[i].service = taken[i].service;
		list[i].refusal = taken[i].reason;
		list[i].reasons = taken[i].reasons;
	}
	written = list && jm_archive_tally(w->daemon->archive, list, n, &err) == 0;
	pthread_mutex_lock(&w->lock);
	w->overflowed = w->overflowed && !written;
	for (size_t i = 0; i < n; i++) {
		if (!written)
			put_back(w, &taken[i]);
		free(taken[i].service);
	}
	pthread_mutex_unlock(&w->lock);
	free(taken);
	free(list);
}

/* ---- status ---- */

/* Return the entry of a service, which is made when it does not exist. NULL without memory. Under
 * the lock. */
static struct watched *watched_of(struct jm_watch *w, const char *service)
{
	struct watched *more;
	char *name;

	for (size_t i = 0; i < w->services_n; i++)
		if (strcmp(w->services[i].service, service) == 0)
			return &w->services[i];
	more = realloc(w->services, (w->services_n + 1) * sizeof *w->services);
	if (!more)
		return NULL;
	w->services = more;
	name = strdup(service);
	if (!name)
		return NULL;
	w->services[w->services_n] = (struct watched){ .service = name };
	return &w->services[w->services_n++];
}

void jm_watch_message(struct jm_watch *w, const char *service)
{
	struct watched *s;

	pthread_mutex_lock(&w->lock);
	s = watched_of(w, service);
	if (s)
		s->last_ms = jm_clock_now_ms();
	pthread_mutex_unlock(&w->lock);
}

void jm_watch_intake(struct jm_watch *w, const struct jm_intake *in)
{
	for (size_t i = 0; i < in->targets_n; i++) {
		if (i < in->stored)
			jm_watch_message(w, in->targets[i].service->email_address);
		else
			jm_watch_deferred(w, in->targets[i].service->email_address);
	}
}

void jm_watch_mailbox(struct jm_watch *w, const char *service, const struct jm_err *fault,
    const char *cure, uint64_t unretrievable)
{
	struct watched *s;

	pthread_mutex_lock(&w->lock);
	s = watched_of(w, service);
	if (s) {
		s->mailbox_tried = true;
		s->mailbox_failed = fault != NULL;
		s->mailbox_cure = cure;
		s->unretrievable = unretrievable;
		if (!fault)
			s->last_ms = jm_clock_now_ms();
		snprintf(s->mailbox_fault, sizeof s->mailbox_fault, "%s", fault ? fault->text : "");
	}
	pthread_mutex_unlock(&w->lock);
}

void jm_watch_mailbox_left(struct jm_watch *w, const char *service)
{
	struct watched *s;

	pthread_mutex_lock(&w->lock);
	s = watched_of(w, service);
	if (s)
		s->mailbox_tried = s->mailbox_failed = false;
	pthread_mutex_unlock(&w->lock);
}

int64_t jm_watch_extract_ms(struct jm_watch *w, const char *service)
{
	int64_t last_ms = 0;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->services_n; i++)
		if (strcmp(w->services[i].service, service) == 0)
			last_ms = w->services[i].last_ms;
	pthread_mutex_unlock(&w->lock);
	return last_ms;
}

bool jm_watch_standing(struct jm_watch *w, const char *service, struct jm_service_status *s_r)
{
	bool known = false;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->services_n && !known; i++)
		if (w->services[i].status.known && strcmp(w->services[i].service, service) == 0) {
			*s_r = w->services[i].status;
			known = true;
		}
	pthread_mutex_unlock(&w->lock);
	return known;
}

static void note_status(struct jm_daemon *d, const struct jm_service *service,
    const struct jm_service_status *before, const struct jm_service_status *now)
{
	struct jm_event e = { .time_ms = now->since_ms,
		.kind = "status",
		.service = service->email_address,
		.actor = "daemon",
		.status = jm_status_name(now->status),
		.text = jm_status_change(before, now, service->transport == JM_TRANSPORT_POP3),
		.cure = jm_status_cure(now) };

	JM_LOG(now->status == JM_STATUS_ERROR ? JM_LOG_WARNING : JM_LOG_NOTICE, "status",
	    { "service", JM_S(e.service) },
	    { "was", JM_S(before->known ? jm_status_name(before->status) : "") },
	    { "is", JM_S(e.status) }, { "text", JM_S(e.text) });
	jm_archive_note_or_log(d->archive, &e);
}

/* The cure of a fault of the archive. NULL: the usual one. Static. */
static const char *archive_cure(const struct jm_err *fault, bool pop3)
{
	static const struct {
		int sys;
		const char *cure[2]; /* for SMTP, for POP3 */
	} cures[] = {
		{ EACCES,
		    { "give the daemon's user the right to write in the archive's folder; senders "
		      "get 4xx and try again meanwhile",
			"give the daemon's user the right to write in the archive's folder; the "
			"messages stay in the mailbox meanwhile" } },
		{ EROFS,
		    { "mount the archive's file system for writing; senders get 4xx and try again "
		      "meanwhile",
			"mount the archive's file system for writing; the messages stay in the "
			"mailbox meanwhile" } },
		{ EIO,
		    { "see the kernel's log: the archive's disk fails; senders get 4xx and try "
		      "again meanwhile",
			"see the kernel's log: the archive's disk fails; the messages stay in the "
			"mailbox meanwhile" } },
	};
	int sys = fault->sys == EPERM ? EACCES : fault->sys;

	for (size_t i = 0; i < sizeof cures / sizeof cures[0]; i++)
		if (cures[i].sys == sys)
			return cures[i].cure[pop3];
	return NULL;
}

/* Bring the status of a service up to date. fault: the archive's; NULL: it can write. */
static void check_service(struct jm_watch *w, const struct jm_service *service,
    const struct jm_err *fault, int64_t now_ms)
{
	bool pop3 = service->transport == JM_TRANSPORT_POP3;
	struct jm_status_facts f = { .disabled = service->disabled,
		.pop3 = pop3,
		.inactivity_ms = service->inactivity_allowed_min * 60000LL,
		.archive_fault = fault ? fault->text : NULL,
		.archive_cure = fault ? archive_cure(fault, pop3) : NULL };
	struct jm_service_status before = { .known = false }, now = { .known = false };
	struct watched *s;
	bool changed = false;

	pthread_mutex_lock(&w->lock);
	s = watched_of(w, service->email_address);
	if (s) {
		f.last_ms = s->last_ms;
		f.mailbox_fault = pop3 && s->mailbox_failed ? s->mailbox_fault : NULL;
		f.mailbox_cure = s->mailbox_cure;
		f.mailbox_untried = pop3 && !s->mailbox_tried;
		f.unretrievable = pop3 ? s->unretrievable : 0;
		before = s->status;
		changed = jm_status_tick(&s->status, &f, now_ms);
		now = s->status;
	}
	pthread_mutex_unlock(&w->lock);
	if (changed)
		note_status(w->daemon, service, &before, &now);
}

/* ---- the thread ---- */

static void watch_round(struct jm_watch *w)
{
	struct jm_settings *s = jm_daemon_settings(w->daemon);
	unsigned step = jm_step_begin("watch");
	struct jm_err fault;
	bool wrong = jm_archive_trouble(w->daemon->archive, &fault);

	for (size_t i = 0; i < s->services_n; i++)
		check_service(w, &s->services[i], wrong ? &fault : NULL, jm_clock_now_ms());
	jm_settings_unref(&s);
	write_counts(w);
	jm_step_end(step);
}

static void *keep_watch(void *arg)
{
	struct jm_watch *w = arg;
	int64_t next_us = 0;

	while (!atomic_load(&w->stopping)) {
		if (jm_clock_mono_us() >= next_us) {
			next_us = jm_clock_mono_us() + TICK_MS * 1000;
			watch_round(w);
		}
		jm_clock_sleep_ms(SLICE_MS);
	}
	watch_round(w);
	return NULL;
}

/* Take over what the archive knows of the services. Before the thread starts. */
static void restore_statuses(struct jm_watch *w, const json_t *services)
{
	for (size_t i = 0; i < json_array_size(services); i++) {
		const json_t *row = json_array_get(services, i);
		const char *name = json_string_value(json_object_get(row, "name")),
			   *last = json_string_value(json_object_get(row, "last_extract")),
			   *since = json_string_value(json_object_get(row, "status_since"));
		struct watched *s = name ? watched_of(w, name) : NULL;
		int64_t since_ms = 0;

		if (!s)
			continue;
		if (!last || jm_clock_parse(last, &s->last_ms) != 0)
			s->last_ms = 0;
		if (since && jm_clock_parse(since, &since_ms) == 0)
			jm_status_restore(&s->status,
			    json_string_value(json_object_get(row, "status")), since_ms,
			    json_string_value(json_object_get(row, "why")),
			    json_string_value(json_object_get(row, "cure")));
		if (s->status.known && s->status.status == JM_STATUS_OK && s->status.cure[0])
			s->status.unretrievable = (uint64_t)json_integer_value(
			    json_object_get(row, "mailbox_unretrievable"));
	}
}

static void watch_free(struct jm_watch *w)
{
	for (size_t i = 0; i < w->services_n; i++)
		free(w->services[i].service);
	free(w->services);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int jm_watch_start(struct jm_daemon *d, struct jm_err *err)
{
	struct jm_watch *w = calloc(1, sizeof *w);
	json_t *status = NULL;

	if (!w)
		return jm_err_sys(err, JM_E_TEMP, "cannot watch over the services");
	w->daemon = d;
	pthread_mutex_init(&w->lock, NULL);
	if (jm_archive_standing(d->archive, &status, err) != 0) {
		watch_free(w);
		return -1;
	}
	restore_statuses(w, json_object_get(status, "services"));
	json_decref(status);
	d->watch = w;
	if (pthread_create(&w->thread, NULL, keep_watch, w) != 0) {
		d->watch = NULL;
		watch_free(w);
		return jm_err_set(err, JM_E_TEMP, "cannot start a thread");
	}
	return 0;
}

void jm_watch_stop(struct jm_watch *w)
{
	if (!w)
		return;
	atomic_store(&w->stopping, true);
	pthread_join(w->thread, NULL);
}
