/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/control/domain_list.h"
#include "common/settings/difference.h"
#include "common/settings/loader.h"
#include "milter/daemon/collect.h"
#include "milter/daemon/kept.h"
#include "milter/daemon/watch.h"

#define REPORT_BYTES (64u * 1024u)
#define CHANGES_MS \
	3000 /* how long the events of a reload may wait for room: MTAs must hear of us meanwhile \
	      */

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

struct jm_settings *jm_daemon_settings(struct jm_daemon *d)
{
	struct jm_settings *s;

	pthread_mutex_lock(&d->lock);
	s = jm_settings_ref(d->settings);
	pthread_mutex_unlock(&d->lock);
	return s;
}

/* Whose change of the settings it is. */
struct change {
	struct jm_daemon *daemon;
	const char *actor;
	const char *headline; /* before the first; NULL: none, or told */
	int64_t until_us;
};

/* Log an event and keep it, within the time when there are too many. What finds no room is counted
 * by the archive. */
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

static void note_change(struct change *c, const char *kind, const char *service, const char *text)
{
	const struct jm_event e = { jm_clock_now_ms(), kind, service, c->actor, text };
	int64_t left_us = c->until_us - jm_clock_mono_us();

	if (c->headline)
		jm_daemon_note(c->daemon, "settings-changed", NULL, c->actor, NULL, c->headline);
	c->headline = NULL;
	log_event(&e);
	put_event(c->daemon, &e, left_us > 0 ? left_us / 1000 : 0);
}

static void note_difference(void *ctx, const char *service, const char *text)
{
	note_change(ctx, "setting-changed", service, text);
}

/* Each setting that changed, and each service that was switched on or off, or came or went, is an
 * event of its own. */
void jm_daemon_note_changes(struct jm_daemon *d, const struct jm_settings *old,
    const struct jm_settings *now, const char *actor, const char *headline)
{
	struct change change = { d, actor, headline, jm_clock_mono_us() + CHANGES_MS * 1000 };
	size_t i, k;

	for (i = 0; i < now->services_n; i++) {
		const struct jm_service *s = &now->services[i], *was = NULL;

		for (k = 0; k < old->services_n; k++)
			if (strcmp(old->services[k].email_address, s->email_address) == 0)
				was = &old->services[k];
		if (!was)
			note_change(
			    &change, "service-added", s->email_address, "journal service added");
		else if (was->disabled != s->disabled)
			note_change(&change, s->disabled ? "service-disabled" : "service-enabled",
			    s->email_address,
			    s->disabled ? "journal service disabled" : "journal service enabled");
	}
	for (k = 0; k < old->services_n; k++) {
		for (i = 0; i < now->services_n; i++)
			if (strcmp(old->services[k].email_address,
				now->services[i].email_address) == 0)
				break;
		if (i == now->services_n)
			note_change(&change, "service-removed", old->services[k].email_address,
			    "journal service removed");
	}
	jm_settings_differences(old, now, note_difference, &change);
}

void jm_daemon_reload(struct jm_daemon *d, const char *actor)
{
	struct jm_settings *old = jm_daemon_settings(d), *now = NULL;
	struct jm_buf report;
	struct jm_err err;
	char restart[300];

	jm_buf_init(&report, REPORT_BYTES);
	if (jm_settings_load(old->path, &now, &report, &err) != 0) {
		JM_LOG(JM_LOG_ERROR, "reload-failed", { "file", JM_S(old->path) },
		    { "error", JM_S(err.text) }, { "outcome", JM_S("old settings stay in force") });
		jm_daemon_note(d, "reload-failed", NULL, actor, NULL, err.text);
		goto out;
	}
	if (jm_directory_take(d->directory, now, &err) != 0) /* else an address that only a new
								source has is unknown until that is
								read */
		JM_LOG(JM_LOG_ERROR, "directory", { "error", JM_S(err.text) });
	pthread_mutex_lock(&d->lock);
	jm_settings_unref(&d->settings);
	d->settings = jm_settings_ref(now);
	pthread_mutex_unlock(&d->lock);
	jm_log_set_level(now->detailed_logging ? JM_LOG_DEBUG : JM_LOG_INFO);
	jm_daemon_note(d, "reloaded", NULL, actor, NULL, now->path);
	jm_daemon_note_changes(d, old, now, actor, NULL);
	if (jm_settings_restart_needed(old, now, restart, sizeof restart)) {
		JM_LOG(JM_LOG_WARNING, "restart-needed", { "settings", JM_S(restart) });
		jm_daemon_note(d, "restart-needed", NULL, actor, NULL, restart);
	}
	jm_kept_later(d, now);
out:
	jm_buf_release(&report);
	jm_settings_unref(&now);
	jm_settings_unref(&old);
}

