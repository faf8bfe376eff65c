/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl test: "Test Journal Extraction". Does the steps of a collector's session with a journal
 * mailbox, a line for each, and changes nothing: no DELE, no archive. Stops at the first step that
 * fails, and prints the cure.
 */
#include "milter/ctl/setup/test.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/base/spool.h"
#include "common/journal/unwrap.h"
#include "common/pop3/listing.h"
#include "common/pop3/mailbox.h"
#include "common/pop3/transfer.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"

#define REPORT_BYTES (1024u * 1024)
#define SPACE_WARN_BYTES (1ull << 30)

enum {
	STEP_SETTINGS = 1,
	STEP_NAME,
	STEP_TCP,
	STEP_TLS,
	STEP_GREETING,
	STEP_LOGIN,
	STEP_LIST,
	STEP_MESSAGE,
	STEP_STORE,
	STEP_QUIT
};

static const char *const step_names[] = { "", "settings", "name", "tcp", "tls", "greeting", "login",
	"mailbox", "message", "archive", "quit" };

struct test {
	bool json;
	json_t *steps;
	int failed; /* the step, or 0 */
	bool warned;
	enum jm_pop3_cause cause; /* of the failure that is reported next */
	const struct jm_settings *settings;
	const struct jm_service *service;
	struct jm_pop3_peer peer;
	struct jm_pop3_session session;
	struct jm_pop3_listing listing;
};

/* Report a step. outcome: "ok", "warn" or "FAIL". */
static void put_step(struct test *t, int step, const char *outcome, int64_t us, const char *text)
{
	bool fails = strcmp(outcome, "FAIL") == 0;
	const char *cure = fails ? jm_pop3_cure(t->cause) : NULL;

	if (fails)
		t->failed = step;
	t->warned = t->warned || strcmp(outcome, "warn") == 0;
	if (t->json) {
		(void)json_array_append_new(t->steps,
		    json_pack("{s:i, s:s, s:s, s:I, s:s, s:s?}", "step", step, "name",
			step_names[step], "outcome", fails ? "fail" : outcome, "ms",
			(json_int_t)(us / 1000), "text", text, "cure", cure));
		return;
	}
	jm_print(stdout, "%2d %-8s %-4s %6lld ms  %s\n", step, step_names[step], outcome,
	    (long long)(us / 1000), text);
	if (cure)
		jm_print(stdout, "            do: %s\n", cure);
	fflush(stdout);
}

static int step_failed(
    struct test *t, int step, enum jm_pop3_cause cause, int64_t us, const struct jm_err *err)
{
	t->cause = cause;
	put_step(t, step, "FAIL", us, err->text);
	return -1;
}

static void put_tls(struct test *t)
{
	const struct jm_pop3_peer *p = &t->peer;
	const struct jm_certificate *c = &p->certificate;
	long long days = (long long)((c->until_ms - jm_clock_now_ms()) / 86400000);
	char text[1600];

	if (!t->service->pop3.encrypted) {
		put_step(t, STEP_TLS, "warn", 0,
		    "none: the password and the mail cross the net in the clear");
		return;
	}
	snprintf(text, sizeof text,
	    "%s, subject %s, issuer %s, names %.200s, %lld day%s left, fingerprint %s, "
	    "pinned-public-key %s%s%s",
	    p->tls, c->subject, c->issuer, c->names, days, jm_num_s((uint64_t)days), c->fingerprint,
	    c->pin, p->untrusted ? "; NOT TRUSTED: " : "", p->untrusted ? p->why : "");
	put_step(t, STEP_TLS, p->untrusted || days < 14 ? "warn" : "ok", p->tls_us, text);
}

/* Steps 2 to 6: libcurl does them in one call. */
static int test_connection(
    struct test *t, const struct jm_buf *secret, struct jm_pop3_connection **c_r)
{
	static const int step_of[] = { STEP_SETTINGS, STEP_NAME, STEP_TCP, STEP_TLS, STEP_GREETING,
		STEP_LOGIN, STEP_QUIT };
	struct jm_pop3_account a = jm_mailbox_account(&t->service->pop3, secret);
	const struct jm_pop3_peer *p = &t->peer;
	char text[700];
	struct jm_err err;
	int rc = jm_pop3_connect(&a, c_r, &t->peer, &err),
	    reached = rc == 0 ? STEP_QUIT : step_of[p->step];

