/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading, comparing and reporting. Keeping the settings for the next start is in kept.c. See
 * reload.h. */
#include "milter/daemon/reload.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "common/json/value.h"
#include "common/settings/difference.h"
#include "common/settings/loader.h"
#include "milter/daemon/kept.h"

#define REPORT_BYTES (64u * 1024u)
#define CHANGES_MS 3000 /* for the events of all changes together: the caller has other work */

/* ---- changes as events ---- */

/* The actor that changed the settings, and how long the events may wait for room. */
struct change {
	struct jm_daemon *daemon;
	const char *actor;
	/* An event to be noted before the first change; NULL: none, or it has been noted. */
	const char *headline;
	int64_t until_us;
	json_t *list; /* gets the changes; NULL: not wanted */
};

static void note_change(struct change *c, const char *kind, const char *service, const char *text)
{
	int64_t left_us = c->until_us - jm_clock_mono_us();

	if (c->headline)
		jm_daemon_note(c->daemon, "settings-changed", NULL, c->actor, NULL, c->headline);
	c->headline = NULL;
	(void)json_array_append_new(
	    c->list, json_pack("{s:s, s:s?, s:s}", "kind", kind, "service", service, "text", text));
	jm_daemon_note_within(c->daemon,
	    (struct jm_event){ .kind = kind, .service = service, .actor = c->actor, .text = text },
	    left_us > 0 ? left_us / 1000 : 0);
}

static void note_difference(void *ctx, const char *service, const char *text)
{
	note_change(ctx, "setting-changed", service, text);
}

/* Note each setting that differs, and each service that was added, removed, enabled or disabled, as
 * an event of its own. */
static void note_changes(
    struct change *change, const struct jm_settings *old, const struct jm_settings *now)
{
	for (size_t i = 0; i < now->services_n; i++) {
		const struct jm_service *s = &now->services[i],
					*was = jm_daemon_service(old, s->email_address);

		if (!was)
			note_change(
			    change, "service-added", s->email_address, "journal service added");
		else if (was->disabled != s->disabled)
			note_change(change, s->disabled ? "service-disabled" : "service-enabled",
			    s->email_address,
			    s->disabled ? "journal service disabled" : "journal service enabled");
	}
	for (size_t i = 0; i < old->services_n; i++)
		if (!jm_daemon_service(now, old->services[i].email_address))
			note_change(change, "service-removed", old->services[i].email_address,
			    "journal service removed");
	jm_settings_differences(old, now, note_difference, change);
}

static struct change begin_change(struct jm_daemon *d, const char *actor, const char *headline)
{
	return (struct change){ d, actor, headline, jm_clock_mono_us() + CHANGES_MS * 1000, NULL };
}

/* ---- settings ---- */

#define RESTART_BYTES 300

/* The outcome of a reload. */
struct outcome {
	bool ok;
	struct jm_buf report;        /* findings in the settings file, a line each */
	json_t *changes;             /* may be NULL */
	char restart[RESTART_BYTES]; /* the settings that need one; "": none does */
};

static void put_in_force(struct jm_daemon *d, const char *actor, const struct jm_settings *old,
    struct jm_settings *now, struct outcome *o)
{
	struct change change;
	struct jm_err err;

	/* First, so that an address which only a new source has is not taken for unknown before
	 * that source is read. */
	if (jm_directory_take(d->directory, now, &err) != 0)
		JM_LOG(JM_LOG_ERROR, "directory", { "error", JM_S(err.text) });
	jm_daemon_put_in_force(d, now);
	jm_log_set_level(now->detailed_logging ? JM_LOG_DEBUG : JM_LOG_INFO);
	jm_daemon_note(d, "reloaded", NULL, actor, NULL, now->path);
	change = begin_change(d, actor, NULL);
	change.list = o->changes;
	note_changes(&change, old, now);
	if (jm_settings_restart_needed(old, now, o->restart, sizeof o->restart)) {
		JM_LOG(JM_LOG_WARNING, "restart-needed", { "settings", JM_S(o->restart) });
		jm_daemon_note(d, "restart-needed", NULL, actor, NULL, o->restart);
	}
	jm_kept_later(d, now);
}

/* Load the settings file again. The caller holds d->refreshing. */
static void reload_settings(struct jm_daemon *d, const char *actor, struct outcome *o)
{
	struct jm_settings *old = jm_daemon_settings(d), *now = NULL;
	struct jm_err err, cause;

	o->ok = jm_settings_load(old->path, &now, &o->report, &err) == 0;
	if (o->ok) {
		put_in_force(d, actor, old, now, o);
	} else {
		if (o->report.len == 0 && jm_buf_printf(&o->report, &cause, "%s\n", err.text) != 0)
			JM_LOG(JM_LOG_ERROR, "reload", { "error", JM_S(cause.text) });
		JM_LOG(JM_LOG_ERROR, "reload-failed", { "file", JM_S(old->path) },
		    { "error", JM_S(err.text) }, { "outcome", JM_S("old settings stay in force") });
		jm_daemon_note(d, "reload-failed", NULL, actor, NULL, err.text);
	}
	jm_settings_unref(&now);
	jm_settings_unref(&old);
}

