/* SPDX-License-Identifier: BSD-2-Clause */
/* See watch.h. One lock; what is to be written is taken out under it and written without it. */
#include "milter/daemon/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "milter/daemon/collect.h"
#include "milter/daemon/intake.h"

#define BUCKETS_MAX \
	4096 /* services by days that wait to be written; more are logged and not counted */
#define REASON_BYTES 120
#define REASONS_MAX 16 /* there are fewer verdicts */
#define DAY_MS 86400000

struct bucket {
	char *service;             /* owned; NULL: none */
	struct jm_attempts n;      /* its reasons are those below */
	char reason[REASON_BYTES]; /* the last */
	struct jm_attempt_reason reasons[REASONS_MAX];
};

struct watched {
	char *service; /* owned */
	int64_t last_ms;
	struct jm_service_status status;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all of these */
static struct bucket *buckets;
static size_t buckets_n;
static struct watched *services;
static size_t services_n;
static bool overflowed;

/* ---- counts ---- */

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Under lock. The bucket of a service on a day; NULL without room. */
static struct bucket *bucket_of(const char *service, int64_t now_ms)
{
	struct bucket *more;
	char *name = NULL;
	size_t i;

	for (i = 0; i < buckets_n; i++)
		if (same(buckets[i].service, service) &&
		    buckets[i].n.time_ms / DAY_MS == now_ms / DAY_MS)
			return &buckets[i];
	more = buckets_n < BUCKETS_MAX ? realloc(buckets, (buckets_n + 1) * sizeof *buckets) : NULL;
	if (more)
		buckets = more;
	if (!more || (service && !(name = strdup(service)))) {
		if (!overflowed)
			JM_LOG(JM_LOG_ERROR, "counts-lost", { "service", JM_S(service) },
			    { "waiting", JM_U(buckets_n) });
		overflowed = true;
		return NULL;
	}
	buckets[buckets_n] = (struct bucket){ .service = name, .n = { .time_ms = now_ms } };
	return &buckets[buckets_n++];
}

/* Under lock. name is static. */
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

void jm_watch_recipient(const char *service, bool refused, const char *reason)
{
	int64_t now_ms = jm_clock_now_ms();
	struct bucket *b;

	pthread_mutex_lock(&lock);
	b = bucket_of(service, now_ms);
	if (b) {
		b->n.received++;
		b->n.refused += refused;
		b->n.deferred += !refused;
		b->n.refusal_ms = now_ms;
		snprintf(b->reason, sizeof b->reason, "%s", reason);
		add_reason(b, reason, 1);
	}
	pthread_mutex_unlock(&lock);
}

void jm_watch_deferred(const char *service)
{
	struct bucket *b;

	pthread_mutex_lock(&lock);
	b = bucket_of(service, jm_clock_now_ms());
	if (b) {
		b->n.received++;
		b->n.deferred++;
	}
	pthread_mutex_unlock(&lock);
}

/* Under lock. Put back what could not be written. */
static void put_back(struct bucket *b)
{
	struct bucket *to = bucket_of(b->service, b->n.time_ms);

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

static void write_counts(struct jm_daemon *d)
{
	struct jm_attempts *list;
	struct bucket *taken;
	struct jm_err err;
	size_t n;
	bool written;

	pthread_mutex_lock(&lock);
	taken = buckets;
	n = buckets_n;
	buckets = NULL;
	buckets_n = 0;
	pthread_mutex_unlock(&lock);
	list = n ? calloc(n, sizeof *list) : NULL;
	for (size_t i = 0; list && i < n; i++) {
		list[i] = taken[i].n;
		list[i].service = taken[i].service;
		list[i].refusal = taken[i].reason;
		list[i].reasons = taken[i].reasons;
	}
	written = list && jm_archive_tally(d->archive, list, n, &err) == 0;
	pthread_mutex_lock(&lock);
	overflowed = overflowed && !written;
	for (size_t i = 0; i < n; i++) {
		if (!written)
			put_back(&taken[i]);
		free(taken[i].service);
	}
	pthread_mutex_unlock(&lock);
	free(taken);
	free(list);
}

/* ---- status ---- */

/* Under lock. NULL without memory. */
static struct watched *watched_of(const char *service)
{
	struct watched *more;
	char *name;

	for (size_t i = 0; i < services_n; i++)
		if (strcmp(services[i].service, service) == 0)
			return &services[i];
	more = realloc(services, (services_n + 1) * sizeof *services);
	if (!more)
		return NULL;
	services = more;
	name = strdup(service);
	if (!name)
		return NULL;
	services[services_n] = (struct watched){ .service = name };
	return &services[services_n++];
}

void jm_watch_message(const char *service)
{
	struct watched *w;

	pthread_mutex_lock(&lock);
	w = watched_of(service);
	if (w)
		w->last_ms = jm_clock_now_ms();
	pthread_mutex_unlock(&lock);
}

void jm_watch_intake(const struct jm_intake *in)
{
	for (size_t i = 0; i < in->targets_n; i++) {
		if (i < in->stored)
			jm_watch_message(in->targets[i].service->email_address);
		else
			jm_watch_deferred(in->targets[i].service->email_address);
	}
}

int jm_watch_start(struct jm_daemon *d, struct jm_err *err)
{
	json_t *status = NULL, *list;

	if (jm_archive_standing(d->archive, &status, err) != 0)
		return -1;
	list = json_object_get(status, "services");
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(row, "name")),
			   *last = json_string_value(json_object_get(row, "last")),
			   *since = json_string_value(json_object_get(row, "status_since"));
		struct watched *w = name ? watched_of(name) : NULL;
		int64_t since_ms = 0;

		if (!w)
			continue;
		if (!last || jm_clock_parse(last, &w->last_ms) != 0)
			w->last_ms = 0;
		if (since && jm_clock_parse(since, &since_ms) == 0)
			jm_status_restore(&w->status,
			    json_string_value(json_object_get(row, "status")), since_ms,
			    json_string_value(json_object_get(row, "why")));
	}
	pthread_mutex_unlock(&lock);
	json_decref(status);
	return 0;
}