	if (reached > STEP_NAME)
		put_step(t, STEP_NAME, "ok", p->name_us, p->address);
	if (reached > STEP_TCP)
		put_step(t, STEP_TCP, "ok", p->tcp_us, "connected");
	if (reached > STEP_TLS)
		put_tls(t);
	if (reached > STEP_GREETING) {
		snprintf(text, sizeof text, "%.150s;%s%s%s%s SASL %s; %s will be used", p->greeting,
		    p->has_uidl ? " UIDL" : " no UIDL", p->has_top ? " TOP" : "",
		    p->has_pipelining ? " PIPELINING" : "", p->has_user ? " USER" : "",
		    p->sasl[0] ? p->sasl : "-",
		    a.bearer         ? "XOAUTH2"
			: p->sasl[0] ? "PLAIN or LOGIN"
				     : "USER");
		put_step(t, STEP_GREETING, p->has_uidl ? "ok" : "warn", 0, text);
	}
	if (rc != 0)
		return step_failed(t, reached, p->cause, p->login_us, &err);
	put_step(t, STEP_LOGIN, "ok", p->login_us, p->answer[0] ? p->answer : "logged in");
	return 0;
}

static int test_listing(struct test *t)
{
	int64_t from_us = jm_clock_mono_us();
	const struct jm_pop3_listing *l = &t->listing;
	const struct jm_span none = jm_span_str("-");
	struct jm_span first = none, last = none;
	char text[700];
	struct jm_err err;

	if (jm_pop3_survey(&t->session, &t->listing, &err) != 0)
		return step_failed(t, STEP_LIST,
		    jm_pop3_cause_command(t->session.broken, JM_POP3_CAUSE_LISTING),
		    jm_clock_mono_us() - from_us, &err);
	if (l->n && !jm_span_none(l->v[0].id))
		first = l->v[0].id;
	if (l->n && !jm_span_none(l->v[l->n - 1].id))
		last = l->v[l->n - 1].id;
	snprintf(text, sizeof text, "%zu message%s, %llu bytes, ids %.*s to %.*s%s", l->n,
	    jm_num_s(l->n), (unsigned long long)l->stat_bytes, (int)first.len,
	    (const char *)first.p, (int)last.len, (const char *)last.p,
	    l->has_ids ? "" : "; the server has no UIDL");
	put_step(t, STEP_LIST, l->has_ids ? "ok" : "warn", jm_clock_mono_us() - from_us, text);
	return 0;
}

/* ---- one message ---- */

struct fetched {
	struct jm_spool spool;
	enum jm_pop3_fault fault;
	struct jm_err err;
};

static int take_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	return jm_spool_write(&((struct fetched *)ctx)->spool, p, n, err);
}

static bool take_outcome(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct fetched *f = ctx;

	(void)at;
	f->fault = fault;
	f->err = *err;
	return true;
}

static void put_message(struct test *t, struct jm_span received, int64_t us)
{
	struct jm_unwrap_options options = { .journal_domains = t->settings->journal_domains,
		.report_senders = t->settings->report_sender_names,
		.type = t->service->journal_type };
	const char *const kind[] = { "an Exchange journal report",
		"a standard message: no envelope, so no Bcc recipients are known" };
	struct jm_unwrap u;
	char text[900];
	struct jm_err err;

	if (jm_unwrap(received, &options, &u, &err) != 0) {
		put_step(t, STEP_MESSAGE, "warn", us, err.text);
		return;
	}
	snprintf(text, sizeof text,
	    "%zu bytes (LIST says %llu); %s; sender %.*s, %zu recipient%s, message-id %.*s",
	    received.len, (unsigned long long)t->listing.v[0].size_bytes,
	    kind[u.variant == JM_VARIANT_PLAIN],
	    (int)(u.envelope_sender.len < 200 ? u.envelope_sender.len : 200),
	    u.envelope_sender.p ? (const char *)u.envelope_sender.p : "", u.recipients_n,
	    jm_num_s(u.recipients_n), (int)(u.message_id.len < 200 ? u.message_id.len : 200),
	    u.message_id.p ? (const char *)u.message_id.p : "");
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	put_step(t, STEP_MESSAGE,
	    u.variant == JM_VARIANT_PLAIN && t->service->journal_type == JM_JOURNAL_ENVELOPE
		? "warn"
		: "ok",
	    us, text);
	jm_unwrap_release(&u);
}

