/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per part of the document. How it is written to files is in common/publish, how it is
 * sent in control.c. See document.h. */
#include "milter/daemon/document.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/archive/gauge.h"
#include "common/archive/tip.h"
#include "common/base/clock.h"
#include "common/publish/figure.h"
#include "common/query/archive_status.h"
#include "common/query/recent.h"
#include "common/query/waiting.h"
#include "milter/daemon/clients.h"
#include "milter/daemon/collect.h"
#include "milter/daemon/state.h"
#include "milter/daemon/watch.h"

#define CLIENTS 20 /* of the busiest, in "live" */
#define N(a) (sizeof(a) / sizeof((a)[0]))

static json_t *time_text(int64_t ms)
{
	char text[JM_CLOCK_TEXT_BYTES];

	return ms == 0 ? json_null() : json_string(jm_clock_format(ms, text));
}

static json_int_t figure(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* Copy the string from[keys[i][0]] to to[keys[i][1]] for each of n keys; null when from does not
 * have it.
 */
static void copy_texts(json_t *to, const json_t *from, const char *const (*keys)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *v = json_object_get(from, keys[i][0]);

		json_object_set(to, keys[i][1], json_is_string(v) ? v : json_null());
	}
}

/* The same for integers; 0 when from does not have it. */
static void copy_numbers(json_t *to, const json_t *from, const char *const (*keys)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_set_new(to, keys[i][1], json_integer(figure(from, keys[i][0])));
}

/* Copy the integer from[key] to to[name]; null when it is not known. */
static void copy_known(json_t *to, const char *name, const json_t *from, const char *key)
{
	json_t *v = json_object_get(from, key);

	json_object_set(to, name, json_is_integer(v) ? v : json_null());
}

/* The messages that are set aside and were neither released nor left to expire: somebody has to
 * decide about them. */
static void add_set_aside(json_t *to, const json_t *counts)
{
	json_object_set_new(
	    to, "set_aside", json_integer(figure(counts, "set_aside") - figure(counts, "expired")));
}

/* Add the free space of the disk, and how long it lasts at the rate of the last days. */
static void add_disk(json_t *archive, const char *dir, const json_t *recent, int64_t now_ms)
{
	json_int_t stored = figure(recent, "stored_bytes"),
		   since_ms = figure(recent, "stored_since_ms");
	struct statvfs fs;
	double left;

	if (statvfs(dir, &fs) != 0)
		return;
	left = (double)fs.f_bavail * (double)fs.f_frsize;
	json_object_set_new(archive, "disk_size_bytes",
	    json_integer((json_int_t)fs.f_blocks * (json_int_t)fs.f_frsize));
	json_object_set_new(archive, "disk_free_bytes", json_integer((json_int_t)left));
	if (stored <= 0 || since_ms <= 0 || since_ms >= now_ms)
		return;
	left = left / ((double)stored / ((double)(now_ms - since_ms) / 1000));
	json_object_set_new(archive, "disk_left_seconds",
	    json_integer(left > 1e12 ? (json_int_t)1e12 : (json_int_t)left));
}

static json_t *archive_part(
    const char *dir, const json_t *status, const json_t *recent, json_t *gauges, int64_t now_ms)
{
	static const char *const texts[][2] = { { "state", "state" }, { "problem", "problem" },
		{ "last", "last" } };
	static const char *const numbers[][2] = {
		{ "items", "items" },
		{ "received", "received" },
		{ "reports", "reports" },
		{ "merged", "merged" },
		{ "step_down", "step_down" },
		{ "refused", "refused" },
		{ "deferred", "deferred" },
		{ "received_bytes", "received_bytes" },
		{ "stored_bytes", "stored_bytes" },
		{ "groups", "commits" },
		{ "volumes", "volumes" },
		{ "volume_bytes", "volume_bytes" },
	};
	const json_t *events = json_object_get(status, "events_by_kind");
	const json_t *holds = json_object_get(json_object_get(status, "balance"), "holds");
	json_t *o = json_pack("{s:s}", "directory", dir);

	copy_texts(o, status, texts, N(texts));
	if (json_is_null(json_object_get(o, "problem")))
		json_object_set_new(o, "problem", json_string(""));
	copy_numbers(o, status, numbers, N(numbers));
	add_set_aside(o, status);
	json_object_set_new(o, "balance", json_integer(!json_is_false(holds)));
	add_disk(o, dir, recent, now_ms);
	if (gauges)
		json_object_update(o, gauges);
	json_object_set_new(o, "checkpoint", time_text(figure(recent, "checkpoint_ms")));
	copy_texts(o, json_object_get(events, "verified"),
	    (const char *const[][2]){ { "last", "verified" } }, 1);
	copy_texts(o, json_object_get(events, "verify-failed"),
	    (const char *const[][2]){ { "last", "verify_failed" } }, 1);
	return o;
}

