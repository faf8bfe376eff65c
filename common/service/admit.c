/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks of admission, one function each, and the words for their results. Sending the SMTP
 * reply and writing the event: milter/daemon.
 */
#include "common/service/admit.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/mail/domain.h"

const char *jm_verdict_name(enum jm_verdict v)
{
	static const char *const names[] = {
		[JM_ADMIT_OTHER] = "other",
		[JM_ADMIT_ACCEPT] = "accepted",
		[JM_ADMIT_UNKNOWN] = "unknown-address",
		[JM_ADMIT_FETCHED] = "fetched-by-pop3",
		[JM_ADMIT_DISABLED] = "disabled",
		[JM_ADMIT_CLIENT] = "client-address",
		[JM_ADMIT_TLS] = "tls-required",
		[JM_ADMIT_CERTIFICATE] = "certificate-required",
		[JM_ADMIT_LOGIN] = "login-required",
		[JM_ADMIT_SENDER] = "sender-domain",
	};

	return names[v];
}

const char *jm_verdict_reply(enum jm_verdict v)
{
	switch (v) {
	case JM_ADMIT_OTHER:
	case JM_ADMIT_ACCEPT:
		break;
	case JM_ADMIT_UNKNOWN:
	case JM_ADMIT_FETCHED:
		return "450 4.1.1";
	case JM_ADMIT_DISABLED:
		return "450 4.2.1";
	case JM_ADMIT_CLIENT:
	case JM_ADMIT_TLS:
	case JM_ADMIT_CERTIFICATE:
	case JM_ADMIT_LOGIN:
	case JM_ADMIT_SENDER:
		return "550 5.7.1";
	}
	return NULL;
}

const char *jm_verdict_cure(enum jm_verdict v)
{
	static const char *const cures[] = {
		[JM_ADMIT_UNKNOWN] =
		    "let the journal rule's journal recipient "
		    "(Set-JournalRule -JournalEmailAddress) be the email-address of a service, "
		    "or add a service with this address",
		[JM_ADMIT_FETCHED] =
		    "let the journal rule name the mailbox that is fetched from, or a service of "
		    "transport type SMTP; or set this service's "
		    "<transport-type> to SMTP",
		[JM_ADMIT_DISABLED] =
		    "nothing is wrong in Exchange: it keeps the reports and tries again; "
		    "remove <disabled> from the service and reload",
		[JM_ADMIT_CLIENT] =
		    "send from an address that is listed (on premises: "
		    "Set-SendConnector -SourceTransportServers; Exchange Online: the "
		    "published ranges of Microsoft 365), or add this address to "
		    "<additional-source-ip-ranges> or <authorized-outbounds>",
		[JM_ADMIT_TLS] = "let the connector to this MTA use TLS "
				 "(Set-SendConnector -RequireTLS $true; Exchange Online: "
				 "Set-OutboundConnector -TlsSettings EncryptionOnly), "
				 "and give the MTA a certificate",
		[JM_ADMIT_CERTIFICATE] =
		    "let the connector present a certificate that the MTA can verify "
		    "(Set-SendConnector -TlsCertificateName), let the MTA "
		    "ask for it and know its CA, or set <encryption-mode> to relaxed",
		[JM_ADMIT_LOGIN] =
		    "let the send connector log in with the email-address of the service as "
		    "user name (Set-SendConnector -SmartHostAuthMechanism BasicAuthRequireTLS "
		    "-AuthenticationCredential); Exchange Online cannot: "
		    "set <use-smtp-authentication> to no",
		[JM_ADMIT_SENDER] =
		    "Exchange sends its reports from the address for undeliverable reports: let it "
		    "be in a domain of the organisation (Set-TransportConfig "
		    "-JournalingReportNdrTo ADDRESS), or, if the sender's domain belongs to the "
		    "organisation, such as the tenant's NAME.onmicrosoft.com, add it to "
		    "<internal-domains>",
	};

	return v < sizeof cures / sizeof cures[0] ? cures[v] : NULL;
}

/* Set the verdict and its text, which may go into an SMTP reply: bytes that are not printable ASCII
 * become '?'. */