bool jm_watch_standing(const char *service, struct jm_service_status *s_r)
{
	bool known = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < services_n && !known; i++)
		if (strcmp(services[i].service, service) == 0) {
			*s_r = services[i].status;
			known = s_r->known;
		}
	pthread_mutex_unlock(&lock);
	return known;
}

static void tell(struct jm_daemon *d, const char *service, const struct jm_service_status *before,
    const struct jm_service_status *now)
{
	struct jm_event e = { .time_ms = now->since_ms,
		.kind = "status",
		.service = service,
		.actor = "daemon",
		.status = jm_status_name(now->status),
		.text = now->why[0]                                      ? now->why
		    : before->known && before->status == JM_STATUS_ERROR ? "in order again"
									 : "",
		.cure = jm_status_cure(now) };
	struct jm_err err;

	JM_LOG(now->status == JM_STATUS_ERROR ? JM_LOG_WARNING : JM_LOG_NOTICE, "status",
	    { "service", JM_S(service) },
	    { "was", JM_S(before->known ? jm_status_name(before->status) : "") },
	    { "is", JM_S(e.status) }, { "text", JM_S(e.text) });
	if (jm_archive_note(d->archive, &e, &err) != 0)
		JM_LOG(JM_LOG_ERROR, "event-lost", { "kind", JM_S(e.kind) },
		    { "error", JM_S(err.text) });
}

/* Why the mailbox of a service cannot be fetched from, into text; NULL: it can. *untried_r: nobody
 * knows yet. */
static const char *mailbox_fault(
    struct jm_daemon *d, const struct jm_service *s, char *text, size_t text_bytes, bool *untried_r)
{
	json_t *state = s->transport == JM_TRANSPORT_POP3 ? jm_collect_state(d, s->email_address)
							  : NULL;
	const char *error = json_string_value(json_object_get(state, "error")),
		   *word = json_string_value(json_object_get(state, "state"));

	*untried_r = s->transport == JM_TRANSPORT_POP3 &&
	    (!word || strcmp(word, "awaiting-initial-run") == 0);
	if (error)
		snprintf(text, text_bytes, "%s", error);
	json_decref(state);
	return error ? text : NULL;
}

static void check_service(
    struct jm_daemon *d, const struct jm_service *s, const char *archive_fault, int64_t now_ms)
{
	char mailbox[JM_STATUS_WHY_BYTES];
	struct jm_status_facts f = { .disabled = s->disabled,
		.inactivity_ms = s->inactivity_allowed_min * 60000LL,
		.archive_fault = archive_fault };
	struct jm_service_status before = { .known = false }, now = { .known = false };
	struct watched *w;
	bool changed = false;

	f.mailbox_fault = mailbox_fault(d, s, mailbox, sizeof mailbox, &f.mailbox_untried);
	pthread_mutex_lock(&lock);
	w = watched_of(s->email_address);
	if (w) {
		f.last_ms = w->last_ms;
		before = w->status;
		changed = jm_status_tick(&w->status, &f, now_ms);
		now = w->status;
	}
	pthread_mutex_unlock(&lock);
	if (changed)
		tell(d, s->email_address, &before, &now);
}

void jm_watch_tick(struct jm_daemon *d)
{
	struct jm_settings *s = jm_daemon_settings(d);
	char fault[JM_ERR_TEXT_BYTES];
	bool wrong = jm_archive_trouble(d->archive, fault);

	for (size_t i = 0; i < s->services_n; i++)
		check_service(d, &s->services[i], wrong ? fault : NULL, jm_clock_now_ms());
	jm_settings_unref(&s);
	write_counts(d);
}
