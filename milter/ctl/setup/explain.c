/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl explain: what would happen to a message, and which setting in which line decides each
 * check. It runs the code of the daemon (admit, unwrap, judge) on the facts that the options give,
 * and asks neither daemon nor network.
 */
#include "milter/ctl/setup/explain.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/journal/unwrap.h"
#include "common/query/bcc.h"
#include "common/base/visible.h"
#include "common/service/admit.h"
#include "common/service/directory.h"
#include "common/service/judge.h"
#include "common/service/wait.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"

#define REPORT_BYTES (256u * 1024)
#define MESSAGE_BYTES (1024u * 1024 * 1024)

struct explain {
	const char *config, *client, *from, *tls, *certificate, *verify, *login;
	struct jm_ctl_list to;
	bool json, bcc;
	struct jm_settings *settings;
	struct jm_directory *directory;
	struct jm_facts facts;
	struct jm_span message; /* none: explain the envelope only */
};

static json_t *explain_text(struct jm_span s)
{
	json_t *j = jm_span_none(s) ? json_null() : json_stringn((const char *)s.p, s.len);

	return j ? j : json_string("(not UTF-8)");
}

/* Append the checks of a stage to list. 0, or -1 without memory. */
static int add_checks(json_t *list, const char *stage, const struct jm_decisions *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:b, s:s}", "stage", stage, "setting",
			    d->v[i].setting ? json_string(d->v[i].setting) : json_null(), "line",
			    d->v[i].line ? json_integer(d->v[i].line) : json_null(), "passed",
			    d->v[i].passed, "text", d->v[i].text)) != 0)
			return -1;
	return 0;
}

/* The recipients; without bcc only those that are not Bcc. */
static json_t *explain_recipients(const struct jm_unwrap *u, bool bcc)
{
	bool *open = calloc(u->recipients_n + 1, sizeof *open);
	json_t *list = json_array();
	struct jm_err err;

	if (!open || jm_bcc_unwrapped(u, open, &err) != 0)
		json_decref(list), list = NULL;
	for (size_t i = 0; list && i < u->recipients_n; i++)
		if ((bcc || open[i]) &&
		    json_array_append_new(list,
			json_pack("{s:o, s:s}", "address", explain_text(u->recipients[i].address),
			    "type", jm_recipient_type_name(u->recipients[i].type))) != 0)
			json_decref(list), list = NULL;
	free(open);
	return list;
}

/* The reason to set the message aside, or null. */
static json_t *explain_reason(const struct jm_judgement *j, bool bcc)
{
	if (!j->set_aside)
		return json_null();
	return bcc && !jm_span_none(j->address)
	    ? json_sprintf(
		  "%s: %.*s", j->set_aside, (int)j->address.len, (const char *)j->address.p)
	    : json_string(j->set_aside);
}