/* A source was read, or could not be. */
static void told_source(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *err)
{
	char text[JM_ADMIT_TEXT_BYTES + 300];

	if (err)
		snprintf(text, sizeof text, "directory source %.200s stays as it was: %.250s",
		    source, err->text);
	else
		snprintf(text, sizeof text,
		    "directory source %.200s: read, %zu address%s; entries that are no address: %zu",
		    source, addresses, addresses == 1 ? "" : "es", ignored);
	jm_daemon_note(
	    ctx, err ? "directory-failed" : "directory-loaded", NULL, "daemon", text, text);
}

void jm_daemon_refresh(struct jm_daemon *d)
{
	struct jm_settings *s;
	struct jm_err err;

	pthread_mutex_lock(&d->refreshing);
	s = jm_daemon_settings(d); /* a reload may have held the lock */
	if (jm_directory_refresh(d->directory, s, told_source, d, &err) != 0)
		JM_LOG(JM_LOG_ERROR, "directory", { "error", JM_S(err.text) });
	pthread_mutex_unlock(&d->refreshing);
	jm_settings_unref(&s);
}

void jm_daemon_note(struct jm_daemon *d, const char *kind, const char *service, const char *actor,
    const char *reason, const char *text)
{
	const char *const parts[] = { kind, service ? service : "", actor ? actor : "", reason,
		NULL };
	struct jm_event e = { jm_clock_now_ms(), kind, service, actor, text };
	char more[JM_ADMIT_TEXT_BYTES + 400];
	uint64_t hidden = 0;
	bool tell;

	log_event(&e);
	pthread_mutex_lock(&d->lock);
	tell = !reason || jm_quota_take(&d->quota, parts, e.time_ms, &hidden);
	pthread_mutex_unlock(&d->lock);
	if (!tell)
		return;
	if (hidden) {
		snprintf(more, sizeof more, "%s (and %llu more like it)", text,
		    (unsigned long long)hidden);
		e.text = more;
	}
	put_event(d, &e, 0);
}

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

static int keep_row(void *ctx, const json_t *row, struct jm_err *err)
{
	return json_array_append(ctx, (json_t *)(uintptr_t)row) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "out of memory");
}

/* The names of internal domains that nobody showed to be the organisation's; NULL when the archive
 * cannot tell. */
static json_t *unverified(struct jm_daemon *d, const struct jm_settings *s)
{
	json_t *rows = json_array(), *names = json_array();
	struct jm_err err;

	if (!d->archive || jm_archive_domains(d->archive, keep_row, rows, &err) != 0) {
		json_decref(names);
		names = NULL;
	}
	for (size_t i = 0; names && i < s->internal_domains_n; i++)
		if (!jm_domains_verified_by(rows, s->internal_domains[i].name))
			json_array_append_new(names, json_string(s->internal_domains[i].name));
	json_decref(rows);
	return names;
}

/* How a service stands, under the names of the archive's rows, which may be unable to keep it now.
 * NULL: not known yet, or no memory. */
static json_t *standing(const char *service)
{
	char since[JM_CLOCK_TEXT_BYTES];
	struct jm_service_status s;

	return jm_watch_standing(service, &s)
	    ? json_pack("{s:s, s:s, s:s, s:s?}", "status", jm_status_name(s.status), "status_since",
		  jm_clock_format(s.since_ms, since), "why", s.why, "cure", jm_status_cure(&s))
	    : NULL;
}

json_t *jm_daemon_state(void *ctx)
{
	struct jm_daemon *d = ctx;
	struct jm_settings *s = jm_daemon_settings(d);
	json_t *services = json_array();
	char started[JM_CLOCK_TEXT_BYTES];
	size_t i;

	for (i = 0; i < s->services_n; i++) {
		const struct jm_service *v = &s->services[i];

		json_array_append_new(services,
		    json_pack("{s:s, s:s, s:s, s:b, s:o*, s:o*}", "email_address", v->email_address,
			"description", v->description ? v->description : "", "transport",
			v->transport == JM_TRANSPORT_POP3 ? "pop3" : "smtp", "disabled",
			v->disabled, "standing", standing(v->email_address), "mailbox",
			v->transport == JM_TRANSPORT_POP3 ? jm_collect_state(d, v->email_address)
							  : NULL));
	}
	services = json_pack("{s:{s:i, s:s, s:s, s:s, s:s}, s:{s:I, s:I, s:I, s:I, s:I}, s:o}",
	    "daemon", "pid", (int)getpid(), "version", PACKAGE_VERSION, "started",
	    jm_clock_format(d->started_ms, started), "settings_file", s->path, "socket", s->socket,
	    "since_start", "received", (json_int_t)atomic_load(&d->received), "archived",
	    (json_int_t)atomic_load(&d->archived), "deferred",
	    (json_int_t)atomic_load(&d->deferred), "refused", (json_int_t)atomic_load(&d->refused),
	    "passed", (json_int_t)atomic_load(&d->passed), "services", services);
	if (services && json_object_set_new(services, "unverified_domains", unverified(d, s)) != 0)
		JM_LOG(
		    JM_LOG_WARNING, "status", { "error", JM_S("no list of unverified domains") });
	jm_settings_unref(&s);
	return services;
}
