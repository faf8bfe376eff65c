/* SPDX-License-Identifier: BSD-2-Clause */
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
		[JM_ADMIT_DISABLED] = "disabled",
		[JM_ADMIT_CLIENT] = "client-address",
		[JM_ADMIT_TLS] = "tls-required",
		[JM_ADMIT_LOGIN] = "login-required",
		[JM_ADMIT_SENDER] = "sender-domain",
	};

	return names[v];
}

/* Decide, with a text that can stand in an SMTP reply: what is not printable ASCII becomes '?'. */
static void JM_PRINTF(3, 4) decide(struct jm_admission *a, enum jm_verdict verdict, const char *fmt, ...)
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

static bool in_ranges(const struct jm_ranges *ranges, const struct jm_cidr *client)
{
	size_t i;

	for (i = 0; i < ranges->n; i++)
		if (jm_cidr_contains(&ranges->v[i], client))
			return true;
	return false;
}

/* The login names the journal address: local parts without regard to case, domains in their comparable form. */
static bool login_is(const char *login, const char *address)
{
	struct jm_span ll, ld, al, ad;
	char ln[JM_DOMAIN_BYTES], an[JM_DOMAIN_BYTES];

	return jm_domain_split_path(jm_span_str(login), &ll, &ld) && jm_domain_split_path(jm_span_str(address), &al, &ad) &&
	    jm_span_eq_nocase(ll, al) && jm_domain_normalise(ld, ln) == 0 && jm_domain_normalise(ad, an) == 0 &&
	    jm_span_eq(jm_span_str(ln), jm_span_str(an));
}

/* The null sender passes: whoever gets here comes from a listed address, and Exchange on premises sends its reports so. */
static bool sender_passes(const struct jm_settings *settings, struct jm_span path, char domain_r[JM_DOMAIN_BYTES])
{
	struct jm_span local, domain;

	domain_r[0] = 0;
	if (!jm_domain_split_path(path, &local, &domain))
		return false;
	if (local.len == 0 && domain.len == 0)
		return true;
	return jm_domain_normalise(domain, domain_r) == 0 && jm_settings_is_internal_domain(settings, jm_span_str(domain_r));
}

static void judge_session(const struct jm_settings *settings, const struct jm_facts *facts, struct jm_admission *a)
{
	const struct jm_service *service = a->service;
	char text[JM_CIDR_TEXT_BYTES], domain[JM_DOMAIN_BYTES];

	if (service->disabled)
		decide(a, JM_ADMIT_DISABLED, "journal service %.80s is disabled", service->email_address);
	else if (!facts->client_known || (!in_ranges(&settings->authorized_outbounds, &facts->client) && !in_ranges(&service->source_ranges, &facts->client)))
		decide(a, JM_ADMIT_CLIENT, "client address %s is not allowed for journal service %.80s",
		    facts->client_known ? jm_cidr_format(&facts->client, text) : "(unknown)", service->email_address);
	else if (service->encrypted && !(facts->tls_version && *facts->tls_version))
		decide(a, JM_ADMIT_TLS, "journal service %.80s requires TLS", service->email_address);
	else if (service->use_smtp_authentication && !(facts->login && login_is(facts->login, service->email_address)))
		decide(a, JM_ADMIT_LOGIN, "journal service %.80s requires SMTP AUTH with its own address as user", service->email_address);
	else if (!sender_passes(settings, facts->mail_from, domain))
		decide(a, JM_ADMIT_SENDER, "sender domain \"%.80s\" is not an internal domain", domain);
	else
		decide(a, JM_ADMIT_ACCEPT, "accepted for %.80s", service->email_address);
}

void jm_admit(const struct jm_settings *settings, const struct jm_facts *facts, struct jm_span recipient, struct jm_admission *admission_r)
{
	struct jm_span local, domain;
	char name[JM_DOMAIN_BYTES];

	*admission_r = (struct jm_admission){ .verdict = JM_ADMIT_OTHER };
	if (!jm_domain_split_path(recipient, &local, &domain) || jm_domain_normalise(domain, name) != 0 ||
	    !jm_settings_is_journal_domain(settings, jm_span_str(name)))
		return;
	admission_r->service = jm_settings_service_for(settings, local, jm_span_str(name));
	if (!admission_r->service)
		decide(admission_r, JM_ADMIT_UNKNOWN, "no journal service has the address %.*s@%.100s", local.len > 60 ? 60 : (int)local.len,
		    (const char *)local.p, name);
	else
		judge_session(settings, facts, admission_r);
}
