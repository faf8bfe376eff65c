/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two tests of a message that came for a service: its age, and whether the right people are in
 * it. Which addresses exist: directory.c.
 */
#include "common/service/judge.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/mail/date.h"
#include "common/mail/domain.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
/* 1990. Nobody journals older mail, but many clocks start in 1970. */
#define EARLIEST_MS (INT64_C(631152000) * 1000)
/* How far ahead a date may be: a clock that is wrong by a time zone, or by a day. */
#define AHEAD_MS (2 * DAY_MS)

static bool is_sane(struct jm_span date, int64_t now_ms, int64_t *ms_r)
{
	return !jm_span_none(date) && jm_date_parse(date, ms_r) == 0 && *ms_r >= EARLIEST_MS &&
	    *ms_r <= now_ms + AHEAD_MS;
}

static bool age_passes(const struct jm_judge_facts *f, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_decisions *d)
{
	int line = jm_settings_line(f->settings, service, "maximum-age");
	char text[JM_CLOCK_TEXT_BYTES];
	const char *source = "date";
	int64_t ms;

	if (!line)
		line = jm_settings_line(f->settings, NULL, "maximum-age");
	if (service->maximum_age_days == 0)
		return jm_decide(d, "maximum-age", line, true, "any age will do");
	if (!is_sane(u->date, f->now_ms, &ms)) {
		if (!is_sane(u->report_date, f->now_ms, &ms))
			return jm_decide(d, "maximum-age", line, true,
			    "neither message nor report has a usable date: "
			    "it is as old as its arrival");
		source = "report's date";
	}
	jm_clock_format(ms, text);
	if (f->now_ms - ms > service->maximum_age_days * DAY_MS)
		return jm_decide(d, "maximum-age", line, false,
		    "too old: %s %.19sZ, more than %d day%s ago", source, text,
		    service->maximum_age_days, jm_num_s((uint64_t)service->maximum_age_days));
	return jm_decide(d, "maximum-age", line, true, "%s %.19sZ, within %d day%s", source, text,
	    service->maximum_age_days, jm_num_s((uint64_t)service->maximum_age_days));
}

enum place { NOWHERE, OUTSIDE, INSIDE, INSIDE_UNKNOWN };

/* f->known is asked only when ask_directory. */
static enum place place_of(
    const struct jm_judge_facts *f, struct jm_span address, bool ask_directory)
{
	struct jm_span local, domain;
	char name[JM_DOMAIN_BYTES];

	if (jm_span_none(address) || address.len == 0)
		return NOWHERE;
	if (!jm_domain_split_path(address, &local, &domain))
		return OUTSIDE;
	if (domain.len == 0) /* inside: /O=..., EX:/o=..., C=...;A=... */
		return local.len && jm_span_index(local, '=') < local.len ? INSIDE : NOWHERE;
	if (jm_domain_normalise(domain, name) != 0 ||
	    !jm_settings_is_internal_domain(f->settings, jm_span_str(name)))
		return OUTSIDE;
	return ask_directory && f->known && !f->known(f->known_ctx, local, jm_span_str(name))
	    ? INSIDE_UNKNOWN
	    : INSIDE;
}

/* Facts about all addresses of a message. */
struct parties {
	bool internal;          /* at least one is */
	struct jm_span unknown; /* the first unknown one; none: all are known */
	bool open;              /* the report names it as sender, To or Cc: it is not Bcc */
};

static void parties_add(struct parties *p, const struct jm_judge_facts *f, struct jm_span address,
    bool ask_directory, bool open)
{
	enum place place = place_of(f, address, ask_directory);

	if (place == INSIDE || place == INSIDE_UNKNOWN)
		p->internal = true;
	/* One that may be named explains more. */
	if (place == INSIDE_UNKNOWN && (jm_span_none(p->unknown) || (open && !p->open))) {
		p->unknown = address;
		p->open = open;
	}
}

