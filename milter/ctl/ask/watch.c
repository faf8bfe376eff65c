/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl watch: messages archived, refused and set aside, and changes of state of services, a line
 * each, as they happen.
 */
#include "milter/ctl/ask/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/control/answer.h"
#include "common/control/known.h"
#include "milter/ctl/ask/follow.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

#define LOOK_MS 500
#define LOOK 500 /* records in one request */

struct watch {
	struct jm_target target;
	const char *service, *kinds;
	uint64_t after, limit, seen;
	json_t *place; /* where to continue; NULL: at the current end */
	bool more, bcc;
};

static const char *watch_text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static bool is_wanted(const struct watch *w, const json_t *o)
{
	const char *service = watch_text(o, "service");

	return (!w->service || (service && strcmp(service, w->service) == 0)) &&
	    jm_known_is_kind(w->kinds, watch_text(o, "kind"));
}

static enum jm_print_style style_of(const json_t *o)
{
	const char *kind = watch_text(o, "kind"), *status = watch_text(o, "status");

	if (status)
		return strcmp(status, "OK") == 0   ? JM_PRINT_GOOD
		    : strcmp(status, "Error") == 0 ? JM_PRINT_BAD
						   : JM_PRINT_BOLD;
	if (kind &&
	    (strcmp(kind, "archived") == 0 || strcmp(kind, "merged") == 0 ||
		strcmp(kind, "released") == 0))
		return JM_PRINT_GOOD;
	if (kind &&
	    (strcmp(kind, "refused") == 0 || strcmp(kind, "set-aside") == 0 ||
		strstr(kind, "fail") || strcmp(kind, "lost") == 0))
		return JM_PRINT_BAD;
	return JM_PRINT_BOLD;
}

/* Print before and the value; nothing without a value. */
static void put_part(const char *before, const json_t *value)
{
	if (!json_is_string(value) || json_string_length(value) == 0)
		return;
	jm_print(stdout, "%s", before);
	jm_print_value(stdout, value, 0, false);
}

static void put_line(const json_t *o)
{
	char time[JM_PRINT_TIME_TEXT], size[JM_PRINT_BYTES_TEXT];
	const json_t *item = json_object_get(o, "item");

	jm_print(stdout, "%s  ", jm_print_time(o, "time", time));
	jm_print_style(stdout, style_of(o));
	jm_print_value(stdout, json_object_get(o, "kind"), 10, false);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	put_part("  ", json_object_get(o, "service"));
	if (item) {
		jm_print(stdout, "  item %lld", (long long)json_integer_value(item));
		put_part("  from ", json_object_get(o, "sender"));
		jm_print(stdout, "  to %lld  %s",
		    (long long)json_integer_value(json_object_get(o, "recipients")),
		    jm_print_bytes((uint64_t)json_integer_value(json_object_get(o, "size")), size));
		put_part("  ", json_object_get(o, "subject"));
	}
	put_part("  ", json_object_get(o, "status"));
	put_part("  by ", json_object_get(o, "actor"));
	put_part(": ", json_object_get(o, "text"));
	put_part("; ", json_object_get(o, "cure"));
	putchar('\n');
}

static void watch_put(struct watch *w, const json_t *o)
{
	const json_t *next = json_object_get(o, "next");

	if (next) {
		json_decref(w->place);
		w->place = json_incref((json_t *)(uintptr_t)next);
		w->more = json_is_true(json_object_get(next, "more"));
	} else if (is_wanted(w, o) && (w->limit == 0 || w->seen < w->limit)) {
		if (w->target.json)
			jm_print_json(stdout, o);
		else
			put_line(o);
		w->seen++;
	}
}

static int watch_look(struct watch *w, struct jm_follow *f, struct jm_err *err)
{
	char *place = w->place ? json_dumps(w->place, JSON_COMPACT) : NULL;
	json_t *request = json_pack("{s:s, s:s*, s:i, s:s*, s:s*, s:b}", "verb", "follow", "from",
		   place, "limit", LOOK, "service", w->service, "kind", w->kinds, "bcc", w->bcc),
	       *list = NULL, *o;
	size_t i;
	int rc = request ? jm_follow_ask(f, request, &list, err)
			 : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	free(place);
	w->more = false;
	json_array_foreach(list, i, o)
		watch_put(w, o);
	json_decref(list);
	return rc < 0 || jm_print_flush(err) != 0 ? -1 : 0;
}

static int watch_run(struct watch *w, struct jm_err *err)
{
	struct jm_follow f = { .target = &w->target, .verb = "watch" };

	if (w->after > 0 && !(w->place = json_pack("{s:I}", "seq", (json_int_t)w->after)))
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	for (;;) {
		if (watch_look(w, &f, err) != 0)
			return -1;
		if (w->limit > 0 && w->seen >= w->limit)
			return 0;
		if (!w->more)
			jm_clock_sleep_ms(LOOK_MS);
	}
}

int jm_ctl_watch(int argc, char **argv)
{
	struct watch w = { .after = 0 };
	const struct jm_ctl_option options[] = { { "service", JM_CTL_TEXT, &w.service, "ADDRESS",
						     "of this service" },
		{ "kind", JM_CTL_TEXT, &w.kinds, "KIND[,...]",
		    "of these kinds: archived, merged, queued, refused, set-aside, status, ...",
		    JM_KNOWN_KINDS },
		{ "bcc", JM_CTL_FLAG, &w.bcc, NULL, "reasons may name Bcc recipients" },
		{ "after", JM_CTL_NUMBER, &w.after, "SEQ",
		    "begin after this sequence number, not with what comes now" },
		{ "limit", JM_CTL_NUMBER, &w.limit, "N", "end after N lines" },
		JM_TARGET_OPTIONS(&w.target), { NULL } };
	struct jm_err err;
	int code,
	    n = jm_ctl_options(argc, argv, options, "[options]",
		"Print what is archived, refused and set aside, and the states of the services, "
		"as it happens.",
		&code);

	if (n < 0)
		return code;
	if (n > 0)
		code = jm_ctl_fail_usage(argv[0], argv[1]);
	else if ((w.after > INT64_MAX
			 ? jm_err_set(&err, JM_E_USAGE, "--after is at most 9223372036854775807")
			 : watch_run(&w, &err)) < 0)
		code = jm_ctl_fail(argv[0], &err);
	else
		code = 0;
	json_decref(w.place);
	return code;
}