/* Add the message to o as the service would see it, and what would become of it. */
static int explain_message(const struct explain *e, const struct jm_service *service, json_t *o,
    json_t *checks, struct jm_err *err)
{
	const struct jm_unwrap_options options = {
		.journal_domains = e->settings->journal_domains,
		.report_senders = e->settings->report_sender_names,
		.type = service->journal_type,
		.prefer_clear_text = service->prefer_clear_text,
		.remove_journal_headers = service->remove_journal_headers,
	};
	const struct jm_judge_facts facts = {
		.settings = e->settings,
		.now_ms = jm_clock_now_ms(),
		.known = jm_directory_ready(e->directory) ? jm_directory_knows : NULL,
		.known_ctx = e->directory,
	};
	struct jm_judgement j;
	struct jm_decisions d;
	struct jm_unwrap u;
	bool match_first;
	json_t *m;
	int rc;

	if (jm_unwrap(e->message, &options, &u, err) != 0)
		return -1;
	jm_judge_unwrapping(e->settings, service, &u, &d);
	jm_judge(&facts, service, &u, &j);
	rc = add_checks(checks, "unwrap", &d) | add_checks(checks, "judge", &j.decisions);
	jm_wait_explain(e->settings, service, &d);
	if (!j.set_aside)
		rc |= add_checks(checks, "wait", &d);
	m = json_pack("{s:s, s:b, s:b, s:I, s:o, s:o, s:o, s:o, s:I, s:I}", "variant",
	    jm_variant_name(u.variant), "step_down", u.step_down, "from_headers",
	    u.step_down || u.variant == JM_VARIANT_PLAIN, "defects",
	    (json_int_t)jm_unwrap_defects(&u), "sender", explain_text(u.envelope_sender),
	    "recipients", explain_recipients(&u, e->bcc), "subject", explain_text(u.subject),
	    "message_id", explain_text(u.message_id), "received_bytes", (json_int_t)e->message.len,
	    "bytes", (json_int_t)u.message.size_bytes);
	if (!e->bcc)
		rc |= json_object_set_new(m, "hidden_recipients",
		    json_integer((json_int_t)(u.recipients_n -
			json_array_size(json_object_get(m, "recipients")))));
	rc |= json_object_set_new(o, "message", m) |
	    json_object_set_new(o, "outcome",
		json_string(j.set_aside                                             ? "set-aside"
			: jm_wait_first(e->settings, service, 0, &match_first) != 0 ? "queued"
										    : "archived")) |
	    json_object_set_new(o, "reason", explain_reason(&j, e->bcc));
	if (j.cure)
		rc |= json_object_set_new(o, "cure", json_string(j.cure));
	jm_unwrap_release(&u);
	return rc ? jm_err_set(err, JM_E_TEMP, "out of memory") : 0;
}

static const char *outcome_of(const struct explain *e, const struct jm_admission *a)
{
	const char *reply = jm_verdict_reply(a->verdict);

	if (a->verdict == JM_ADMIT_OTHER)
		return e->settings->gateway ? "archived-and-passed" : "passed";
	return !reply ? "accepted" : reply[0] == '5' ? "refused" : "deferred";
}

/* The explanation for one recipient; the caller owns it. NULL with err. */
static json_t *explain_recipient(const struct explain *e, const char *to, struct jm_err *err)
{
	struct jm_admission a;
	const char *reply, *cure;
	char answer[JM_ADMIT_TEXT_BYTES + 20];
	json_t *o, *checks = json_array();
	int rc;

	jm_admit(e->settings, &e->facts, jm_span_str(to), &a);
	if (a.verdict == JM_ADMIT_OTHER)
		jm_decide(&a.decisions, "gateway",
		    jm_settings_line(e->settings, NULL, "gateway/enabled"), true,
		    e->settings->gateway ? "ordinary mail is archived and passed on unchanged"
					 : "ordinary mail passes and is not archived");
	reply = jm_verdict_reply(a.verdict);
	cure = jm_verdict_cure(a.verdict);
	snprintf(answer, sizeof answer, "%s %s", reply ? reply : "250",
	    reply ? a.text : "(the words are the MTA's)");
	o = json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:s, s:n, s:n}", "recipient", to, "service",
	    a.service ? json_string(a.service->email_address) : json_null(), "service_line",
	    a.service ? json_integer(a.service->line) : json_null(), "verdict",
	    jm_verdict_name(a.verdict), "reply", answer, "cure",
	    cure ? json_string(cure) : json_null(), "outcome", outcome_of(e, &a), "reason",
	    "message");
	rc = add_checks(checks, "admit", &a.decisions);
	if (o && rc == 0 && a.verdict == JM_ADMIT_ACCEPT && a.service &&
	    !jm_span_none(e->message) && explain_message(e, a.service, o, checks, err) != 0)
		goto fail;
	if (o && rc == 0 && json_object_set(o, "checks", checks) == 0) {
		json_decref(checks);
		return o;
	}
	jm_err_set(err, JM_E_TEMP, "out of memory, or a text that is not UTF-8");
fail:
	json_decref(checks);
	json_decref(o);
	return NULL;
}

