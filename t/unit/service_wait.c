/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for a match: the first try, the next ones, the last, and failures; with a simulated
 * clock. */
#include "common/service/wait.h"
#include "t/lib/tap.h"

#define S INT64_C(1000)
#define M (60 * S)
#define T (INT64_C(1795348800) * S) /* when the report comes in */

static const struct {
	const char *what;
	bool gateway, extended;
	int delay_s, attempts, interval_s;
	int64_t first_ms; /* after T; 0: at once */
	bool match_first;
	int looks;       /* how often it is tried when nothing ever matches */
	int64_t last_ms; /* when it is archived on its own, after T */
} cases[] = {
	{ "no gateway", 0, 0, 0, 3, 60, 0, 1, 0, 0 },
	{ "no gateway, extended", 0, 1, 0, 3, 60, 0, 1, 0, 0 },
	{ "no gateway, delay", 0, 0, 90, 3, 60, 90 * S, 0, 1, 90 * S },
	{ "no gateway, delay, extended", 0, 1, 90, 3, 60, 90 * S, 0, 1, 90 * S },
	{ "gateway, three attempts", 1, 0, 0, 3, 60, 60 * S, 1, 3, 3 * M },
	{ "gateway, one attempt", 1, 0, 0, 1, 60, 60 * S, 1, 1, M },
	{ "gateway, no attempt", 1, 0, 0, 0, 60, 0, 1, 0, 0 },
	{ "gateway, delay, no attempt", 1, 0, 30, 0, 60, 30 * S, 0, 1, 30 * S },
	{ "gateway, delay, three attempts", 1, 0, 30, 3, 60, 30 * S, 0, 3, 30 * S + 2 * M },
	{ "extended", 1, 1, 0, 3, 60, 60 * S, 1, 10, 10 * M },
	{ "extended needs no attempts", 1, 1, 0, 0, 60, 60 * S, 1, 10, 10 * M },
	{ "extended, an interval that does not divide 10 minutes", 1, 1, 0, 3, 240, 240 * S, 1, 3,
	    10 * M },
	{ "extended, an interval of more than 10 minutes", 1, 1, 0, 3, 3600, 10 * M, 1, 1, 10 * M },
	{ "extended, behind the delay", 1, 1, 1200, 3, 300, 20 * M, 0, 3, 30 * M },
};

static struct jm_settings settings;
static struct jm_service service;

static void set(size_t i)
{
	settings = (struct jm_settings){ .gateway = cases[i].gateway };
	service = (struct jm_service){ .initial_process_delay_s = cases[i].delay_s,
		.delivery_wait_attempts = cases[i].attempts,
		.delivery_wait_interval_s = cases[i].interval_s,
		.extended_de_duplication = cases[i].extended };
}

static void run(size_t i)
{
	bool match_first = false;
	int64_t now_ms, due_ms;
	struct jm_decisions d;
	int looks = 0;

	set(i);
	due_ms = jm_wait_first(&settings, &service, T, &match_first);
	tap_ok(due_ms == (cases[i].first_ms ? T + cases[i].first_ms : 0), "%s: first look",
	    cases[i].what);
	tap_ok(match_first == cases[i].match_first, "%s: waits %s", cases[i].what,
	    cases[i].match_first ? "only without a match" : "in any case");
	for (now_ms = due_ms; due_ms != 0 && looks < 100; looks++) {
		now_ms = due_ms;
		due_ms = jm_wait_next(
		    &settings, &service, &(struct jm_wait){ T, (unsigned)looks + 1 }, now_ms);
	}
	tap_is_int(looks, cases[i].looks, "%s: looks %d times", cases[i].what, cases[i].looks);
	tap_is_int(looks ? now_ms - T : 0, cases[i].last_ms, "%s: then it is archived on its own",
	    cases[i].what);
	jm_wait_explain(&settings, &service, &d);
	tap_ok(d.n == (cases[i].delay_s ? 2 : 1) && d.v[0].passed, "%s: explained", cases[i].what);
}

static int tries(bool gone, int attempts, bool may_pass)
{
	int n = 1;

	service = (struct jm_service){ .delivery_wait_attempts = attempts,
		.delivery_wait_interval_s = 7 };
	while (n < 2000) {
		int64_t due_ms = jm_wait_failed(
		    gone ? NULL : &service, &(struct jm_wait){ T, (unsigned)n }, may_pass, T);

		if (due_ms == 0)
			return n;
		if (due_ms != T + (gone ? 60 : 7) * S)
			return -1;
		n++;
	}
	return n;
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		run(i);
	/* A machine that was suspended: the 10 minutes are over, whatever the number of tries. */
	set(9);
	tap_is_int(jm_wait_next(&settings, &service, &(struct jm_wait){ T, 1 }, T + 11 * M), 0,
	    "extended: over after a long pause");
	tap_is_int(jm_wait_next(&settings, &service, &(struct jm_wait){ T, 1 }, T + 10 * M - 1),
	    T + 10 * M, "extended: a last look at the very end");
	tap_is_int(jm_wait_next(&settings, NULL, &(struct jm_wait){ T, 1 }, T), 0,
	    "a service that is gone: archived at its next look");
	tap_is_int(tries(false, 0, false), 3, "a poison report is set aside after three tries");
	tap_is_int(
	    tries(false, 5, false), 5, "or after the service's attempts, when these are more");
	tap_is_int(tries(true, 5, false), 3, "also when the service is gone");
	tap_is_int(tries(false, 3, true), 20, "trouble that may pass gets twenty");
	return tap_done();
}
