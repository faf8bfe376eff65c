/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: speak SMTP to a listener and judge its answers. See talk.h. */
#include "milter/ctl/doctor/talk.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/service/admit.h"
#include "common/service/probe_name.h"
#include "milter/ctl/doctor/rehearsal.h"
#include "milter/ctl/doctor/tls.h"

#define SLOW_MS 5000
#define PATIENCE_US 30000000
/* The local part from which Exchange sends its reports. */
#define EXCHANGE_SENDER "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e"

struct talk {
	struct jm_doctor *d;
	const struct jm_doctor_listener *l;
	struct jm_probe probe;
	char client[64]; /* the address that the server takes us for */
	int64_t end_us;
};

static const char *sender_of(const struct talk *t, bool null, char *text, size_t n)
{
	const struct jm_settings *s = t->d->settings;

	if (null)
		return "<>";
	snprintf(text, n, "<%s@%s>", EXCHANGE_SENDER,
	    s->internal_domains_n ? s->internal_domains[0].name : s->journal_domains[0]);
	return text;
}

/*
 * Is a refusal that of our own milter? It refuses the session of this machine where 127.0.0.1 may
 * hand in no reports, or where the service wants what the session lacks; then the MTA itself let
 * the recipient pass.
 */
static bool is_ours(
    const struct talk *t, const struct jm_service *s, const char *sender, const char *answer)
{
	struct jm_facts facts = {
		.tls_version = t->probe.tls, .mail_from = jm_span_str(sender), .verify = "NO"
	};
	struct jm_admission a;
	char path[400];

	facts.client_known = jm_cidr_parse(jm_span_str(t->client), &facts.client, NULL) == 0;
	snprintf(path, sizeof path, "<%.390s>", s->email_address);
	jm_admit(t->d->settings, &facts, jm_span_str(path), &a);
	return a.verdict != JM_ADMIT_ACCEPT && a.verdict != JM_ADMIT_OTHER &&
	    strstr(answer, a.text);
}

static const char *cure_of(const struct talk *t, const char *answer)
{
	return t->l->cure ? t->l->cure(t->l->ctx, answer) : NULL;
}

/* A refusal of our name in EHLO, which is no name of Exchange's, says nothing about reports. */
static bool is_about_helo(const char *answer)
{
	return strstr(answer, "Helo command rejected") || strstr(answer, JM_PROBE_NAME);
}

static void judge_recipient(
    struct talk *t, const struct jm_service *s, const char *sender, int code, const char *answer)
{
	const char *name = strcmp(sender, "<>") == 0 ? "smtp-null-sender" : "smtp-recipient";

	if (code >= 200 && code < 300)
		return;
	if (code > 0 && (is_ours(t, s, sender, answer) || is_about_helo(answer)))
		return;
	if (code > 0 && s->use_smtp_authentication) {
		jm_doctor_add(t->d, JM_DOCTOR_SKIP, name, NULL,
		    "%s: %s wants a login, which this session has not: %s", t->l->shown,
		    s->email_address, answer);
		return;
	}
	jm_doctor_add(t->d, JM_DOCTOR_FAIL, name, cure_of(t, answer),
	    "%s: RCPT TO:<%s> from %s, client %s, is answered %s: reports %s", t->l->shown,
	    s->email_address, sender, t->client, code > 0 ? answer : "by a broken connection",
	    code >= 500 ? "are refused for good" : "wait at the sender");
}

/* One transaction: MAIL, RCPT for each service, RSET. */
static void try_sender(struct talk *t, bool null)
{
	const char *name = null ? "smtp-null-sender" : "smtp-recipient";
	char answer[JM_PROBE_TEXT_BYTES], text[400];
	const char *sender = sender_of(t, null, text, sizeof text);
	int code = jm_probe_say(&t->probe, answer, "MAIL FROM:%s", sender);

	if (code >= 300 || code < 0) {
		jm_doctor_add(t->d, JM_DOCTOR_FAIL, name, cure_of(t, answer),
		    "%s: MAIL FROM:%s from client %s is answered %s: reports %s", t->l->shown,
		    sender, t->client, code > 0 ? answer : "by a broken connection",
		    code >= 500 ? "are refused for good" : "wait at the sender");
		return;
	}
	for (size_t i = 0; i < t->d->settings->services_n; i++) {
		const struct jm_service *s = &t->d->settings->services[i];

		if (s->disabled || s->transport != JM_TRANSPORT_SMTP ||
		    jm_clock_mono_us() > t->end_us)
			continue;
		code = jm_probe_say(&t->probe, answer, "RCPT TO:<%s>", s->email_address);
		judge_recipient(t, s, sender, code, answer);
		if (code < 0)
			return;
	}
	(void)jm_probe_say(&t->probe, answer, "RSET");
}