static int first_waiting(void *ctx, const json_t *row, struct jm_err *err)
{
	json_t **since = ctx;

	(void)err;
	*since = json_incref(json_object_get(row, "received"));
	return 1;
}

static json_t *queue_part(struct jm_archive *a, const json_t *status)
{
	/* Only the time is taken from a row; with bcc the message is not read. */
	const struct jm_queue_view view = { .a = a, .bcc = true };
	json_t *since = NULL;
	struct jm_err err;

	if (figure(status, "queued") > 0 &&
	    jm_archive_queue(&view, first_waiting, &since, &err) < 0)
		since = NULL; /* the state of the archive says why */
	return json_pack("{s:I,s:o}", "messages", figure(status, "queued"), "oldest",
	    json_is_string(since) ? since : json_null());
}

/* Add the status of a service: the one that the watch keeps, as the archive may be unable to record
 * it; before the watch has determined one, the one that the facts suggest. */
static void add_state(json_t *o, struct jm_daemon *d, const struct jm_service *s, const json_t *row,
    const json_t *status)
{
	const char *archive = json_string_value(json_object_get(status, "state")),
		   *problem = archive && strcmp(archive, "damaged") == 0
	    ? NULL /* it takes mail */
	    : json_string_value(json_object_get(status, "problem")),
		   *cure = NULL;
	char text[JM_STATUS_TEXT_BYTES];
	struct jm_service_status is = { .status = s->disabled ? JM_STATUS_DISABLED
		    : problem                                 ? JM_STATUS_ERROR
		    : figure(row, "reports") > 0              ? JM_STATUS_OK
							      : JM_STATUS_AWAITING,
		.since_ms = d->started_ms };

	if (jm_watch_standing(d->watch, s->email_address, &is)) {
		problem = is.why;
		cure = jm_status_cure(&is);
	}
	json_object_set_new(o, "state", json_string(jm_status_name(is.status)));
	json_object_set_new(o, "state_text",
	    json_string(jm_status_text(jm_status_name(is.status), is.unretrievable, text)));
	json_object_set_new(o, "since", time_text(is.since_ms));
	json_object_set_new(o, "why",
	    json_string(
		(is.status == JM_STATUS_ERROR || is.unretrievable) && problem ? problem : ""));
	json_object_set_new(o, "cure", json_string(cure ? cure : ""));
}

/* Add the last successful extract, as time and as people read it. */
static void add_extract(json_t *o, struct jm_daemon *d, const char *address)
{
	json_t *time = time_text(jm_watch_extract_ms(d->watch, address));
	const char *text = json_string_value(time);

	json_object_set_new(
	    o, "last_extract_text", json_string(text ? text : jm_status_name(JM_STATUS_AWAITING)));
	json_object_set_new(o, "last_extract", time);
}

/* row: what the archive recorded of the mailbox, when it is not polled now. */
static void add_mailbox(json_t *o, struct jm_daemon *d, const char *address, const json_t *row)
{
	static const char *const texts[][2] = { { "state", "mailbox_state" },
		{ "error", "mailbox_error" }, { "last_success", "mailbox_success" },
		{ "certificate", "certificate" }, { "certificate_until", "certificate_until" } };
	json_t *mailbox = jm_collect_state(d, address);
	const json_t *from = mailbox ? mailbox : row;

	copy_known(
	    o, "mailbox_unretrievable", from, mailbox ? "unretrievable" : "mailbox_unretrievable");
	copy_texts(o, from,
	    (const char *const[][2]){
		{ mailbox ? "unretrievable_since" : "mailbox_unretrievable_since",
		    "mailbox_unretrievable_since" } },
	    1);
	copy_known(o, "mailbox_messages", from, mailbox ? "queue" : "mailbox_queue");
	copy_known(o, "mailbox_waiting", from, mailbox ? "waiting" : "mailbox_waiting");
	if (!mailbox)
		return;
	copy_texts(o, mailbox, texts, N(texts));
	if (json_is_null(json_object_get(o, "mailbox_error")))
		json_object_set_new(o, "mailbox_error", json_string(""));
	json_decref(mailbox);
}

