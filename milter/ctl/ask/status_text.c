/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl status for people: one screen, with problems marked. All figures are in status --all and
 * --json.
 */
#include "milter/ctl/ask/status_text.h"

#include <string.h>

#include "common/base/clock.h"
#include "milter/ctl/cli/print.h"

#define NAME_COLUMNS 30
#define NAME_MIN_COLUMNS 18
#define OTHER_COLUMNS 55 /* of the table, without name and gaps */
#define GAPS 5
#define STATE_COLUMNS 28

static json_int_t status_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *status_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void status_begin(const char *label)
{
	jm_print_style(stdout, JM_PRINT_DIM);
	jm_print(stdout, "%-12s", label);
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

static void put_styled(enum jm_print_style style, const char *what)
{
	jm_print_style(stdout, style);
	jm_print_text(stdout, jm_span_str(what));
	jm_print_style(stdout, JM_PRINT_PLAIN);
}

/* Print "5,000 reports" or "1 report". */
static void put_count(json_int_t n, const char *one, const char *more)
{
	char digits[JM_PRINT_COUNT_TEXT];

	jm_print(stdout, "%s %s", jm_print_count(n, digits), n == 1 ? one : more);
}

/* Write how long ago that was into out, which is returned: "5 min", "never". */
static char *status_age(const json_t *o, const char *key, char out[JM_PRINT_DURATION_TEXT])
{
	int64_t ms;

	if (jm_clock_parse(status_text(o, key), &ms) != 0)
		return memcpy(out, "never", 6);
	return jm_print_duration((jm_clock_now_ms() - ms) / 1000, out);
}

/* Print "2026-11-22T08:30:00Z, 5 min ago". False when there is no such time. */
static bool put_time(const json_t *o, const char *key)
{
	char time[JM_PRINT_TIME_TEXT], ago[JM_PRINT_DURATION_TEXT];

	if (!*status_text(o, key))
		return false;
	jm_print(stdout, "%s, %s ago", jm_print_time(o, key, time), status_age(o, key, ago));
	return true;
}

static void put_archive(const json_t *s)
{
	char size[JM_PRINT_BYTES_TEXT];
	bool good = strcmp(status_text(s, "state"), "ok") == 0;

	status_begin("archive");
	put_styled(good ? JM_PRINT_GOOD : JM_PRINT_BAD, status_text(s, "state"));
	fputs(": ", stdout);
	put_count(status_number(s, "items"), "message", "messages");
	jm_print(
	    stdout, ", %s in ", jm_print_bytes((uint64_t)status_number(s, "volume_bytes"), size));
	put_count(status_number(s, "volumes"), "volume", "volumes");
	fputs(", ", stdout);
	jm_print_text(stdout, jm_span_str(status_text(s, "directory")));
	putchar('\n');
	if (*status_text(s, "problem")) {
		status_begin("");
		put_styled(JM_PRINT_BAD, status_text(s, "problem"));
		putchar('\n');
	}
}

static void put_daemon(const json_t *s)
{
	const json_t *d = json_object_get(json_object_get(s, "daemon"), "daemon");
	char up[JM_PRINT_DURATION_TEXT];

	status_begin("daemon");
	if (!d && json_is_true(json_object_get(s, "daemon_missing"))) {
		put_styled(JM_PRINT_BAD, "NOT RUNNING: journal mail is not archived");
		puts("; systemctl start journal-milter");
		return;
	}
	if (!d) {
		put_styled(JM_PRINT_BAD, "none runs");
		puts("; this was read from the archive itself");
		return;
	}
	jm_print(stdout, "up %s, ", status_age(d, "started", up));
	jm_print_text(stdout, jm_span_str(status_text(d, "version")));
	fputs(", ", stdout);
	jm_print_text(stdout, jm_span_str(status_text(d, "settings_file")));
	putchar('\n');
}

static void put_verified(const json_t *s)
{
	const json_t *events = json_object_get(s, "events_by_kind"),
		     *good = json_object_get(events, "verified"),
		     *bad = json_object_get(events, "verify-failed");

	status_begin("verified");
	if (strcmp(status_text(bad, "last"), status_text(good, "last")) > 0) {
		put_styled(JM_PRINT_BAD, "PROBLEMS FOUND");
		fputs(", ", stdout);
		(void)put_time(bad, "last");
		puts(": jmctl verify names them");
	} else if (put_time(good, "last")) {
		putchar('\n');
	} else {
		puts("never; jmctl verify does it");
	}
}

/* Print how many messages were received and where they are. The caller prints what is wrong. */
static void put_counters(const json_t *s)
{
	static const struct {
		const char *key, *name;
	} parts[] = { { "items", "archived" }, { "merged", "merged" }, { "set_aside", "set aside" },
		{ "queued", "queued" }, { "refused", "refused" }, { "deferred", "deferred" } };
	bool holds = !json_is_false(json_object_get(json_object_get(s, "balance"), "holds"));
	char digits[JM_PRINT_COUNT_TEXT];

	status_begin("counters");
	put_styled(holds ? JM_PRINT_GOOD : JM_PRINT_BAD, holds ? "balance" : "DO NOT BALANCE");
	jm_print(stdout, ": %s received =", jm_print_count(status_number(s, "received"), digits));
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		jm_print(stdout, "%s %s %s", i ? " +" : "",
		    jm_print_count(status_number(s, parts[i].key), digits), parts[i].name);
	putchar('\n');
}

/* Print how many messages wait for a decision or a match; nothing when none do. */
static void put_waiting(const json_t *s)
{
	json_int_t aside = status_number(s, "set_aside") - status_number(s, "expired");

	if (aside > 0) {
		status_begin("set aside");
		put_count(aside, "message waits", "messages wait");
		puts(" for your decision: jmctl set-aside list");
	}
	if (status_number(s, "queued") > 0) {
		status_begin("queue");
		put_count(status_number(s, "queued"), "message waits", "messages wait");
		puts(" for a match: jmctl queue list");
	}
}

static void put_domains(const json_t *s)
{
	const json_t *names = json_object_get(s, "unverified_domains"), *name;
	size_t i;

	if (json_array_size(names) == 0)
		return;
	status_begin("unverified");
	json_array_foreach(names, i, name) {
		fputs(i ? ", " : "", stdout);
		jm_print_value(stdout, name, 0, false);
	}
	puts(": works all the same; jmctl domain add shows that they are yours");
}

/* OK, but its server does not deliver some messages of the mailbox. */
static bool is_partly(const json_t *service)
{
	return strcmp(status_text(service, "status"), "OK") == 0 &&
	    status_number(service, "mailbox_unretrievable") > 0;
}

/* The state of a service for people, and its style. It is not known while a service is new, or when
 * its daemon never ran. */
static const char *state_of(const json_t *service, enum jm_print_style *style_r)
{
	const char *state = *status_text(service, "status") ? status_text(service, "status")
							    : "not known yet";

	/* The colours are those of the page: green, red, grey, and orange for the rest. */
	*style_r = is_partly(service)        ? JM_PRINT_WAIT
	    : strcmp(state, "OK") == 0       ? JM_PRINT_GOOD
	    : strcmp(state, "Error") == 0    ? JM_PRINT_BAD
	    : strcmp(state, "Disabled") == 0 ? JM_PRINT_DIM
					     : JM_PRINT_WAIT;
	return state;
}

static void put_remarks(const json_t *service, enum jm_print_style style)
{
	static const struct {
		const char *key, *label;
	} remarks[] = { { "why", "why" }, { "cure", "what to do" } };
	char time[JM_PRINT_TIME_TEXT];
	bool partly = is_partly(service);

	for (size_t i = 0;
	     (style == JM_PRINT_BAD || partly) && i < sizeof remarks / sizeof remarks[0]; i++)
		if (*status_text(service, remarks[i].key)) {
			jm_print(stdout, "  %s: ", remarks[i].label);
			put_styled(
			    i == 0 ? style : JM_PRINT_PLAIN, status_text(service, remarks[i].key));
			fputs(i == 0 ? ", since " : "", stdout);
			if (i == 0)
				(void)put_time(service,
				    partly ? "mailbox_unretrievable_since" : "status_since");
			putchar('\n');
		}
	if (*status_text(service, "refusal")) {
		fputs("  last refused: ", stdout);
		jm_print_text(stdout, jm_span_str(status_text(service, "refusal")));
		jm_print(stdout, ", %s; jmctl explain shows which setting decides\n",
		    jm_print_time(service, "refusal_at", time));
	}
}

/* Print the description, the last successful extract and the mailbox's queue. */
static void put_details(const json_t *service)
{
	const json_t *held = json_object_get(service, "mailbox_queue"),
		     *waiting = json_object_get(service, "mailbox_waiting");
	bool pop3 = strcmp(status_text(service, "transport"), "pop3") == 0;
	char digits[JM_PRINT_COUNT_TEXT];

	fputs("  ", stdout);
	if (*status_text(service, "description")) {
		jm_print_text(stdout, jm_span_str(status_text(service, "description")));
		fputs("; ", stdout);
	}
	fputs("Last Successful Extract: ", stdout);
	if (!put_time(service, "last_extract"))
		jm_print_text(stdout, jm_span_str(status_text(service, "last_extract_text")));
	if (json_is_integer(held)) {
		jm_print(stdout, "; POP3 Mailbox Queue: %s",
		    jm_print_count(json_integer_value(held), digits));
		if (json_is_integer(waiting) && !json_equal(held, waiting))
			jm_print(stdout, ", %s of them not archived yet",
			    jm_print_count(json_integer_value(waiting), digits));
	} else if (pop3) {
		fputs("; POP3 Mailbox Queue: unknown", stdout);
	}
	putchar('\n');
}

static void put_service(const json_t *service, size_t width, int gap)
{
	char digits[JM_PRINT_COUNT_TEXT];
	enum jm_print_style style;
	const char *state = state_of(service, &style), *words = status_text(service, "status_text");

	jm_print_cell(stdout, jm_span_str(status_text(service, "name")), width, true);
	jm_print(stdout, "%*s", gap, "");
	jm_print_style(stdout, style);
	jm_print_cell(stdout, jm_span_str(*words ? words : state), STATE_COLUMNS, false);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	jm_print(stdout, "%*s", gap + 9, jm_print_count(status_number(service, "reports"), digits));
	jm_print(stdout, "%*lld%*lld%*lld\n", gap + 6, (long long)status_number(service, "queued"),
	    gap + 5,
	    (long long)(status_number(service, "set_aside") - status_number(service, "expired")),
	    gap + 7, (long long)status_number(service, "refused"));
	put_details(service);
	put_remarks(service, style);
}

/* Services with problems come first. */
static void put_services(const json_t *s)
{
	static const char *const order[] = { "Error", "not known yet", "Awaiting Initial Run", "OK",
		"Disabled" };
	const json_t *services = json_object_get(s, "services"), *service;
	enum jm_print_style style;
	size_t width = NAME_COLUMNS, columns = jm_print_columns(stdout), i;
	int gap = 2;

	json_array_foreach(services, i, service)
		if (jm_print_width(jm_span_str(status_text(service, "name"))) > width)
			width = jm_print_width(jm_span_str(status_text(service, "name")));
	if (columns > 0 && width + OTHER_COLUMNS + GAPS * 2 > columns) {
		gap = 1;
		width = columns > NAME_MIN_COLUMNS + OTHER_COLUMNS + GAPS
		    ? columns - OTHER_COLUMNS - GAPS
		    : NAME_MIN_COLUMNS;
	}
	putchar('\n');
	if (json_array_size(services) == 0) {
		puts("no journal service has a message or a daemon yet");
		return;
	}
	jm_print_style(stdout, JM_PRINT_BOLD);
	jm_print(stdout, "%-*s%*s%-*s%*s%*s%*s%*s", (int)width, "SERVICE", gap, "", STATE_COLUMNS,
	    "STATE", gap + 9, "REPORTS", gap + 6, "QUEUED", gap + 5, "ASIDE", gap + 7, "REFUSED");
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
	for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
		json_array_foreach(services, i, service)
			if (strcmp(state_of(service, &style), order[k]) == 0)
				put_service(service, width, gap);
}

void jm_status_print(const json_t *status)
{
	bool missing = json_is_true(json_object_get(status, "daemon_missing"));

	if (missing)
		put_daemon(status);
	put_archive(status);
	if (!missing)
		put_daemon(status);
	status_begin("last report");
	if (!put_time(status, "last"))
		fputs("none yet", stdout);
	putchar('\n');
	put_verified(status);
	put_counters(status);
	put_waiting(status);
	put_domains(status);
	put_services(status);
}
