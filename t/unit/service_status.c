/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a service by tables: each case is a row of ticks, a restart before any of them
 * changes nothing. */
#include "common/service/service_status.h"

#include <stdio.h>
#include <string.h>

#include "t/lib/tap.h"

#define END INT64_MIN

struct tick {
	int64_t now, last;
	bool disabled;
	/* mailbox "?": not tried yet; a number: that many messages are not retrievable */
	const char *archive, *mailbox;
	const char *status, *why; /* expected; why: its beginning */
	int64_t since;
	bool changed;
};

/* A period of inactivity of 100 ms. */
static const struct {
	const char *name;
	struct tick tick[10];
} cases[] = {
	{ "a new service waits for its first message, however long",
	    { { 10, 0, false, NULL, NULL, "Awaiting Initial Run", "", 10, true },
		{ 9000, 0, false, NULL, NULL, "Awaiting Initial Run", "", 10, false },
		{ 9010, 9005, false, NULL, NULL, "OK", "", 9010, true },
		{ 9020, 9005, false, NULL, NULL, "OK", "", 9010, false }, { .now = END } } },
	{ "inactive past its period it is down, until the next message",
	    { { 10, 5, false, NULL, NULL, "OK", "", 10, true },
		{ 110, 5, false, NULL, NULL, "OK", "", 10, false },
		{ 111, 5, false, NULL, NULL, "Error", "down: ", 111, true },
		{ 500, 5, false, NULL, NULL, "Error", "down: ", 111, false },
		{ 600, 599, false, NULL, NULL, "OK", "", 600, true },
		{ 650, 599, false, NULL, NULL, "OK", "", 600, false }, { .now = END } } },
	{ "messages keep it up",
	    { { 10, 5, false, NULL, NULL, "OK", "", 10, true },
		{ 105, 100, false, NULL, NULL, "OK", "", 10, false },
		{ 200, 100, false, NULL, NULL, "OK", "", 10, false },
		{ 201, 100, false, NULL, NULL, "Error", "down: ", 201, true }, { .now = END } } },
	{ "a clock that was ahead and is set back does not keep it down",
	    { { 10, 5, false, NULL, NULL, "OK", "", 10, true },
		{ 7000, 5, false, NULL, NULL, "Error", "down: ", 7000, true },
		{ 60, 55, false, NULL, NULL, "OK", "", 60, true },
		{ 156, 55, false, NULL, NULL, "OK", "", 60, false },
		{ 161, 55, false, NULL, NULL, "Error", "down: ", 161, true }, { .now = END } } },
	{ "what happened before the daemon knew counts",
	    { { 1000, 5, false, NULL, NULL, "Error", "down: ", 1000, true }, { .now = END } } },
	{ "disabling resets the error, enabling begins the period anew",
	    { { 10, 5, false, NULL, NULL, "OK", "", 10, true },
		{ 200, 5, false, NULL, NULL, "Error", "down: ", 200, true },
		{ 300, 5, true, NULL, NULL, "Disabled", "", 300, true },
		{ 900, 5, true, "x", "y", "Disabled", "", 300, false },
		{ 950, 5, false, NULL, NULL, "OK", "", 950, true },
		{ 1050, 5, false, NULL, NULL, "OK", "", 950, false },
		{ 1051, 5, false, NULL, NULL, "Error", "down: ", 1051, true }, { .now = END } } },
	{ "disabled before its first message",
	    { { 10, 0, true, NULL, NULL, "Disabled", "", 10, true },
		{ 20, 0, false, NULL, NULL, "Awaiting Initial Run", "", 20, true },
		{ .now = END } } },
	{ "an archive that cannot write, and can again",
	    { { 10, 5, false, NULL, NULL, "OK", "", 10, true },
		{ 20, 5, false, "disk full", NULL, "Error", "archive: disk full", 20, true },
		{ 30, 5, false, "disk full", NULL, "Error", "archive: disk full", 20, false },
		{ 40, 5, false, NULL, NULL, "OK", "", 40, true }, { .now = END } } },
	{ "one error after another is a change",
	    { { 10, 0, false, NULL, "login refused", "Error", "mailbox: login refused", 10, true },
		{ 20, 0, false, "disk\nfull", "login refused", "Error", "archive: disk?full", 20,
		    true },
		{ 30, 0, false, NULL, "login refused", "Error", "mailbox: ", 30, true },
		{ 40, 0, false, NULL, NULL, "Awaiting Initial Run", "", 40, true },
		{ .now = END } } },
	{ "a mailbox that was not tried yet keeps its error, and no other",
	    { { 10, 0, false, NULL, "?", "Awaiting Initial Run", "", 10, true },
		{ 20, 0, false, NULL, "login refused", "Error", "mailbox: login", 20, true },
		{ 30, 0, false, NULL, "?", "Error", "mailbox: login", 20, false },
		{ 35, 0, false, "disk full", "?", "Error", "archive: disk", 35, true },
		{ 36, 0, false, NULL, "?", "Awaiting Initial Run", "", 36, true },
		{ 40, 0, false, NULL, "timeout", "Error", "mailbox: timeout", 40, true },
		{ 50, 0, true, NULL, "?", "Disabled", "", 50, true },
		{ 60, 0, false, NULL, "?", "Awaiting Initial Run", "", 60, true },
		{ 70, 65, false, NULL, NULL, "OK", "", 70, true }, { .now = END } } },
	{ "another cause of the same kind is a change, other words for it are none",
	    { { 10, 0, false, NULL, "timeout 1", "Error", "mailbox: timeout 1", 10, true },
		{ 20, 0, false, NULL, "timeout 2", "Error", "mailbox: timeout 2", 10, false },
		{ 30, 0, false, NULL, "login refused", "Error", "mailbox: login", 30, true },
		{ 40, 0, false, NULL, "timeout 3", "Error", "mailbox: timeout 3", 40, true },
		{ .now = END } } },
	{ "messages that the server does not deliver",
	    { { 10, 5, false, NULL, NULL, "OK", "", 10, true },
		{ 20, 15, false, NULL, "1", "OK", "the server does not deliver 1 message of", 20,
		    true },
		{ 30, 25, false, NULL, "2", "OK", "the server does not deliver 2 messages of", 20,
		    false },
		{ 40, 35, false, NULL, "?", "OK", "the server does not deliver 2 messages of", 20,
		    false },
		{ 50, 45, false, "disk full", "2", "Error", "archive: ", 50, true },
		{ 60, 55, false, NULL, "2", "OK", "the server does not deliver 2 ", 60, true },
		{ 70, 65, false, NULL, NULL, "OK", "", 70, true }, { .now = END } } },
	{ "a mailbox that was not tried yet is not down",
	    { { 1000, 5, false, NULL, "?", "OK", "", 1000, true },
		{ 1050, 5, false, NULL, "?", "OK", "", 1000, false },
		{ 1200, 5, false, NULL, "?", "OK", "", 1000, false },
		{ 1210, 5, false, NULL, NULL, "Error", "down: ", 1210, true },
		{ 1220, 5, false, NULL, "?", "Error", "down: ", 1210, false },
		{ 1230, 1229, false, NULL, NULL, "OK", "", 1230, true }, { .now = END } } },
};