static void put_line(const char *name, const json_t *value)
{
	jm_print(stdout, "%-12s ", name);
	jm_print_value(stdout, value, 0, false);
	putchar('\n');
}

static void put_hidden(const json_t *m)
{
	long long n = json_integer_value(json_object_get(m, "hidden_recipients"));

	if (n > 0)
		jm_print(
		    stdout, "%-12s %lld, --bcc shows %s\n", "hidden", n, n == 1 ? "it" : "them");
}

static void put_message(const json_t *m)
{
	const json_t *list = json_object_get(m, "recipients"), *r;
	size_t i;

	put_line("sender", json_object_get(m, "sender"));
	json_array_foreach(list, i, r) {
		if (i == 20) {
			jm_print(stdout, "%-12s and %zu more\n", "", json_array_size(list) - i);
			break;
		}
		put_line(
		    json_string_value(json_object_get(r, "type")), json_object_get(r, "address"));
	}
	put_hidden(m);
	put_line("message-id", json_object_get(m, "message_id"));
	jm_print(stdout,
	    "%-12s %" JSON_INTEGER_FORMAT " bytes of %" JSON_INTEGER_FORMAT " received\n",
	    "message", json_integer_value(json_object_get(m, "bytes")),
	    json_integer_value(json_object_get(m, "received_bytes")));
}

static void explain_put(const json_t *o)
{
	const json_t *check;
	size_t i;

	put_line("recipient", json_object_get(o, "recipient"));
	put_line("service", json_object_get(o, "service"));
	json_array_foreach(json_object_get(o, "checks"), i, check) {
		const json_t *line = json_object_get(check, "line");
		bool passed = json_is_true(json_object_get(check, "passed"));

		jm_print_style(stdout, passed ? JM_PRINT_GOOD : JM_PRINT_BAD);
		jm_print(stdout, "  %-4s", passed ? "yes" : "NO");
		jm_print_style(stdout, JM_PRINT_PLAIN);
		jm_print(stdout, "%-7s", json_string_value(json_object_get(check, "stage")));
		jm_print_value(stdout, json_object_get(check, "setting"), 35, false);
		if (json_is_integer(line))
			jm_print(stdout, "line %-6" JSON_INTEGER_FORMAT, json_integer_value(line));
		else
			fputs("default    ", stdout);
		jm_print_value(stdout, json_object_get(check, "text"), 0, false);
		putchar('\n');
	}
	put_line("reply", json_object_get(o, "reply"));
	if (json_is_object(json_object_get(o, "message")))
		put_message(json_object_get(o, "message"));
	put_line("outcome", json_object_get(o, "outcome"));
	if (json_is_string(json_object_get(o, "reason")))
		put_line("reason", json_object_get(o, "reason"));
	if (json_is_string(json_object_get(o, "cure")))
		put_line("cure", json_object_get(o, "cure"));
}

static void source_loaded(
    void *ctx, const char *source, size_t addresses, size_t ignored, const struct jm_err *cause)
{
	(void)ctx;
	(void)addresses;
	(void)ignored;
	if (cause)
		jm_print(stderr, "jmctl explain: directory source %s: %s\n", source, cause->text);
}

static int explain_load(struct explain *e, struct jm_err *err)
{
	struct jm_buf report;
	int rc;

	jm_buf_init(&report, REPORT_BYTES);
	rc = jm_settings_load(e->config, &e->settings, &report, err);
	/* The first finding is the error itself: print the report only when it has more. */
	if (rc != 0 && jm_span_index(jm_buf_span(&report), '\n') + 1 < report.len) {
		jm_visible_put(stderr, jm_buf_str(&report));
		(void)jm_err_set(err, err->kind, "%s is wrong", e->config);
	}
	jm_buf_release(&report);
	if (rc != 0)
		return -1;
	e->directory = jm_directory_new();
	if (!e->directory)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	return jm_directory_refresh(e->directory, e->settings, source_loaded, NULL, err);
}