void jm_reload_signalled(struct jm_daemon *d, const struct jm_peer *sender)
{
	char text[JM_PEER_TEXT_BYTES], actor[JM_PEER_TEXT_BYTES + 20];
	struct outcome o = { .changes = NULL };

	snprintf(actor, sizeof actor, "signal from %s", jm_peer_text(sender, text));
	jm_buf_init(&o.report, REPORT_BYTES);
	reload_settings(d, actor, &o);
	jm_buf_release(&o.report);
}

/* The lines of a report. NULL without memory. */
static json_t *report_lines(struct jm_span report)
{
	json_t *list = json_array();

	while (list && report.len > 0) {
		size_t n = jm_span_index(report, '\n');

		if (json_array_append_new(list, jm_json_text(jm_span_sub(report, 0, n))) != 0) {
			json_decref(list);
			return NULL;
		}
		report = jm_span_sub(report, n + 1, report.len);
	}
	return list;
}

json_t *jm_reload_asked(struct jm_daemon *d, const json_t *request, const struct jm_peer *peer)
{
	const json_t *login = json_object_get(request, "login"); /* of earlier versions */
	char actor[JM_PEER_TEXT_BYTES];
	struct jm_settings *s = jm_daemon_settings(d);
	struct outcome o = { .ok = false };
	json_t *answer = NULL;

	if (json_object_size(request) != (login ? 2 : 1) || (login && !json_is_integer(login)))
		goto out;
	jm_peer_text(peer, actor);
	o.changes = json_array();
	jm_buf_init(&o.report, REPORT_BYTES);
	pthread_mutex_lock(&d->refreshing);
	reload_settings(d, actor, &o);
	pthread_mutex_unlock(&d->refreshing);
	answer = json_pack("{s:b, s:s, s:s, s:o, s:O, s:s?}", "ok", o.ok, "file", s->path, "actor",
	    actor, "findings", report_lines(jm_buf_span(&o.report)), "changes", o.changes,
	    "restart_needed", *o.restart ? o.restart : NULL);
	jm_buf_release(&o.report);
out:
	json_decref(o.changes);
	jm_settings_unref(&s);
	return answer;
}

void jm_reload_compare(struct jm_daemon *d)
{
	struct jm_settings *now = jm_daemon_settings(d), *old = NULL;
	char text[JM_ERR_TEXT_BYTES + 100];
	struct change change;
	struct jm_err err;

	if (jm_kept_load(d, now, &old, &err) == 0) {
		change = begin_change(d, "daemon",
		    "the settings file was changed while no daemon ran; each difference follows");
		note_changes(&change, old, now);
	} else if (err.kind != JM_E_NOTFOUND) {
		snprintf(text, sizeof text,
		    "changes of the settings while no daemon ran are not known: %s", err.text);
		jm_daemon_note(d, "settings-not-compared", NULL, "daemon", NULL, text);
	}
	jm_kept_later(d, now);
	jm_settings_unref(&old);
	jm_settings_unref(&now);
}

/* ---- directory ---- */

/* A source was read, or (err not NULL) could not be. */
static void note_source(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *err)
{
	char text[JM_ADMIT_TEXT_BYTES + 300];

	if (err)
		snprintf(text, sizeof text, "directory source %.200s stays as it was: %.250s",
		    source, err->text);
	else
		snprintf(text, sizeof text,
		    "directory source %.200s: read, %zu address%s; entries that are no address: "
		    "%zu",
		    source, addresses, addresses == 1 ? "" : "es", ignored);
	jm_daemon_note(
	    ctx, err ? "directory-failed" : "directory-loaded", NULL, "daemon", text, text);
}

void jm_reload_directory(struct jm_daemon *d)
{
	struct jm_settings *s;
	unsigned step;
	struct jm_err err;

	pthread_mutex_lock(&d->refreshing);
	step = jm_step_begin("directory");
	s = jm_daemon_settings(d); /* now: a reload may have just ended */
	if (jm_directory_refresh(d->directory, s, note_source, d, &err) != 0)
		JM_LOG(JM_LOG_ERROR, "directory", { "error", JM_S(err.text) });
	jm_step_end(step);
	pthread_mutex_unlock(&d->refreshing);
	jm_settings_unref(&s);
}
