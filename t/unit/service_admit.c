/* SPDX-License-Identifier: BSD-2-Clause */
/* Admission: every check alone, and their order. */
#include <stdio.h>

#include "common/service/admit.h"
#include "t/lib/tap.h"

static struct jm_cidr range(const char *text)
{
	struct jm_cidr c = { .bits = 0 };
	struct jm_err err;

	if (jm_cidr_parse(jm_span_str(text), &c, &err) != 0)
		tap_diag("range %s: %s", text, err.text);
	return c;
}

enum { OPEN, TLS, CERT, AUTH, OFF, BOX, BOX_OFF, NAMED, SERVICES };

static const struct {
	const char *what, *client, *tls, *login, *from, *to;
	enum jm_verdict want;
	const char *text; /* part of the reply, or NULL */
} cases[] = {
	{ "an ordinary recipient is none of our business", "198.51.100.9", 0, 0, "<a@evil.example>",
	    "<bob@example.com>", JM_ADMIT_OTHER, 0 },
	{ "a journal address", "192.0.2.1", 0, 0, "<ndr@example.com>", "<open@journal.example.com>",
	    JM_ADMIT_ACCEPT, 0 },
	{ "without brackets", "192.0.2.1", 0, 0, "ndr@example.com", "open@journal.example.com",
	    JM_ADMIT_ACCEPT, 0 },
	{ "in capitals", "192.0.2.1", 0, 0, "<NDR@EXAMPLE.COM>", "<OPEN@Journal.Example.COM>",
	    JM_ADMIT_ACCEPT, 0 },
	{ "in quotes", "192.0.2.1", 0, 0, "<ndr@example.com>", "<\"open\"@journal.example.com>",
	    JM_ADMIT_ACCEPT, 0 },
	{ "with a route", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<@relay.example:open@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "with a final dot", "192.0.2.1", 0, 0, "<ndr@example.com>", "<open@journal.example.com.>",
	    JM_ADMIT_ACCEPT, 0 },
	{ "a typing error waits", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<opne@journal.example.com>", JM_ADMIT_UNKNOWN, "opne@journal.example.com" },
	{ "a typing error waits also for strangers", "198.51.100.9", 0, 0, "<x@evil.example>",
	    "<opne@journal.example.com>", JM_ADMIT_UNKNOWN, 0 },
	{ "a disabled service waits", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<off@journal.example.com>", JM_ADMIT_DISABLED, "disabled" },
	{ "mail for a service that fetches over POP3 waits", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<box@journal.example.com>", JM_ADMIT_FETCHED,
	    "fetches its mail by POP3 and takes none by SMTP" },
	{ "also a stranger's", "198.51.100.9", 0, 0, "<x@evil.example>",
	    "<Box@journal.example.com>", JM_ADMIT_FETCHED, "box@journal.example.com" },
	{ "and when it is disabled", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<boxoff@journal.example.com>", JM_ADMIT_FETCHED, 0 },
	{ "a subdomain of the journal domain is not ours", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<open@x.journal.example.com>", JM_ADMIT_OTHER, 0 },
	{ "a foreign client", "198.51.100.9", 0, 0, "<ndr@example.com>",
	    "<open@journal.example.com>", JM_ADMIT_CLIENT, "198.51.100.9" },
	{ "a client of unknown address", 0, 0, 0, "<ndr@example.com>", "<open@journal.example.com>",
	    JM_ADMIT_CLIENT, "unknown" },
	{ "an address of the service's own ranges", "2001:db8::5", 0, 0, "<ndr@example.com>",
	    "<open@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "which are not another service's", "2001:db8::5", "TLSv1.3", 0, "<ndr@example.com>",
	    "<tls@journal.example.com>", JM_ADMIT_CLIENT, 0 },
	{ "no TLS where it is required", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<tls@journal.example.com>", JM_ADMIT_TLS, "TLS" },
	{ "an empty TLS version is none", "192.0.2.1", "", 0, "<ndr@example.com>",
	    "<tls@journal.example.com>", JM_ADMIT_TLS, 0 },
	{ "TLS", "192.0.2.1", "TLSv1.3", 0, "<ndr@example.com>", "<tls@journal.example.com>",
	    JM_ADMIT_ACCEPT, 0 },
	{ "no login where it is required", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<auth@journal.example.com>", JM_ADMIT_LOGIN, "AUTH" },
	{ "another's login", "192.0.2.1", 0, "open@journal.example.com", "<ndr@example.com>",
	    "<auth@journal.example.com>", JM_ADMIT_LOGIN, 0 },
	{ "the address's login", "192.0.2.1", 0, "Auth@JOURNAL.example.com", "<ndr@example.com>",
	    "<auth@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "a foreign sender", "192.0.2.1", 0, 0, "<x@evil.example>", "<open@journal.example.com>",
	    JM_ADMIT_SENDER, "evil.example" },
	{ "the null sender from a listed address", "192.0.2.1", 0, 0, "<>",
	    "<open@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "the null sender from elsewhere", "198.51.100.9", 0, 0, "<>",
	    "<open@journal.example.com>", JM_ADMIT_CLIENT, 0 },
	{ "the null sender where it is refused", "192.0.2.1", 0, 0, "<>",
	    "<named@journal.example.com>", JM_ADMIT_SENDER, "sender must be" },
	{ "an internal sender there", "192.0.2.1", 0, 0, "<ndr@example.com>",
	    "<named@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "a sender below a domain with sub-domains", "192.0.2.1", 0, 0, "<n@mail.example.com>",
	    "<open@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "a sender below one without", "192.0.2.1", 0, 0, "<n@mail.example.org>",
	    "<open@journal.example.com>", JM_ADMIT_SENDER, 0 },
	{ "a domain that only ends alike", "192.0.2.1", 0, 0, "<n@badexample.com>",
	    "<open@journal.example.com>", JM_ADMIT_SENDER, 0 },
	{ "an internationalised sender domain", "192.0.2.1", 0, 0, "<n@b\303\274cher.example>",
	    "<open@journal.example.com>", JM_ADMIT_ACCEPT, 0 },
	{ "a sender without a domain", "192.0.2.1", 0, 0, "<root>", "<open@journal.example.com>",
	    JM_ADMIT_SENDER, 0 },
	{ "the client is judged before TLS", "198.51.100.9", 0, 0, "<x@evil.example>",
	    "<tls@journal.example.com>", JM_ADMIT_CLIENT, 0 },
	{ "bytes that do not belong into a reply", "192.0.2.1", 0, 0, "<n@b\001\377d.example>",
	    "<open@journal.example.com>", JM_ADMIT_SENDER, 0 },
	{ "a per cent sign", "192.0.2.1", 0, 0, "<n@example.com>", "<a%b@journal.example.com>",
	    JM_ADMIT_UNKNOWN, "a%b@" },
};

/* The facts that the MTA gives about a client certificate: Postfix never gives {verify}, Sendmail
 * also the subject of one that it could not verify. */
static const struct {
	const char *what, *tls, *subject, *verify;
	enum jm_verdict want;
} certificates[] = {
	{ "Postfix, a verified certificate", "TLSv1.3", "client.example.com", NULL,
	    JM_ADMIT_ACCEPT },
	{ "Postfix, none or a self-signed one", "TLSv1.3", NULL, NULL, JM_ADMIT_CERTIFICATE },
	{ "Postfix, an empty subject", "TLSv1.3", "", NULL, JM_ADMIT_CERTIFICATE },
	{ "Sendmail, a verified certificate", "TLSv1.3", "/CN=client", "OK", JM_ADMIT_ACCEPT },
	{ "Sendmail, one that it could not verify", "TLSv1.3", "/CN=client", "FAIL",
	    JM_ADMIT_CERTIFICATE },
	{ "Sendmail, none", "TLSv1.3", "", "NO", JM_ADMIT_CERTIFICATE },
	{ "a certificate without TLS cannot be", NULL, "/CN=client", "OK", JM_ADMIT_TLS },
};

static void test_certificates(const struct jm_settings *settings)
{
	for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
		struct jm_facts f = { .client_known = true,
			.client = range("192.0.2.1"),
			.tls_version = certificates[i].tls,
			.cert_subject = certificates[i].subject,
			.verify = certificates[i].verify,
			.mail_from = jm_span_str("<>") };
		struct jm_admission a;

		jm_admit(settings, &f, jm_span_str("cert@journal.example.com"), &a);
		tap_ok(a.verdict == certificates[i].want, "strict: %s", certificates[i].what);
		if (a.verdict != JM_ADMIT_TLS) {
			jm_admit(settings, &f, jm_span_str("tls@journal.example.com"), &a);
			tap_ok(a.verdict == JM_ADMIT_ACCEPT, "relaxed: %s", certificates[i].what);
		}
	}
}

/* The last decision is the one that refused, and names its setting; each refusal has a reply and a
 * cure. */
static const struct {
	enum jm_verdict verdict;
	const char *setting, *reply;
} told[] = {
	{ JM_ADMIT_UNKNOWN, "email-address", "450 4.1.1" },
	{ JM_ADMIT_FETCHED, "transport-type", "450 4.1.1" },
	{ JM_ADMIT_DISABLED, "disabled", "450 4.2.1" },
	{ JM_ADMIT_CLIENT, "authorized-outbounds", "550 5.7.1" },
	{ JM_ADMIT_TLS, "encrypted", "550 5.7.1" },
	{ JM_ADMIT_CERTIFICATE, "encryption-mode", "550 5.7.1" },
	{ JM_ADMIT_LOGIN, "use-smtp-authentication", "550 5.7.1" },
	{ JM_ADMIT_SENDER, "internal-domains refuse-null-sender", "550 5.7.1" },
};

/* A decision names an address as show does: UTF-8 as it is, what is hidden or damaged escaped. */
static void test_text(void)
{
	struct jm_decisions d = { .n = 0 };

	jm_decide(&d, NULL, 0, false, "login %s", "j\xc3\xb6rg\xe2\x80\xae\r@\xff.example");
	tap_is_str(d.v[0].text, "login j\xc3\xb6rg\\u{202e}\\r@\\xff.example",
	    "a UTF-8 address in a decision");
}

static void test_decisions(const struct jm_admission *a)
{
	const struct jm_decision *last = &a->decisions.v[a->decisions.n - 1];

	for (size_t i = 0; i + 1 < a->decisions.n; i++)
		if (!a->decisions.v[i].passed)
			tap_ok(false, "a check failed before the last one: %s",
			    a->decisions.v[i].text);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		if (told[i].verdict == a->verdict &&
		    (last->passed || !strstr(told[i].setting, last->setting) ||
			strcmp(jm_verdict_reply(a->verdict), told[i].reply) != 0 ||
			!jm_verdict_cure(a->verdict)))
			tap_ok(false, "%s: decided by %s, reply %s", jm_verdict_name(a->verdict),
			    last->setting, jm_verdict_reply(a->verdict));
	if (a->verdict <= JM_ADMIT_ACCEPT &&
	    (!last->passed || jm_verdict_reply(a->verdict) || jm_verdict_cure(a->verdict)))
		tap_ok(
		    false, "%s: no check failed, no reply, no cure", jm_verdict_name(a->verdict));
}

int main(void)
{
	static char a_open[] = "open@journal.example.com", a_tls[] = "tls@journal.example.com",
		    a_cert[] = "cert@journal.example.com", a_auth[] = "auth@journal.example.com",
		    a_off[] = "off@journal.example.com", a_box[] = "box@journal.example.com",
		    a_boxoff[] = "boxoff@journal.example.com",
		    a_named[] = "named@journal.example.com", d1[] = "example.com",
		    d2[] = "example.org", d3[] = "xn--bcher-kva.example";
	struct jm_cidr outbound = range("192.0.2.0/24"), own = range("2001:db8::/64");
	struct jm_service services[SERVICES] = {
		[OPEN] = { .email_address = a_open, .source_ranges = { &own, 1 } },
		[TLS] = { .email_address = a_tls,
		    .encrypted = true,
		    .encryption_mode = JM_ENCRYPTION_RELAXED },
		[CERT] = { .email_address = a_cert,
		    .encrypted = true,
		    .encryption_mode = JM_ENCRYPTION_STRICT },
		[AUTH] = { .email_address = a_auth, .use_smtp_authentication = true },
		[OFF] = { .email_address = a_off, .disabled = true },
		[BOX] = { .email_address = a_box,
		    .transport = JM_TRANSPORT_POP3,
		    .source_ranges = { &own, 1 } },
		[BOX_OFF] = { .email_address = a_boxoff,
		    .transport = JM_TRANSPORT_POP3,
		    .disabled = true },
		[NAMED] = { .email_address = a_named, .refuse_null_sender = true },
	};
	struct jm_domain domains[] = { { d1, true }, { d2, false }, { d3, false } };
	const char *journal_domains[] = { "journal.example.com", NULL };
	struct jm_settings settings = { .internal_domains = domains,
		.internal_domains_n = 3,
		.authorized_outbounds = { &outbound, 1 },
		.services = services,
		.services_n = SERVICES,
		.journal_domains = journal_domains };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct jm_facts f = { .client_known = cases[i].client != NULL,
			.tls_version = cases[i].tls,
			.login = cases[i].login,
			.mail_from = jm_span_str(cases[i].from) };
		struct jm_admission a;
		bool clean = true;

		if (f.client_known)
			f.client = range(cases[i].client);
		jm_admit(&settings, &f, jm_span_str(cases[i].to), &a);
		for (const char *p = a.text; *p; p++)
			clean &= *p >= ' ' && *p <= '~';
		tap_ok(a.verdict == cases[i].want && clean &&
			(!cases[i].text || strstr(a.text, cases[i].text)),
		    "%s", cases[i].what);
		if (a.verdict != cases[i].want)
			tap_diag("got %s: %s", jm_verdict_name(a.verdict), a.text);
		test_decisions(&a);
	}
	test_certificates(&settings);
	test_text();
	return tap_done();
}