static int test_message(struct test *t)
{
	int64_t from_us = jm_clock_mono_us();
	struct fetched f = { .fault = JM_POP3_FINE };
	const struct jm_pop3_receiver receiver = { take_bytes, NULL, take_outcome, &f };
	struct jm_span received;
	struct jm_err err;
	uint32_t number;
	int rc = -1;

	if (t->listing.n == 0) {
		put_step(t, STEP_MESSAGE, "ok", 0, "the mailbox is empty: nothing to fetch");
		return 0;
	}
	number = t->listing.v[0].number;
	jm_spool_init(&f.spool, "/tmp", t->settings->max_message_bytes);
	if (jm_pop3_retr(&t->session, &number, 1, &receiver, &err) != 0) {
		(void)step_failed(t, STEP_MESSAGE,
		    jm_pop3_cause_command(t->session.broken, JM_POP3_CAUSE_SERVER),
		    jm_clock_mono_us() - from_us, &err);
	} else if (f.fault != JM_POP3_FINE) {
		/* Not a failure: a collector skips a bad message, too. */
		put_step(t, STEP_MESSAGE, "warn", jm_clock_mono_us() - from_us, f.err.text);
		rc = 0;
	} else if (jm_spool_view(&f.spool, &received, &err) != 0) {
		(void)step_failed(
		    t, STEP_MESSAGE, jm_pop3_cause_here(&err), jm_clock_mono_us() - from_us, &err);
	} else {
		put_message(t, received, jm_clock_mono_us() - from_us);
		rc = 0;
	}
	jm_spool_release(&f.spool);
	return rc;
}

/* Check that the archive could store a message, without writing. */
static int test_store(struct test *t)
{
	const char *dir = t->settings->archive_directory;
	struct statvfs fs;
	struct jm_err err;
	unsigned long long free_bytes;
	char text[300];

	if (access(dir, F_OK) != 0 && errno == ENOENT) {
		put_step(t, STEP_STORE, "warn", 0,
		    "the archive's folder is not there yet: the daemon makes it");
		return 0;
	}
	if (access(dir, W_OK | X_OK) != 0 || statvfs(dir, &fs) != 0) {
		jm_err_sys(&err, JM_E_DENIED, "cannot write to \"%s\"", dir);
		return step_failed(t, STEP_STORE, jm_pop3_cause_here(&err), 0, &err);
	}
	free_bytes = (unsigned long long)fs.f_bavail * fs.f_frsize;
	snprintf(text, sizeof text, "%.150s can be written to, %llu MiB are free", dir,
	    free_bytes >> 20);
	put_step(t, STEP_STORE, free_bytes < SPACE_WARN_BYTES ? "warn" : "ok", 0, text);
	return 0;
}

static void test_mailbox(struct test *t, const struct jm_buf *secret)
{
	struct jm_pop3_connection *c = NULL;
	struct jm_pop3_wire wire;
	enum jm_pop3_fault fault;
	struct jm_err err;
	int64_t from_us;

	if (test_connection(t, secret, &c) != 0)
		return;
	wire = jm_pop3_connection_wire(c);
	if (jm_pop3_session_init(&t->session, &wire, &err) != 0) {
		(void)step_failed(t, STEP_LIST, jm_pop3_cause_here(&err), 0, &err);
	} else if (test_listing(t) == 0 && test_message(t) == 0 && test_store(t) == 0) {
		from_us = jm_clock_mono_us();
		if (jm_pop3_quit(&t->session, &fault, &err) != 0)
			(void)step_failed(t, STEP_QUIT,
			    jm_pop3_cause_command(fault, JM_POP3_CAUSE_QUIT),
			    jm_clock_mono_us() - from_us, &err);
		else
			put_step(t, STEP_QUIT, "ok", jm_clock_mono_us() - from_us,
			    "nothing was deleted or stored");
	}
	jm_pop3_listing_release(&t->listing);
	jm_pop3_session_release(&t->session);
	jm_pop3_disconnect(&c);
}