static json_t *service_part(
    struct jm_daemon *d, const struct jm_service *s, const json_t *row, const json_t *status)
{
	static const char *const texts[][2] = { { "last", "last" }, { "refusal", "refusal" },
		{ "refusal_at", "refusal_at" } };
	static const char *const numbers[][2] = { { "reports", "reports" }, { "queued", "queued" },
		{ "refused", "refused" } };
	bool pop3 = s->transport == JM_TRANSPORT_POP3;
	json_t *o = json_pack("{s:s,s:s}", "description", s->description ? s->description : "",
	    "transport", pop3 ? "pop3" : "smtp");

	add_state(o, d, s, row, status);
	add_extract(o, d, s->email_address);
	json_object_set_new(o, "inactivity_allowed_seconds",
	    json_integer((json_int_t)s->inactivity_allowed_min * 60));
	copy_texts(o, row, texts, N(texts));
	copy_numbers(o, row, numbers, N(numbers));
	add_set_aside(o, row);
	if (pop3)
		add_mailbox(o, d, s->email_address, row);
	return o;
}

static json_t *services_part(struct jm_daemon *d, const struct jm_settings *s, const json_t *status)
{
	const json_t *rows = json_object_get(status, "services");
	json_t *o = json_object();

	for (size_t i = 0; i < s->services_n; i++) {
		const struct jm_service *v = &s->services[i];
		const json_t *row = NULL;

		for (size_t k = 0; k < json_array_size(rows) && !row; k++) {
			const char *name = json_string_value(
			    json_object_get(json_array_get(rows, k), "name"));

			if (name && strcmp(name, v->email_address) == 0)
				row = json_array_get(rows, k);
		}
		json_object_set_new(o, v->email_address, service_part(d, v, row, status));
	}
	return o;
}

/* The end of the log, which the next start compares with the volumes (known_end.c). */
static json_t *tip_part(struct jm_archive *a)
{
	json_t *o = NULL;
	struct jm_err ignored;

	if (jm_archive_end(a, &o, &ignored) != 0)
		return NULL;
	json_object_del(o, "format");
	return o;
}

static json_t *daemon_part(struct jm_daemon *d)
{
	return json_pack("{s:i,s:o,s:I,s:I,s:I,s:I}", "pid", (int)getpid(), "started",
	    time_text(d->started_ms), "archived", (json_int_t)atomic_load(&d->archived), "deferred",
	    (json_int_t)atomic_load(&d->deferred), "refused", (json_int_t)atomic_load(&d->refused),
	    "passed", (json_int_t)atomic_load(&d->passed));
}

/* The name of this machine; null when it is not known or not UTF-8. */
static json_t *host_name(void)
{
	char name[256];
	json_t *o = NULL;

	if (gethostname(name, sizeof name) == 0) {
		name[sizeof name - 1] = '\0';
		o = json_string(name);
	}
	return o ? o : json_null();
}

/* How often each reason occurred. All possible reasons are there, also those with 0. */
static json_t *refusals_part(const json_t *status)
{
	const json_t *counted = json_object_get(status, "turned_away");
	json_t *o = json_object();

	for (int v = JM_ADMIT_UNKNOWN; v <= JM_ADMIT_SENDER; v++) {
		const char *name = jm_verdict_name((enum jm_verdict)v);

		json_object_set_new(
		    o, name, json_integer(figure(json_object_get(counted, name), "count")));
	}
	return o;
}

static json_t *events_part(const json_t *events)
{
	static const char *const texts[][2] = {
		{ "time", "time" },
		{ "kind", "kind" },
		{ "service", "service" },
		{ "actor", "actor" },
		{ "text", "text" },
		{ "status", "status" },
		{ "cure", "cure" },
	};
	json_t *o = json_object(), *event;
	const char *seq;

	json_object_foreach((json_t *)(uintptr_t)events, seq, event) {
		json_t *e = json_object();

		copy_texts(e, event, texts, N(texts));
		json_object_set_new(o, seq, e);
	}
	return o;
}