static void JM_PRINTF(3, 4)
    verdict_set(struct jm_admission *a, enum jm_verdict verdict, const char *fmt, ...)
{
	va_list ap;
	char *p;

	a->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof a->text, fmt, ap);
	va_end(ap);
	for (p = a->text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* The line in the settings of the first range that contains client; -1: it has no line; 0: no range
 * contains client. */
static int line_of_range(const struct jm_ranges *ranges, const struct jm_cidr *client)
{
	size_t i;

	for (i = 0; i < ranges->n; i++)
		if (jm_cidr_contains(&ranges->v[i], client))
			return ranges->lines && ranges->lines[i] ? ranges->lines[i] : -1;
	return 0;
}

/* Is the login the journal address? Local parts are compared without regard to case, domains in
 * their normal form. */
static bool login_is(const char *login, const char *address)
{
	struct jm_span ll, ld, al, ad;
	char ln[JM_DOMAIN_BYTES], an[JM_DOMAIN_BYTES];

	return jm_domain_split_path(jm_span_str(login), &ll, &ld) &&
	    jm_domain_split_path(jm_span_str(address), &al, &ad) && jm_span_eq_nocase(ll, al) &&
	    jm_domain_normalise(ld, ln) == 0 && jm_domain_normalise(ad, an) == 0 &&
	    jm_span_eq(jm_span_str(ln), jm_span_str(an));
}

static bool takes_smtp(const struct jm_settings *settings, struct jm_admission *a)
{
	bool smtp = a->service->transport == JM_TRANSPORT_SMTP;

	return jm_decide(&a->decisions, "transport-type",
	    jm_settings_line(settings, a->service, "transport-type"), smtp, "the service %s",
	    smtp ? "takes mail by SMTP" : "fetches its mail by POP3");
}

static bool is_enabled(const struct jm_settings *settings, struct jm_admission *a)
{
	const struct jm_service *s = a->service;

	return jm_decide(&a->decisions, "disabled", jm_settings_line(settings, s, "disabled"),
	    !s->disabled, "the service is %s", s->disabled ? "disabled" : "enabled");
}

static bool client_passes(
    const struct jm_settings *settings, const struct jm_facts *facts, struct jm_admission *a)
{
	char text[JM_CIDR_TEXT_BYTES];
	int line;

	if (!facts->client_known)
		return jm_decide(&a->decisions, "authorized-outbounds", 0, false,
		    "the client has no IP address");
	jm_cidr_format(&facts->client, text);
	if ((line = line_of_range(&settings->authorized_outbounds, &facts->client)) != 0)
		return jm_decide(&a->decisions, "authorized-outbounds", line < 0 ? 0 : line, true,
		    "client %s is an authorized outbound", text);
	if ((line = line_of_range(&a->service->source_ranges, &facts->client)) != 0)
		return jm_decide(&a->decisions, "additional-source-ip-ranges", line < 0 ? 0 : line,
		    true, "client %s is in the service's ranges", text);
	line = jm_settings_line(settings, a->service, "additional-source-ip-ranges");
	if (line)
		return jm_decide(&a->decisions, "additional-source-ip-ranges", line, false,
		    "client %s is in none of these ranges nor an authorized "
		    "outbound",
		    text);
	return jm_decide(&a->decisions, "authorized-outbounds",
	    jm_settings_line(settings, NULL, "authorized-outbounds"), false,
	    "client %s is none of these, and the service has no ranges of its own", text);
}

static bool tls_passes(
    const struct jm_settings *settings, const struct jm_facts *facts, struct jm_admission *a)
{
	bool tls = facts->tls_version && *facts->tls_version;

	return jm_decide(&a->decisions, "encrypted",
	    jm_settings_line(settings, a->service, "encrypted"), tls || !a->service->encrypted,
	    "%s%.20s%s", tls ? "the session uses " : "the session has no TLS",
	    tls ? facts->tls_version : "",
	    a->service->encrypted ? ", and the service requires TLS" : ", and need not have any");
}

/* Sendmail gives the subject of an unverified certificate, too, and sets {verify}; Postfix gives
 * the subject of a verified one only. */
static bool has_certificate(const struct jm_facts *facts)
{
	return facts->verify && *facts->verify ? strcmp(facts->verify, "OK") == 0
					       : facts->cert_subject && *facts->cert_subject;
}

static bool certificate_passes(
    const struct jm_settings *settings, const struct jm_facts *facts, struct jm_admission *a)
{
	const struct jm_service *s = a->service;
	bool needed = s->encrypted && s->encryption_mode == JM_ENCRYPTION_STRICT,
	     there = has_certificate(facts);

	return jm_decide(&a->decisions, "encryption-mode",
	    jm_settings_line(settings, s, "encryption-mode"), there || !needed, "%s%s",
	    there ? "the MTA verified the client's certificate"
		  : "no client certificate that the MTA verified",
	    needed ? "" : ", and none is needed");
}

static bool login_passes(
    const struct jm_settings *settings, const struct jm_facts *facts, struct jm_admission *a)
{
	static const char name[] = "use-smtp-authentication";
	int line = jm_settings_line(settings, a->service, name);
	bool there = facts->login && *facts->login;

	if (!a->service->use_smtp_authentication)
		return jm_decide(&a->decisions, name, line, true, "no login is needed");
	if (!there)
		return jm_decide(&a->decisions, name, line, false,
		    "the client did not log in, and the service requires the login %.100s",
		    a->service->email_address);
	if (!login_is(facts->login, a->service->email_address))
		return jm_decide(&a->decisions, name, line, false, "login %.100s is not %.100s",
		    facts->login, a->service->email_address);
	return jm_decide(&a->decisions, name, line, true, "logged in as %.100s", facts->login);
}

/* The null sender passes: Exchange on premises sends its reports with it, and the client's address
 * was checked before. */
static bool sender_passes(const struct jm_settings *settings, const struct jm_facts *facts,
    struct jm_admission *a, char domain_r[JM_DOMAIN_BYTES])
{
	int line = jm_settings_line(settings, NULL, "internal-domains"), decided;
	struct jm_span local, domain;

	domain_r[0] = 0;
	if (!jm_domain_split_path(facts->mail_from, &local, &domain))
		return jm_decide(
		    &a->decisions, "internal-domains", line, false, "the sender is no address");
	if (local.len == 0 && domain.len == 0 && a->service->refuse_null_sender)
		return jm_decide(&a->decisions, "refuse-null-sender",
		    jm_settings_line(settings, a->service, "refuse-null-sender"), false,
		    "the null sender <> may not send to this service");
	if (local.len == 0 && domain.len == 0)
		return jm_decide(
		    &a->decisions, NULL, 0, true, "the null sender <> may send to this service");
	if (jm_domain_normalise(domain, domain_r) != 0 ||
	    (decided = jm_settings_internal_line(settings, jm_span_str(domain_r))) < 0)
		return jm_decide(&a->decisions, "internal-domains", line, false,
		    "sender domain \"%.100s\" is none of these", domain_r);
	return jm_decide(&a->decisions, "internal-domains", decided, true,
	    "sender domain %.100s is internal", domain_r);
}

/* "a"@b is a@b (RFC 5321 4.1.2). Quoted pairs remain: no service's address has one. */
static struct jm_span unquote(struct jm_span local)
{
	if (local.len > 2 && local.p[0] == '"' && local.p[local.len - 1] == '"')
		return jm_span_sub(local, 1, local.len - 2);
	return local;
}

static void check_session(
    const struct jm_settings *settings, const struct jm_facts *facts, struct jm_admission *a)
{
	const struct jm_service *service = a->service;
	char text[JM_CIDR_TEXT_BYTES], domain[JM_DOMAIN_BYTES];

	if (!takes_smtp(settings, a))
		verdict_set(a, JM_ADMIT_FETCHED,
		    "journal service %.80s fetches its mail by POP3 and takes none by SMTP",
		    service->email_address);
	else if (!is_enabled(settings, a))
		verdict_set(a, JM_ADMIT_DISABLED, "journal service %.80s is disabled",
		    service->email_address);
	else if (!client_passes(settings, facts, a))
		verdict_set(a, JM_ADMIT_CLIENT,
		    "client address %s is not allowed for journal service %.80s",
		    facts->client_known ? jm_cidr_format(&facts->client, text) : "(unknown)",
		    service->email_address);
	else if (!tls_passes(settings, facts, a))
		verdict_set(
		    a, JM_ADMIT_TLS, "journal service %.80s requires TLS", service->email_address);
	else if (!certificate_passes(settings, facts, a))
		verdict_set(a, JM_ADMIT_CERTIFICATE,
		    "journal service %.80s requires a client certificate that this server can "
		    "verify",
		    service->email_address);
	else if (!login_passes(settings, facts, a))
		verdict_set(a, JM_ADMIT_LOGIN,
		    "journal service %.80s requires SMTP AUTH with its own address as user",
		    service->email_address);
	else if (!sender_passes(settings, facts, a, domain))
		verdict_set(a, JM_ADMIT_SENDER,
		    domain[0] ? "sender domain \"%.80s\" is not an internal domain"
			      : "the sender must be at an internal domain%s",
		    domain);
	else
		verdict_set(a, JM_ADMIT_ACCEPT, "accepted for %.80s", service->email_address);
}

void jm_admit(const struct jm_settings *settings, const struct jm_facts *facts,
    struct jm_span recipient, struct jm_admission *admission_r)
{
	struct jm_span local, domain;
	char name[JM_DOMAIN_BYTES];

	*admission_r = (struct jm_admission){ .verdict = JM_ADMIT_OTHER };
	if (!jm_domain_split_path(recipient, &local, &domain) ||
	    jm_domain_normalise(domain, name) != 0 ||
	    !jm_settings_is_journal_domain(settings, jm_span_str(name))) {
		jm_decide(&admission_r->decisions, "email-address", 0, true,
		    "the recipient is at no journal domain: ordinary mail");
		return;
	}
	admission_r->service = jm_settings_service_for(settings, unquote(local), jm_span_str(name));
	if (!jm_decide(&admission_r->decisions, "email-address",
		admission_r->service
		    ? jm_settings_line(settings, admission_r->service, "email-address")
		    : 0,
		admission_r->service != NULL,
		admission_r->service ? "a service has this address"
				     : "no service has this address"))
		verdict_set(admission_r, JM_ADMIT_UNKNOWN,
		    "no journal service has the address %.*s@%.100s",
		    local.len > 60 ? 60 : (int)local.len, (const char *)local.p, name);
	else
		check_session(settings, facts, admission_r);
}