/* The service of that address; NULL with err, which lists the services. */
static const struct jm_service *find_service(
    const struct jm_settings *s, const char *email, struct jm_err *err)
{
	char known[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < s->services_n; i++) {
		if (s->services[i].transport != JM_TRANSPORT_POP3)
			continue;
		if (jm_span_eq_nocase(
			jm_span_str(s->services[i].email_address), jm_span_str(email)))
			return &s->services[i];
		n = strlen(known);
		snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "",
		    s->services[i].email_address);
	}
	jm_err_set(err, JM_E_CONFIG,
	    "no service of transport type POP3 has the address \"%.100s\"; there is: %s", email,
	    known[0] ? known : "none");
	return NULL;
}

static int test_finish(struct test *t, const char *email)
{
	json_t *o;

	if (t->json) {
		o = json_pack("{s:s, s:b, s:i, s:o}", "service", email, "ok", t->failed == 0,
		    "failed_step", t->failed, "steps", t->steps);
		if (o)
			jm_print_json(stdout, o);
		if (!o || fflush(stdout) != 0 || ferror(stdout))
			t->failed = t->failed ? t->failed : EX_IOERR;
		json_decref(o);
	} else {
		puts(t->failed      ? "the test failed"
			: t->warned ? "the test went well; see the warnings"
				    : "the test went well");
	}
	return t->failed;
}

int jm_ctl_test(int argc, char **argv)
{
	const char *path = JM_SETTINGS_DEFAULT_FILE;
	struct test t = { .json = false };
	const struct jm_ctl_option options[] = {
		{ "config", JM_CTL_TEXT, &path, "FILE",
		    "the settings file; default: " JM_SETTINGS_DEFAULT_FILE },
		{ "json", JM_CTL_FLAG, &t.json, NULL, "one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};
	struct jm_settings *s = NULL;
	struct jm_buf report, secret;
	struct jm_err err = { JM_E_NONE, 0, "" };
	int64_t from_us = jm_clock_mono_us();
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options] SERVICE",
		"Try a journal mailbox step by step, and change nothing; the exit code is the "
		"step that failed.",
		&rc);

	if (n < 0)
		return rc;
	if (n != 1)
		return n > 1 ? jm_ctl_fail_usage("test", argv[2])
			     : jm_ctl_fail_missing("test", "SERVICE");
	jm_buf_init(&report, REPORT_BYTES);
	jm_buf_init(&secret, 0);
	t.steps = json_array();
	if (jm_pop3_setup(&err) != 0 || jm_settings_load(path, &s, &report, &err) != 0 ||
	    !(t.service = find_service(s, argv[1], &err)) ||
	    jm_mailbox_secret(&t.service->pop3, NULL, NULL, &secret, &err) != 0) {
		(void)step_failed(&t, STEP_SETTINGS,
		    t.service ? jm_mailbox_secret_cause(&t.service->pop3) : JM_POP3_CAUSE_SETTINGS,
		    jm_clock_mono_us() - from_us, &err);
	} else {
		char text[1000];

		t.settings = s;
		snprintf(text, sizeof text, "mailbox %s at %s:%d, %s%s",
		    t.service->pop3.mailbox_name, t.service->pop3.hostname,
		    jm_settings_mailbox_port(&t.service->pop3),
		    !t.service->pop3.encrypted     ? "in clear"
			: t.service->pop3.starttls ? "STLS"
						   : "TLS",
		    t.service->disabled ? "; the service is disabled" : "");
		put_step(&t, STEP_SETTINGS, t.service->disabled ? "warn" : "ok",
		    jm_clock_mono_us() - from_us, text);
		test_mailbox(&t, &secret);
	}
	rc = test_finish(&t, argv[1]);
	if (!t.json)
		json_decref(t.steps);
	jm_mailbox_forget(&secret);
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return rc;
}
