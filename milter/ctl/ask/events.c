/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl events: the events of the archive, oldest first; with --follow also new ones as they
 * happen. */
#include "milter/ctl/ask/events.h"

#include "common/base/clock.h"
#include "common/control/answer.h"
#include "common/control/known.h"
#include "milter/ctl/ask/follow.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

#define FOLLOW_MS 1000
#define LOOK 500 /* events in one request */

struct events {
	struct jm_target target;
	uint64_t after, limit, seen;
	const char *service, *kind, *actor, *since, *until;
	bool follow, bcc;
};

/* Print before and a text of the event; nothing when it has no such text. */
static void put_text(const json_t *event, const char *key, const char *before)
{
	const json_t *value = json_object_get(event, key);

	if (json_string_length(value) == 0)
		return;
	jm_print(stdout, "%s", before);
	jm_print_value(stdout, value, 0, false);
}

static void put_row(const json_t *event)
{
	char time[JM_PRINT_TIME_TEXT];

	jm_print(stdout, "%8lld  %-20s  ",
	    (long long)json_integer_value(json_object_get(event, "seq")),
	    jm_print_time(event, "time", time));
	jm_print_style(stdout, JM_PRINT_BOLD);
	jm_print_value(stdout, json_object_get(event, "kind"), 16, false);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	fputs("  ", stdout);
	jm_print_value(stdout, json_object_get(event, "actor"), 15, false);
	if (json_object_get(event, "item"))
		jm_print(stdout, "  item %lld",
		    (long long)json_integer_value(json_object_get(event, "item")));
	put_text(event, "service", "  ");
	put_text(event, "status", json_is_string(json_object_get(event, "service")) ? ": " : "  ");
	put_text(event, "text", json_is_string(json_object_get(event, "service")) ? ": " : "  ");
	put_text(event, "cure", "; ");
	putchar('\n');
}

static int events_put(void *ctx, const json_t *event, struct jm_err *err)
{
	struct events *e = ctx;
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(event, "seq"));

	if (e->target.json)
		jm_print_json(stdout, event);
	else
		put_row(event);
	e->seen++;
	if (seq > e->after)
		e->after = seq;
	return ferror(stdout) ? jm_print_flush(err) : 0;
}

static json_t *request_of(const struct events *e, bool follow)
{
	uint64_t left = e->limit > 0 ? e->limit - e->seen : 0;

	if (follow && (left == 0 || left > LOOK))
		left = LOOK;
	return json_pack("{s:s, s:I, s:I, s:s*, s:s*, s:s*, s:s*, s:s*, s:b, s:b}", "verb",
	    "events", "after", (json_int_t)e->after, "limit", (json_int_t)left, "service",
	    e->service, "kind", e->kind, "actor", e->actor, "since", e->since, "until", e->until,
	    "follow", follow, "bcc", e->bcc);
}

static int events_ask(struct events *e, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = events_put, .ctx = e };
	json_t *request = request_of(e, false);
	int rc = request ? jm_target_ask(&e->target, request, &out, err)
			 : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	return rc < 0 ? -1 : jm_print_flush(err);
}

/* Ask once and print the new events. Returns their number, or -1. */
static int events_look(struct events *e, struct jm_follow *f, struct jm_err *err)
{
	json_t *request = request_of(e, true), *list = NULL;
	const json_t *event;
	size_t i;
	int rc = request ? jm_follow_ask(f, request, &list, err)
			 : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	json_array_foreach(list, i, event)
		if (rc > 0 && events_put(e, event, err) != 0)
			rc = -1;
	if (rc > 0)
		rc = (int)json_array_size(list);
	json_decref(list);
	return rc < 0 || jm_print_flush(err) != 0 ? -1 : rc;
}

static int follow(struct events *e, struct jm_err *err)
{
	struct jm_follow f = { .target = &e->target, .verb = "events" };

	while (e->limit == 0 || e->seen < e->limit) {
		int n = events_look(e, &f, err);

		if (n < 0)
			return -1;
		if (n < LOOK)
			jm_clock_sleep_ms(FOLLOW_MS);
	}
	return 0;
}

int jm_ctl_events(int argc, char **argv)
{
	struct events e = { .after = 0 };
	const struct jm_ctl_option options[] = { { "after", JM_CTL_NUMBER, &e.after, "SEQ",
						     "after this sequence number" },
		{ "limit", JM_CTL_NUMBER, &e.limit, "N", "at most N events" },
		{ "service", JM_CTL_TEXT, &e.service, "ADDRESS", "of this service" },
		{ "kind", JM_CTL_TEXT, &e.kind, "KIND[,...]",
		    "of these kinds: refused, deferred, status, set-aside, released, ...",
		    JM_KNOWN_KINDS },
		{ "actor", JM_CTL_TEXT, &e.actor, "ACTOR",
		    "caused by this client address, user or part" },
		{ "since", JM_CTL_TEXT, &e.since, "DATE",
		    "at or after DATE, UTC: 2026-11-22 or 2026-11-22T08:30:00Z" },
		{ "until", JM_CTL_TEXT, &e.until, "DATE", "before DATE" },
		{ "bcc", JM_CTL_FLAG, &e.bcc, NULL, "reasons may name Bcc recipients" },
		{ "follow", JM_CTL_FLAG, &e.follow, NULL,
		    "continue with new ones until interrupted" },
		JM_TARGET_OPTIONS(&e.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(
	    argc, argv, options, "[options]", "Print the archive's events, oldest first.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	if (e.after > INT64_MAX || e.limit > INT64_MAX) {
		jm_err_set(&err, JM_E_USAGE, "numbers go up to 9223372036854775807");
		return jm_ctl_fail(argv[0], &err);
	}
	if (events_ask(&e, &err) != 0 || (e.follow && follow(&e, &err) != 0))
		return jm_ctl_fail(argv[0], &err);
	if (e.seen == 0 && !e.target.json)
		fputs("jmctl events: no events\n", stderr);
	return 0;
}
