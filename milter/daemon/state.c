/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's state as JSON. How it is sent is in control.c. See state.h. */
#include "milter/daemon/state.h"

#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/control/domain_list.h"
#include "common/query/domains.h"
#include "milter/daemon/collect.h"
#include "milter/daemon/watch.h"

static int keep_domain(void *ctx, const json_t *row, struct jm_err *err)
{
	return json_array_append(ctx, (json_t *)(uintptr_t)row) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "out of memory");
}

/* The internal domains that are not verified to belong to the organisation, by name. NULL when the
 * archive cannot say. */
static json_t *unverified(struct jm_daemon *d, const struct jm_settings *s)
{
	json_t *rows = json_array(), *names = json_array();
	struct jm_err err;

	if (!d->archive || jm_archive_domains(d->archive, keep_domain, rows, &err) != 0) {
		json_decref(names);
		names = NULL;
	}
	for (size_t i = 0; names && i < s->internal_domains_n; i++)
		if (!jm_domains_verified_by(rows, s->internal_domains[i].name))
			json_array_append_new(names, json_string(s->internal_domains[i].name));
	json_decref(rows);
	return names;
}

/* The status of a service under the names that the archive's rows use: the archive may be unable to
 * record it now. NULL when it is not known yet, or without memory. */
static json_t *service_status(struct jm_daemon *d, const char *service)
{
	char since[JM_CLOCK_TEXT_BYTES];
	struct jm_service_status s;

	return jm_watch_standing(d->watch, service, &s)
	    ? json_pack("{s:s, s:s, s:s, s:s?}", "status", jm_status_name(s.status), "status_since",
		  jm_clock_format(s.since_ms, since), "why", s.why, "cure", jm_status_cure(&s))
	    : NULL;
}

static json_t *services_state(struct jm_daemon *d, const struct jm_settings *s)
{
	json_t *services = json_array();

	for (size_t i = 0; i < s->services_n; i++) {
		const struct jm_service *v = &s->services[i];
		bool pop3 = v->transport == JM_TRANSPORT_POP3;
		int64_t extract_ms = jm_watch_extract_ms(d->watch, v->email_address);
		char extract[JM_CLOCK_TEXT_BYTES];

		json_array_append_new(services,
		    json_pack("{s:s, s:s, s:s, s:b, s:s?, s:o*, s:o*}", "email_address",
			v->email_address, "description", v->description ? v->description : "",
			"transport", pop3 ? "pop3" : "smtp", "disabled", v->disabled,
			"last_extract", extract_ms ? jm_clock_format(extract_ms, extract) : NULL,
			"standing", service_status(d, v->email_address), "mailbox",
			pop3 ? jm_collect_state(d, v->email_address) : NULL));
	}
	return services;
}

json_t *jm_state_make(struct jm_daemon *d)
{
	struct jm_settings *s = jm_daemon_settings(d);
	char started[JM_CLOCK_TEXT_BYTES];
	json_t *o;

	o = json_pack("{s:{s:i, s:s, s:s, s:s, s:s}, s:{s:I, s:I, s:I, s:I, s:I}, s:o}", "daemon",
	    "pid", (int)getpid(), "version", PACKAGE_VERSION, "started",
	    jm_clock_format(d->started_ms, started), "settings_file", s->path, "socket", s->socket,
	    "since_start", "received", (json_int_t)atomic_load(&d->received), "archived",
	    (json_int_t)atomic_load(&d->archived), "deferred",
	    (json_int_t)atomic_load(&d->deferred), "refused", (json_int_t)atomic_load(&d->refused),
	    "passed", (json_int_t)atomic_load(&d->passed), "services", services_state(d, s));
	if (o && json_object_set_new(o, "unverified_domains", unverified(d, s)) != 0)
		JM_LOG(
		    JM_LOG_WARNING, "status", { "error", JM_S("no list of unverified domains") });
	jm_settings_unref(&s);
	return o;
}
