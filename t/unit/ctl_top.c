/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures of jmctl top: rates and means between two of them, not since the
 * daemon's start. */
#include <stdlib.h>
#include <string.h>

#include "milter/ctl/ask/top_frame.h"
#include "t/lib/tap.h"

#define NONE (-1.0)

/* A look, after what was there before it in the case. */
struct look {
	int at_s;
	int pid, reports, commits, groups, group_us;
	double per_second, commits_per_second, commit_ms; /* shown then; NONE: null */
	const char *words;                                /* in the picture's line about commits */
};

static const struct look looks[] = {
	{ 0, 1, 100, 50, 50, 500000, NONE, NONE, NONE, "10.0 ms since the start" },
	{ 2, 1, 120, 60, 60, 540000, 10, 5, 4, "4.0 ms each now   9.0 ms since the start" },
	{ 4, 1, 120, 60, 60, 540000, 0, 0, NONE,
	    "0.0/s   2.0 reports each   9.0 ms since the start" },
	{ 6, 1, 124, 62, 61, 740000, 2, 1, 200, "200.0 ms each now   12.1 ms since the start" },
	{ 8, 2, 7, 7, 7, 7000, NONE, NONE, NONE, "1.0 ms since the start" },
	{ 9, 2, 8, 8, 8, 9000, 1, 1, 2, "2.0 ms each now   1.1 ms since the start" },
};

static json_t *state_of(const struct look *l)
{
	return json_pack("{s:{s:s,s:i,s:i,s:{s:i,s:i}},s:{s:i}}", "archive", "state", "ok",
	    "reports", l->reports, "commits", l->commits, "commit_time", "count", l->groups,
	    "microseconds", l->group_us, "daemon", "pid", l->pid);
}

static bool told(const json_t *rates, const char *name, double want)
{
	const json_t *got = json_object_get(rates, name);
	double difference = json_real_value(got) - want;

	return want < 0 ? json_is_null(got)
			: json_is_real(got) && difference < 0.01 && difference > -0.01;
}

static void check_line(const struct jm_top *t, const char *label, int at_s, const char *words)
{
	char *text = NULL, *line, *end;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!tap_ok(f != NULL, "a picture"))
		return;
	jm_top_draw(t, f, 120);
	fclose(f);
	line = strstr(text, label);
	end = line ? strchr(line + 1, '\n') : NULL;
	if (end)
		*end = '\0';
	if (!tap_ok(end && strstr(line, words), "at %d s the picture says: %s", at_s, words))
		tap_diag("%s", line ? line + 1 : "nothing");
	free(text);
}

/* A table that is wider than the terminal would lose its last columns, the waiting
 * and the refused mail. */
static void check_widths(void)
{
	static const size_t widths[] = { 80, 100, 112, 113, 120, 200 };
	json_t *state = json_pack("{s:{s:s},s:{s:{s:s,s:i,s:i,s:i},s:{s:s,s:i}},s:[{s:s,s:i}]}",
	    "archive", "state", "ok", "services",
	    "journaling-of-a-department-with-a-long-name@"
	    "journal.a-company-with-a-long-name.example.com",
	    "state", "Awaiting Initial Run", "reports", 1234567, "set_aside", 4321, "refused",
	    654321, "a@b.example", "state", "OK", "reports", 5, "clients", "client",
	    "2001:db8:1111:2222:3333:4444:5555:6666", "messages", 1234567);
	struct jm_top t = { .n = 0 };

	jm_top_add(&t, state, 0);
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
		size_t n = 0, longest = 0, refused = 0;
		char *text = NULL, *line, *rest;
		FILE *f = open_memstream(&text, &n);

		if (!tap_ok(f != NULL, "a picture"))
			break;
		jm_top_draw(&t, f, widths[i]);
		fclose(f);
		for (line = strtok_r(strstr(text, "SERVICE"), "\n", &rest);
		     line && strcmp(line, "RECENT EVENTS") != 0;
		     line = strtok_r(NULL, "\n", &rest)) {
			longest = strlen(line) > longest ? strlen(line) : longest;
			refused += strstr(line, "REFUSED") || strstr(line, " 654321");
		}
		tap_ok(longest <= widths[i] && refused == 2,
		    "%zu columns: the tables have %zu, and the last one is there", widths[i],
		    longest);
		free(text);
	}
	json_decref(t.state);
}

/* A rate a minute is shown when a minute was measured, never made up from less. */
static void check_minute(void)
{
	static const struct {
		int at_s, reports;
		double per_minute;
		const char *words;
	} turns[] = {
		{ 0, 100, NONE, "Rate     this hour" },
		{ 1, 101, NONE, "Rate     1.0/s   1 in 1 s   this hour" },
		{ 5, 112, NONE, "Rate     2.8/s   12 in 5 s   this hour" },
		{ 59, 112, NONE, "   12 in 59 s   this hour" },
		{ 60, 112, 12, "   12/min   this hour" },
		{ 70, 112, 0, "   0/min   this hour" },
		{ 190, 352, 120, "   120/min   this hour" },
	};
	struct jm_top t = { .n = 0 };

	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
		const struct look l = {
			.at_s = turns[i].at_s, .pid = 1, .reports = turns[i].reports, .commits = 1
		};
		json_t *rates;

		jm_top_add(&t, state_of(&l), l.at_s * INT64_C(1000000));
		rates = jm_top_rates(&t);
		tap_ok(told(rates, "reports_per_minute", turns[i].per_minute),
		    "at %d s: reports a minute", l.at_s);
		json_decref(rates);
		check_line(&t, "\nRate", l.at_s, turns[i].words);
	}
	json_decref(t.state);
}

int main(void)
{
	struct jm_top t = { .n = 0 };

	for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
		const struct look *l = &looks[i];
		json_t *rates;

		jm_top_add(&t, state_of(l), l->at_s * INT64_C(1000000));
		rates = jm_top_rates(&t);
		tap_ok(told(rates, "reports_per_second", l->per_second),
		    "at %d s: reports a second", l->at_s);
		tap_ok(told(rates, "commits_per_second", l->commits_per_second),
		    "at %d s: commits a second", l->at_s);
		tap_ok(told(rates, "commit_milliseconds", l->commit_ms),
		    "at %d s: how long a commit took since the look before", l->at_s);
		json_decref(rates);
		check_line(&t, "\nCommit", l->at_s, l->words);
	}
	json_decref(t.state);
	check_widths();
	check_minute();
	return tap_done();
}
