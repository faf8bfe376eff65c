/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings in force, the events, and the count of work in progress. Reading settings again
 * while the daemon runs is in reload.c. See daemon.h. */
#include "milter/daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/base/log.h"

void jm_daemon_init(struct jm_daemon *d, struct jm_settings *settings)
{
	pthread_condattr_t monotonic;

	*d = (struct jm_daemon){ .settings = settings, .started_ms = jm_clock_now_ms() };
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&d->refreshing, NULL);
}

/* ---- settings ---- */

struct jm_settings *jm_daemon_settings(struct jm_daemon *d)
{
	struct jm_settings *s;

	pthread_mutex_lock(&d->lock);
	s = jm_settings_ref(d->settings);
	pthread_mutex_unlock(&d->lock);
	return s;
}

void jm_daemon_put_in_force(struct jm_daemon *d, struct jm_settings *settings)
{
	pthread_mutex_lock(&d->lock);
	jm_settings_unref(&d->settings);
	d->settings = jm_settings_ref(settings);
	pthread_mutex_unlock(&d->lock);
}

const struct jm_service *jm_daemon_service(
    const struct jm_settings *settings, const char *email_address)
{
	for (size_t i = 0; i < settings->services_n; i++)
		if (strcmp(settings->services[i].email_address, email_address) == 0)
			return &settings->services[i];
	return NULL;
}

/* ---- events ---- */

/* Note an event in the archive, which counts those that find no room within the time. */
static void put_event(struct jm_daemon *d, const struct jm_event *e, int64_t wait_ms)
{
	bool open = jm_daemon_busy(d);
	struct jm_err err;

	if (!open)
		jm_err_set(&err, JM_E_TEMP, "the archive is closed");
	if (!open || (d->archive && jm_archive_note_within(d->archive, e, wait_ms, &err) != 0))
		JM_LOG(JM_LOG_ERROR, "event-lost", { "kind", JM_S(e->kind) },
		    { "error", JM_S(err.text) });
	if (open)
		jm_daemon_done(d);
}

static void log_event(const struct jm_event *e)
{
	JM_LOG(JM_LOG_NOTICE, e->kind, { "service", JM_S(e->service) }, { "actor", JM_S(e->actor) },
	    { "text", JM_S(e->text) });
}

void jm_daemon_note_within(struct jm_daemon *d, struct jm_event event, int64_t wait_ms)
{
	event.time_ms = jm_clock_now_ms();
	log_event(&event);
	put_event(d, &event, wait_ms);
}

void jm_daemon_note(struct jm_daemon *d, const char *kind, const char *service, const char *actor,
    const char *reason, const char *text)
{
	const char *const parts[] = { kind, service ? service : "", actor ? actor : "", reason,
		NULL };
	struct jm_event e = { jm_clock_now_ms(), kind, service, actor, text };
	char more[JM_ADMIT_TEXT_BYTES + 400];
	uint64_t hidden = 0;
	bool wanted;

	log_event(&e);
	pthread_mutex_lock(&d->lock);
	wanted = !reason || jm_quota_take(&d->quota, parts, e.time_ms, &hidden);
	pthread_mutex_unlock(&d->lock);
	if (!wanted)
		return;
	if (hidden) {
		snprintf(more, sizeof more, "%s (and %llu more like it)", text,
		    (unsigned long long)hidden);
		e.text = more;
	}
	put_event(d, &e, 0);
}

/* ---- work in progress ---- */

bool jm_daemon_busy(struct jm_daemon *d)
{
	bool may;

	pthread_mutex_lock(&d->lock);
	may = !d->closed;
	d->busy += may;
	pthread_mutex_unlock(&d->lock);
	return may;
}

void jm_daemon_done(struct jm_daemon *d)
{
	pthread_mutex_lock(&d->lock);
	if (--d->busy == 0)
		pthread_cond_broadcast(&d->idle);
	pthread_mutex_unlock(&d->lock);
}

unsigned jm_daemon_in_flight(struct jm_daemon *d)
{
	unsigned busy;

	pthread_mutex_lock(&d->lock);
	busy = d->busy;
	pthread_mutex_unlock(&d->lock);
	return busy;
}

static bool wait_idle(struct jm_daemon *d, bool close, int64_t grace_ms)
{
	int64_t until_us = jm_clock_mono_us() + grace_ms * 1000;
	const struct timespec until = { .tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000) * 1000 };
	bool idle;

	pthread_mutex_lock(&d->lock);
	d->closed = close;
	while (d->busy && pthread_cond_timedwait(&d->idle, &d->lock, &until) != ETIMEDOUT)
		;
	idle = d->busy == 0;
	pthread_mutex_unlock(&d->lock);
	return idle;
}

bool jm_daemon_drain(struct jm_daemon *d, int64_t grace_ms)
{
	atomic_store(&d->stopping, true);
	return wait_idle(d, false, grace_ms);
}

bool jm_daemon_shut(struct jm_daemon *d, int64_t grace_ms)
{
	return wait_idle(d, true, grace_ms);
}