static void run(size_t n, int restart_at)
{
	struct jm_service_status s = { .known = false };
	bool ok = true;

	for (int i = 0; cases[n].tick[i].now != END; i++) {
		const struct tick *t = &cases[n].tick[i];
		bool untried = t->mailbox && strcmp(t->mailbox, "?") == 0,
		     partly = t->mailbox && strspn(t->mailbox, "0123456789") > 0;
		const struct jm_status_facts f = { .disabled = t->disabled,
			.last_ms = t->last,
			.inactivity_ms = 100,
			.archive_fault = t->archive,
			.mailbox_fault = untried || partly ? NULL : t->mailbox,
			.unretrievable = partly ? (uint64_t)(t->mailbox[0] - '0') : 0,
			.mailbox_cure = t->mailbox && strstr(t->mailbox, "login") ? "mend login"
										  : "mend it",
			.mailbox_untried = untried };
		struct jm_service_status kept = s;
		bool changed;

		if (i == restart_at) {
			jm_status_restore(
			    &s, jm_status_name(kept.status), kept.since_ms, kept.why, kept.cure);
			s.unretrievable = kept.unretrievable; /* as the watch does */
		}
		changed = jm_status_tick(&s, &f, t->now);
		if (changed == t->changed && strcmp(jm_status_name(s.status), t->status) == 0 &&
		    s.since_ms == t->since && strncmp(s.why, t->why, strlen(t->why)) == 0 &&
		    (jm_status_cure(&s) != NULL) ==
			(s.status == JM_STATUS_ERROR || (partly && !t->archive) ||
			    (untried && s.unretrievable > 0)))
			continue;
		tap_diag("tick %d: %s since %lld, \"%s\", changed %d", i, jm_status_name(s.status),
		    (long long)s.since_ms, s.why, changed);
		ok = false;
	}
	tap_ok(ok, "%s (restart %d)", cases[n].name, restart_at);
}

