/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging: age and the date that it is counted from, internal and unknown addresses, and the
 * setting that decided. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/service/judge.h"
#include "t/lib/tap.h"

#define NOW "2026-11-22T12:00:00Z"
#define FRESH "Sat, 21 Nov 2026 12:00:00 +0000"
#define OLD "Thu, 01 Oct 2026 12:00:00 +0000"

static const struct {
	const char *what;
	int days;
	const char *date, *report_date;
	const char *aside; /* part of the reason, or NULL */
} ages[] = {
	{ "fresh", 30, FRESH, FRESH, NULL },
	{ "too old", 30, OLD, FRESH, "too old: date 2026-10-01T12:00:00Z, more than 30 days ago" },
	{ "no limit", 0, "Mon, 01 Jan 1996 00:00:00 +0000", NULL, NULL },
	{ "exactly 30 days", 30, "Fri, 23 Oct 2026 12:00:00 +0000", NULL, NULL },
	{ "a second more", 30, "Fri, 23 Oct 2026 11:59:59 +0000", NULL, "too old" },
	{ "a time zone counts", 30, "Fri, 23 Oct 2026 13:59:59 +0200", NULL, "too old" },
	{ "one day", 1, "Sat, 21 Nov 2026 11:00:00 +0000", NULL, "more than 1 day ago" },
	{ "no date: the report's", 30, NULL, OLD, "too old: report's date 2026-10-01T12:00:00Z" },
	{ "no date: the report's, which is fresh", 30, NULL, FRESH, NULL },
	{ "rubbish: the report's", 30, "yesterday", OLD, "report's date" },
	{ "1970: the report's", 30, "Thu, 01 Jan 1970 00:00:00 +0000", FRESH, NULL },
	{ "just before 1990: the report's", 30, "Sun, 31 Dec 1989 23:59:59 +0000", FRESH, NULL },
	{ "1990 counts", 30, "Mon, 01 Jan 1990 00:00:00 +0000", FRESH, "too old" },
	{ "two days ahead counts", 30, "Tue, 24 Nov 2026 12:00:00 +0000", OLD, NULL },
	{ "more than that: the report's", 30, "Tue, 24 Nov 2026 12:00:01 +0000", OLD,
	    "report's date" },
	{ "both absurd: the arrival", 30, "Tue, 17 Jul 2029 12:00:00 +0000",
	    "Tue, 17 Jul 2029 12:00:00 +0000", NULL },
	{ "neither: the arrival", 30, NULL, NULL, NULL },
};

static const char *known[] = { "alice@example.com", "bob@xn--bcher-kva.example", NULL };

static bool is_known(void *ctx, struct jm_span local, struct jm_span domain)
{
	char text[200];

	(void)ctx;
	snprintf(text, sizeof text, "%.*s@%.*s", (int)local.len, (const char *)local.p,
	    (int)domain.len, (const char *)domain.p);
	for (const char **k = known; *k; k++)
		if (strcmp(*k, text) == 0)
			return true;
	return false;
}

static const struct {
	const char *what;
	bool non, unknown, directory; /* the two settings; whether there is a directory */
	const char *sender, *recipient[3], *via;
	const char *aside;
} parties[] = {
	{ "an internal sender", 0, 0, 0, "alice@example.com", { "x@evil.example" }, NULL, NULL },
	{ "an internal recipient", 0, 0, 0, "x@evil.example",
	    { "y@evil.example", "alice@example.com" }, NULL, NULL },
	{ "none internal", 0, 0, 0, "x@evil.example", { "y@evil.example" }, NULL,
	    "no internal address among sender and 1 recipient" },
	{ "none internal, allowed", 1, 0, 0, "x@evil.example", { "y@evil.example" }, NULL, NULL },
	{ "no sender, none internal", 0, 0, 0, NULL, { "y@evil.example" }, NULL, "no internal" },
	{ "nobody at all", 0, 0, 0, NULL, { NULL }, NULL,
	    "no internal address among sender and 0 recipients" },
	{ "below a domain with sub-domains", 0, 0, 0, "x@a.b.example.com", { NULL }, NULL, NULL },
	{ "below one without", 0, 0, 0, "x@a.xn--bcher-kva.example", { NULL }, NULL,
	    "no internal" },
	{ "a domain that only ends alike", 0, 0, 0, "x@badexample.com", { NULL }, NULL,
	    "no internal" },
	{ "an internationalised domain", 0, 0, 0, "bob@B\303\234CHER.example", { NULL }, NULL,
	    NULL },
	{ "a list that is internal, of strangers", 0, 0, 0, "x@evil.example", { "y@evil.example" },
	    "list@example.com", NULL },
	{ "an X.500 sender", 0, 0, 1, "/O=Org/OU=First/CN=Recipients/CN=alice",
	    { "x@evil.example" }, NULL, NULL },
	{ "a word is no address", 0, 0, 0, "root", { NULL }, NULL, "no internal" },
	{ "without a directory all are known", 0, 0, 0, "nobody@example.com", { NULL }, NULL,
	    NULL },
	{ "known", 0, 0, 1, "alice@example.com", { "bob@b\303\274cher.example" }, NULL, NULL },
	{ "unknown recipient", 0, 0, 1, "alice@example.com",
	    { "x@evil.example", "carol@example.com" }, NULL,
	    "internal address carol@example.com is not in the directory" },
	{ "unknown sender", 0, 0, 1, "carol@example.com", { "alice@example.com" }, NULL,
	    "carol@example.com" },
	{ "unknown, allowed", 0, 1, 1, "carol@example.com", { "alice@example.com" }, NULL, NULL },
	{ "strangers need not be known", 0, 0, 1, "alice@example.com", { "x@evil.example" }, NULL,
	    NULL },
	{ "allowed non-internal, with a directory", 1, 0, 1, "x@evil.example", { "x@evil.example" },
	    NULL, NULL },
	{ "lists need not be known", 0, 0, 1, "alice@example.com", { "alice@example.com" },
	    "list@example.com", NULL },
	{ "a text that does not belong into a reason", 0, 0, 1, "\001\377\"b\"@example.com",
	    { NULL }, NULL, "\\x01\\xff\"b\"@example.com" },
};