int jm_document_make(
    struct jm_daemon *d, const struct jm_settings *s, json_t **document_r, struct jm_err *err)
{
	json_t *status = NULL, *recent = NULL, *gauges = NULL, *o;
	int64_t now_ms = jm_clock_now_ms();
	int rc = -1;

	if (jm_archive_standing(d->archive, &status, err) != 0)
		return -1;
	if (jm_archive_recent(d->archive, now_ms, &recent, err) != 0)
		/* The catalog cannot be read now; the state of the archive says so. */
		recent = NULL;
	if (jm_archive_gauges(d->archive, &gauges, err) != 0)
		gauges = NULL;
	o = json_pack("{s:i,s:o,s:i,s:s,s:o,s:o,s:o,s:o,s:o*,s:o,s:o,s:{s:O*,s:O*},s:o}", "format",
	    JM_PUBLISH_FORMAT, "published", time_text(now_ms), "interval_seconds",
	    s->publish_interval_s, "version", PACKAGE_VERSION, "host", host_name(), "daemon",
	    daemon_part(d), "refusals", refusals_part(status), "archive",
	    archive_part(d->archive_dir, status, recent, gauges, now_ms), "tip",
	    tip_part(d->archive), "queue", queue_part(d->archive, status), "services",
	    services_part(d, s, status), "history", "hours", json_object_get(recent, "hours"),
	    "days", json_object_get(recent, "days"), "events",
	    events_part(json_object_get(recent, "events")));
	if (!o)
		jm_err_set(err, JM_E_TEMP, "no memory for the published state");
	else
		rc = 0;
	*document_r = o;
	json_decref(status);
	json_decref(recent);
	json_decref(gauges);
	return rc;
}

static json_t *live_document(struct jm_daemon *d)
{
	struct jm_settings *s = jm_daemon_settings(d);
	json_t *document = NULL;
	struct jm_err err;

	if (jm_document_make(d, s, &document, &err) != 0)
		document = NULL;
	jm_settings_unref(&s);
	if (document &&
	    (json_object_set_new(document, "clients", jm_clients_list(d->clients, CLIENTS)) |
		json_object_set_new(document, "in_flight", json_integer(jm_daemon_in_flight(d)))) !=
		0) {
		json_decref(document);
		return NULL;
	}
	return document;
}

json_t *jm_document_known(void *ctx, const json_t *request)
{
	const char *verb = json_string_value(json_object_get(request, "verb"));

	if (verb && strcmp(verb, "live") == 0)
		return live_document(ctx);
	return verb &&
		(strcmp(verb, "status") == 0 || strcmp(verb, "verify") == 0 ||
		    json_object_get(request, "service"))
	    ? jm_state_make(ctx)
	    : NULL;
}

char *jm_document_line(const json_t *document, char line[JM_DOCUMENT_LINE_BYTES])
{
	const json_t *services = json_object_get(document, "services"), *s;
	const char *address, *bad = NULL, *why = "",
			     *states[] = { "OK", "Awaiting Initial Run", "Error", "Disabled" };
	size_t n = json_object_size(services), at;

	at = (size_t)snprintf(line, JM_DOCUMENT_LINE_BYTES, "%zu service%s", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < N(states); i++) {
		unsigned count = 0;

		json_object_foreach((json_t *)(uintptr_t)services, address, s) {
			const char *state = json_string_value(json_object_get(s, "state"));

			if (!state || strcmp(state, states[i]) != 0)
				continue;
			count++;
			if (i == 2) {
				bad = address;
				why = json_string_value(json_object_get(s, "why"));
			}
		}
		if (count > 0 && at < JM_DOCUMENT_LINE_BYTES)
			at += (size_t)snprintf(line + at, JM_DOCUMENT_LINE_BYTES - at, "%s %u %s",
			    at < 14 ? ":" : ",", count, states[i]);
	}
	if (bad && at < JM_DOCUMENT_LINE_BYTES)
		snprintf(line + at, JM_DOCUMENT_LINE_BYTES - at, " (%s: %s)", bad, why ? why : "");
	return line;
}