/* The words of every change, for SMTP and POP3. */
static void check_changes(void)
{
	enum { NEW = -1 };
	static const struct {
		int before;
		enum jm_status now;
		const char *words[2];
	} changes[] = {
		{ NEW, JM_STATUS_AWAITING, { "nothing was extracted yet", NULL } },
		{ NEW, JM_STATUS_OK, { "in order", NULL } },
		{ NEW, JM_STATUS_ERROR, { "down: x", NULL } },
		{ NEW, JM_STATUS_DISABLED, { "the settings disable it", NULL } },
		{ JM_STATUS_AWAITING, JM_STATUS_OK,
		    { "the first message came in", "the mailbox was read" } },
		{ JM_STATUS_AWAITING, JM_STATUS_ERROR, { "down: x", NULL } },
		{ JM_STATUS_AWAITING, JM_STATUS_DISABLED, { "the settings disable it", NULL } },
		{ JM_STATUS_OK, JM_STATUS_AWAITING, { "nothing was extracted yet", NULL } },
		{ JM_STATUS_OK, JM_STATUS_ERROR, { "down: x", NULL } },
		{ JM_STATUS_OK, JM_STATUS_DISABLED, { "the settings disable it", NULL } },
		{ JM_STATUS_ERROR, JM_STATUS_AWAITING,
		    { "the error is over; nothing was extracted yet", NULL } },
		{ JM_STATUS_ERROR, JM_STATUS_OK, { "in order again", NULL } },
		{ JM_STATUS_ERROR, JM_STATUS_ERROR, { "down: x", NULL } },
		{ JM_STATUS_ERROR, JM_STATUS_DISABLED, { "the settings disable it", NULL } },
		{ JM_STATUS_DISABLED, JM_STATUS_AWAITING,
		    { "enabled; nothing was extracted yet", NULL } },
		{ JM_STATUS_DISABLED, JM_STATUS_OK, { "enabled again", NULL } },
		{ JM_STATUS_DISABLED, JM_STATUS_ERROR, { "down: x", NULL } },
	};

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
		for (int pop3 = 0; pop3 < 2; pop3++) {
			struct jm_service_status before = { .known = changes[i].before != NEW },
						 now = { .known = true, .status = changes[i].now };
			const char *want = changes[i].words[pop3], *got;

			if (before.known)
				before.status = (enum jm_status)changes[i].before;
			if (now.status == JM_STATUS_ERROR)
				snprintf(now.why, sizeof now.why, "down: x");
			got = jm_status_change(&before, &now, pop3);
			tap_ok(strcmp(got, want ? want : changes[i].words[0]) == 0, "%s to %s: %s",
			    before.known ? jm_status_name(before.status) : "new",
			    jm_status_name(now.status), got);
		}
}

/* The usual cures: no advice about an MTA for a mailbox, and the reverse. */
static void check_cures(void)
{
	static const char *const mta[] = { "MTA", "connector", "senders get", "queue", NULL },
				 *const box[] = { "mailbox", "poll", NULL };

	for (int pop3 = 0; pop3 < 2; pop3++)
		for (int fault = 0; fault < 3; fault++) {
			struct jm_status_facts f = { .pop3 = pop3,
				.last_ms = 1,
				.inactivity_ms = 10,
				.archive_fault = fault == 1 ? "disk full" : NULL,
				.mailbox_fault = fault == 2 ? "broken" : NULL };
			struct jm_service_status s = { .known = false };
			bool clean = true;

			if (fault == 2 && !pop3)
				continue;
			jm_status_tick(&s, &f, 1000);
			for (const char *const *w = pop3 ? mta : box; *w; w++)
				clean = clean && !strstr(jm_status_cure(&s), *w);
			tap_ok(clean && *jm_status_cure(&s), "%s, fault %d: \"%s\"",
			    pop3 ? "pop3" : "smtp", fault, jm_status_cure(&s));
		}
}

int main(void)
{
	struct jm_service_status s, down = { .known = false };
	const struct jm_status_facts f = { .last_ms = 5 };

	for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
		for (int restart = 0; restart == 0 || cases[n].tick[restart - 1].now != END;
		     restart++)
			run(n, restart == 0 ? -1 : restart);
	check_changes();
	check_cures();
	jm_status_restore(&s, "Whatever", 1, NULL, NULL);
	tap_ok(!s.known, "an unknown name is no state");
	/* an operator who allows more */
	for (int64_t allowed = 100; allowed <= 200; allowed += 100) {
		const struct jm_status_facts g = { .last_ms = 5, .inactivity_ms = allowed };

		tap_ok(jm_status_tick(&down, &g, 150) &&
			(down.status == JM_STATUS_ERROR) == (allowed == 100),
		    "150 ms after its message, %d ms allowed", (int)allowed);
	}
	tap_ok(jm_status_tick(&s, &f, INT64_MAX / 2) && s.status == JM_STATUS_OK,
	    "without a period nothing is ever down");
	return tap_done();
}