static char d1[] = "example.com", d2[] = "xn--bcher-kva.example";
static struct jm_domain domains[] = { { d1, true, 4 }, { d2, false, 5 } };
static struct jm_service service;
static struct jm_settings settings = {
	.internal_domains = domains, .internal_domains_n = 2, .services = &service, .services_n = 1
};

static void check(const struct jm_judgement *j, const char *want, const char *what)
{
	if (!tap_ok(want ? j->set_aside && strstr(j->set_aside, want) : !j->set_aside, "%s: %s",
		what, want ? "set aside" : "archived"))
		tap_diag("got %s", j->set_aside ? j->set_aside : "archive");
}

static void test_ages(int64_t now)
{
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		struct jm_unwrap u = { .envelope_sender = jm_span_str("alice@example.com"),
			.date = jm_span_str(ages[i].date),
			.report_date = jm_span_str(ages[i].report_date) };
		const struct jm_judge_facts facts = { .settings = &settings, .now_ms = now };
		struct jm_judgement j;

		service = (struct jm_service){ .maximum_age_days = ages[i].days };
		jm_judge(&facts, &service, &u, &j);
		check(&j, ages[i].aside, ages[i].what);
		if (ages[i].aside)
			tap_is_str(j.decisions.v[j.decisions.n - 1].setting, "maximum-age",
			    "%s: maximum-age decided", ages[i].what);
	}
}

static void test_parties(int64_t now)
{
	for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
		struct jm_recipient r[3] = { { .via = JM_VIA_NONE } };
		struct jm_unwrap u = { .envelope_sender = jm_span_str(parties[i].sender),
			.recipients = r };
		const struct jm_judge_facts facts = { .settings = &settings,
			.now_ms = now,
			.known = parties[i].directory ? is_known : NULL };
		struct jm_judgement j;
		const char *setting;

		for (; u.recipients_n < 3 && parties[i].recipient[u.recipients_n]; u.recipients_n++)
			r[u.recipients_n] = (struct jm_recipient){
				.address = jm_span_str(parties[i].recipient[u.recipients_n])
			};
		if (parties[i].via) {
			r[0].via = JM_VIA_EXPANDED;
			r[0].via_address = jm_span_str(parties[i].via);
		}
		service = (struct jm_service){ .journal_non_internal = parties[i].non,
			.journal_unknown_internal = parties[i].unknown };
		jm_judge(&facts, &service, &u, &j);
		check(&j, parties[i].aside, parties[i].what);
		setting = j.decisions.v[j.decisions.n - 1].setting;
		if (parties[i].aside)
			tap_is_str(setting,
			    strstr(parties[i].aside, "no internal")
				? "journal-non-internal-addresses"
				: "journal-unknown-internal-addresses",
			    "%s: the setting that decided", parties[i].what);
	}
}

/* A reason names nobody who may be Bcc; the judgement has the address beside it. */
static void test_hidden(int64_t now)
{
	static const enum jm_recipient_type types[] = { JM_RCPT_TO, JM_RCPT_CC, JM_RCPT_BCC,
		JM_RCPT_RECIPIENT };

	service = (struct jm_service){ .journal_non_internal = true };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const struct jm_judge_facts facts = { &settings, now, is_known, NULL };
		struct jm_recipient r[] = {
			{ .address = jm_span_str("hidden@example.com"), .type = types[i] },
			{ .address = jm_span_str("bob@elsewhere.example"), .type = JM_RCPT_TO },
		};
		struct jm_unwrap u = { .envelope_sender = jm_span_str("alice@example.com"),
			.recipients = r,
			.recipients_n = 2 };
		bool open = types[i] == JM_RCPT_TO || types[i] == JM_RCPT_CC;
		struct jm_judgement j;

		jm_judge(&facts, &service, &u, &j);
		tap_ok(j.set_aside && (strstr(j.set_aside, "hidden@") != NULL) == open, "%s: %s",
		    jm_recipient_type_name(types[i]), open ? "named" : "not named");
		for (size_t k = 0; k < j.decisions.n; k++)
			tap_ok(open || !strstr(j.decisions.v[k].text, "hidden@"),
			    "%s: decision %zu does not name it", jm_recipient_type_name(types[i]),
			    k);
		tap_ok(jm_span_none(j.address) == open, "%s: the address is beside the reason: %s",
		    jm_recipient_type_name(types[i]), open ? "no" : "yes");
	}
}

int main(void)
{
	int64_t now;

	if (jm_clock_parse(NOW, &now) != 0)
		return 1;
	test_ages(now);
	test_parties(now);
	test_hidden(now);
	return tap_done();
}