static bool parties_pass(const struct jm_judge_facts *f, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_judgement *j)
{
	struct jm_decisions *d = &j->decisions;
	static const char non[] = "journal-non-internal-addresses",
			  unknown[] = "journal-unknown-internal-addresses";
	int non_line = jm_settings_line(f->settings, service, non),
	    unknown_line = jm_settings_line(f->settings, service, unknown);
	struct parties p = { .internal = false };

	parties_add(&p, f, u->envelope_sender, true, true);
	parties_add(&p, f, u->on_behalf_of, false, true);
	for (size_t i = 0; i < u->recipients_n; i++) {
		const struct jm_recipient *r = &u->recipients[i];

		parties_add(
		    &p, f, r->address, true, r->type == JM_RCPT_TO || r->type == JM_RCPT_CC);
		if (!p.internal && r->via != JM_VIA_NONE)
			parties_add(&p, f, r->via_address, false, false);
	}
	if (!p.internal)
		return jm_decide(d, non, non_line, service->journal_non_internal,
		    "no internal address among sender and %zu recipient%s", u->recipients_n,
		    u->recipients_n == 1 ? "" : "s");
	jm_decide(d, non, non_line, true, "has an internal address");
	if (!f->known)
		return jm_decide(d, unknown, unknown_line, true,
		    "no directory to look addresses up in: all are known");
	if (!jm_span_none(p.unknown) && !p.open) {
		j->address = p.unknown;
		return jm_decide(d, unknown, unknown_line, service->journal_unknown_internal,
		    "an internal address is not in the directory");
	}
	if (!jm_span_none(p.unknown))
		return jm_decide(d, unknown, unknown_line, service->journal_unknown_internal,
		    "internal address %.*s is not in the directory",
		    p.unknown.len > 120 ? 120 : (int)p.unknown.len, (const char *)p.unknown.p);
	return jm_decide(
	    d, unknown, unknown_line, true, "all internal addresses are in the directory");
}

/* The cure for messages that are set aside because of this setting; NULL: there is no cure. */
static const char *cure_of(const char *setting)
{
	static const struct {
		const char *setting, *cure;
	} cures[] = {
		{ "maximum-age",
		    "see in Exchange why it comes so late (Get-Queue, Get-Message: reports "
		    "that waited, a mailbox import, a wrong clock); release it "
		    "with jmctl set-aside release, or raise <maximum-age>, 0 for no limit" },
		{ "journal-non-internal-addresses",
		    "compare <internal-domains> with Get-AcceptedDomain, and the journal rule's "
		    "scope and recipient with "
		    "Get-JournalRule (Set-JournalRule -Scope Internal journals internal mail "
		    "only); or set <journal-non-internal-addresses> to yes" },
		{ "journal-unknown-internal-addresses",
		    "let <directory-sources> have every address of the organisation "
		    "(Get-Recipient -ResultSize Unlimited | "
		    "Select -ExpandProperty EmailAddresses), or set "
		    "<journal-unknown-internal-addresses> to yes" },
	};

	for (size_t i = 0; setting && i < sizeof cures / sizeof cures[0]; i++)
		if (strcmp(cures[i].setting, setting) == 0)
			return cures[i].cure;
	return NULL;
}

void jm_judge(const struct jm_judge_facts *facts, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_judgement *judgement_r)
{
	struct jm_decisions *d = &judgement_r->decisions;

	*judgement_r = (struct jm_judgement){ .set_aside = NULL };
	if (!age_passes(facts, service, u, d) || !parties_pass(facts, service, u, judgement_r))
		judgement_r->set_aside = d->v[d->n - 1].text;
	if (judgement_r->set_aside)
		judgement_r->cure = cure_of(d->v[d->n - 1].setting);
}

void jm_judge_unwrapping(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_decisions *d_r)
{
	d_r->n = 0;
	if (service->journal_type == JM_JOURNAL_EML)
		jm_decide(d_r, "journal-type", jm_settings_line(settings, service, "journal-type"),
		    true,
		    "standard EML: not unwrapped; recipients from headers, which may lack Bcc");
	else if (u->step_down)
		jm_decide(d_r, "journal-type", jm_settings_line(settings, service, "journal-type"),
		    true,
		    "no proper journal report: stepped down to an ordinary message; "
		    "recipients from headers, which may lack Bcc");
	else
		jm_decide(d_r, "journal-type", jm_settings_line(settings, service, "journal-type"),
		    true, "journal report %s, %u level%s%s", jm_variant_name(u->variant),
		    u->nesting, u->nesting == 1 ? "" : "s",
		    u->ndr ? ", in an undeliverable report" : "");
	if (u->inner != JM_INNER_NONE || u->levels_n > 0)
		jm_decide(d_r, "report-senders", jm_settings_line(settings, NULL, "report-senders"),
		    true, "%s",
		    u->inner != JM_INNER_NONE
			? jm_inner_rule_text(u->inner)
			: "a report inside of a report is believed: the outer one came from "
			  "Exchange or from report-senders, to journal addresses only");
	jm_decide(d_r, "remove-journal-headers",
	    jm_settings_line(settings, service, "remove-journal-headers"), true,
	    service->remove_journal_headers ? "%zu journal header fields removed"
					    : "journal header fields stay",
	    u->message.cuts_n);
	if (u->has_companion)
		jm_decide(d_r, "prefer-clear-text-version",
		    jm_settings_line(settings, service, "prefer-clear-text-version"), true,
		    "rights-protected: the %s is archived, the other kept with it",
		    u->companion_is_clear ? "protected message" : "clear text");
}