static int take_facts(struct explain *e, struct jm_err *err)
{
	e->facts = (struct jm_facts){ .tls_version = e->tls,
		.login = e->login,
		.cert_subject = e->certificate,
		.verify = e->verify,
		.mail_from = jm_span_str(e->from ? e->from : "<>") };
	if (e->client &&
	    (jm_cidr_parse(jm_span_str(e->client), &e->facts.client, err) != 0 ||
		e->facts.client.bits != 128))
		return jm_err_set(
		    err, JM_E_USAGE, "--client \"%.60s\" is no IP address", e->client);
	e->facts.client_known = e->client != NULL;
	return 0;
}

static int explain_answer(struct explain *e, struct jm_err *err)
{
	const char *only[2] = { NULL, NULL };
	const char *const *to = e->to.v;

	if (!to && e->settings->services_n != 1)
		return jm_err_set(err, JM_E_USAGE,
		    "--to is missing: there are %zu services to choose from",
		    e->settings->services_n);
	if (!to) {
		only[0] = e->settings->services[0].email_address;
		to = only;
	}
	for (size_t i = 0; to[i]; i++) {
		json_t *o = explain_recipient(e, to[i], err);

		if (!o)
			return -1;
		if (i && !e->json)
			putchar('\n');
		if (e->json)
			jm_print_json(stdout, o);
		else
			explain_put(o);
		json_decref(o);
	}
	return fflush(stdout) == 0 ? 0 : jm_err_sys(err, JM_E_TEMP, "cannot write the answer");
}

int jm_ctl_explain(int argc, char **argv)
{
	struct explain e = { .config = JM_SETTINGS_DEFAULT_FILE };
	const struct jm_ctl_option options[] = {
		{ "to", JM_CTL_LIST, &e.to, "ADDRESS",
		    "recipient; repeatable; without it that of the only service" },
		{ "from", JM_CTL_TEXT, &e.from, "ADDRESS",
		    "sender (MAIL FROM); without it the null sender <>" },
		{ "client", JM_CTL_TEXT, &e.client, "IP", "address of the client" },
		{ "tls", JM_CTL_TEXT, &e.tls, "VERSION", "TLS is used, such as TLSv1.3",
		    "TLSv1.3 TLSv1.2 ..." },
		{ "certificate", JM_CTL_TEXT, &e.certificate, "SUBJECT",
		    "the MTA's {cert_subject}: Postfix passes that of a verified client "
		    "certificate" },
		{ "verify", JM_CTL_TEXT, &e.verify, "RESULT", "Sendmail's {verify}: OK, FAIL, NO",
		    "OK FAIL NO ..." },
		{ "login", JM_CTL_TEXT, &e.login, "USER", "the client logged in as" },
		{ "config", JM_CTL_TEXT, &e.config, "FILE",
		    "the settings file; default: " JM_SETTINGS_DEFAULT_FILE },
		{ "bcc", JM_CTL_FLAG, &e.bcc, NULL, "name Bcc recipients, too" },
		{ "json", JM_CTL_FLAG, &e.json, NULL, "print JSON, one object a recipient" },
		{ NULL },
	};
	struct jm_err err;
	unsigned char *message = NULL;
	size_t message_n;
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options] [FILE.eml]",
		"Explain what would become of a message: which service takes it, what each "
		"setting decides, the reply, the cure.",
		&rc);

	if (n < 0)
		return rc;
	if (n > 1)
		return jm_ctl_fail_usage(argv[0], argv[2]);
	if (n == 1 && jm_io_read_file(argv[1], MESSAGE_BYTES, &message, &message_n, &err) != 0) {
		jm_ctl_fail(argv[0], &err);
		rc = EX_NOINPUT;
	} else {
		if (message)
			e.message = jm_span_of(message, message_n);
		if (take_facts(&e, &err) != 0 || explain_load(&e, &err) != 0 ||
		    explain_answer(&e, &err) != 0)
			rc = jm_ctl_fail(argv[0], &err);
	}
	jm_directory_free(&e.directory);
	jm_settings_unref(&e.settings);
	free(message);
	free(e.to.v);
	return rc;
}