static void try_senders(struct talk *t)
{
	struct jm_doctor *d = t->d;
	char text[400];

	jm_doctor_check(d, "smtp-recipient", "%s: MAIL FROM:%s, RCPT TO each service, client %s",
	    t->l->shown, sender_of(t, false, text, sizeof text), t->client);
	try_sender(t, false);
	jm_doctor_check(d, "smtp-null-sender", "%s: MAIL FROM:<>, RCPT TO each service, client %s",
	    t->l->shown, t->client);
	try_sender(t, true);
}

/* Where the listener lets this machine do so: once more as the first authorized client. */
static void try_as_client(struct talk *t)
{
	const struct jm_settings *s = t->d->settings;
	const struct jm_ranges *r = &s->authorized_outbounds;
	char answer[JM_PROBE_TEXT_BYTES], text[JM_CIDR_TEXT_BYTES];
	struct jm_cidr first;

	for (size_t i = 0; r->n == 0 && i < s->services_n; i++)
		r = &s->services[i].source_ranges;
	if (!t->probe.xclient || r->n == 0)
		return;
	first = r->v[0];
	first.bits = 128;
	jm_cidr_format(&first, text);
	if (jm_probe_say(&t->probe, answer, "XCLIENT ADDR=%s%s NAME=[UNAVAILABLE]",
		strchr(text, ':') ? "IPV6:" : "", text) != 220 ||
	    jm_probe_say(&t->probe, answer, "EHLO %s", JM_PROBE_NAME) != 250)
		return;
	snprintf(t->client, sizeof t->client, "%s", text);
	try_senders(t);
}

static void judge_offers(struct talk *t)
{
	struct jm_doctor_wants wants = jm_doctor_wants(t->d);

	jm_doctor_check(t->d, "smtp-slow", "%s: greeting, EHLO and TLS take %lld ms", t->l->shown,
	    (long long)t->probe.took_ms);
	if (t->probe.took_ms > SLOW_MS)
		jm_doctor_add(t->d, JM_DOCTOR_WARN, "smtp-slow", NULL,
		    "%s: greeting, EHLO and TLS took %lld s: each connection of Exchange waits so "
		    "long; a name server that does not answer, or tests before the greeting",
		    t->l->shown, (long long)t->probe.took_ms / 1000);
	if (t->probe.starttls || t->l->wrapped || wants.tls) {
		jm_doctor_check(t->d, "smtp-tls", "%s: TLS is offered and works%s%s", t->l->shown,
		    t->probe.tls[0] ? ": " : "", t->probe.tls);
		if (!t->probe.tls[0])
			jm_doctor_add(t->d, JM_DOCTOR_FAIL, "smtp-tls", NULL,
			    "%s: STARTTLS is %s: %s; a sender that requires TLS, as Microsoft 365 "
			    "does, hands in no report",
			    t->l->shown, t->probe.starttls ? "offered and fails" : "not offered",
			    t->probe.last);
	}
	if (t->probe.has_certificate) {
		int64_t left_ms = t->probe.certificate.until_ms - jm_clock_now_ms();

		jm_doctor_check(t->d, "smtp-certificate", "%s: its certificate (%s) is good now",
		    t->l->shown, t->probe.certificate.subject);
		if (left_ms < 0)
			jm_doctor_add(t->d, JM_DOCTOR_FAIL, "smtp-certificate", NULL,
			    "%s: the certificate that it shows (%s) has expired; reload the MTA if "
			    "its file is newer",
			    t->l->shown, t->probe.certificate.subject);
	}
	if (wants.login) {
		jm_doctor_check(t->d, "smtp-login", "%s: a login is offered", t->l->shown);
		if (!t->probe.login)
			jm_doctor_add(t->d, JM_DOCTOR_FAIL, "smtp-login", NULL,
			    "%s: EHLO offers no AUTH, and a service wants a login: its reports are "
			    "refused",
			    t->l->shown);
	}
}

void jm_doctor_talk(struct jm_doctor *d, const struct jm_doctor_listener *l)
{
	struct talk t = { .d = d, .l = l, .end_us = jm_clock_mono_us() + PATIENCE_US };
	struct jm_err err = { JM_E_NONE, 0, "" };

	jm_doctor_check(d, "smtp-session", "%s: %s port %u answers with 220 and takes EHLO",
	    l->shown, l->host, l->port);
	if (jm_probe_open(&t.probe, l->host, l->port, l->wrapped, &err) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "smtp-session", cure_of(&t, t.probe.last),
		    "%s: no SMTP session at %s port %u after %lld ms: %s%s%s; the log of the MTA "
		    "says why",
		    l->shown, l->host, l->port, (long long)t.probe.took_ms, err.text,
		    t.probe.last[0] ? ": " : "", t.probe.last);
	} else {
		snprintf(t.client, sizeof t.client, "%s", t.probe.local);
		judge_offers(&t);
		try_senders(&t);
		try_as_client(&t);
	}
	jm_probe_close(&t.probe);
}
