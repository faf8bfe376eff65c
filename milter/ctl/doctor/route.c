/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the classes, recipients and transports that Postfix has for the journal domains, and the
 * clients that bypass the milter. */
#include "milter/ctl/doctor/route.h"

#include <stdio.h>
#include <string.h>

#include "milter/ctl/doctor/run.h"

#define ANSWER_MAX_BYTES 4096
#define DAY_S 86400

/*
 * Look a key up by postmap -q. True when the table has it, with the answer without its line end in
 * out. A table that cannot be read is a finding.
 */
static bool look_up(struct jm_doctor *d, struct jm_span table, const char *key, struct jm_buf *out)
{
	char name[ANSWER_MAX_BYTES];
	const char *const argv[] = { "postmap", "-c", d->postfix, "-q", key, name, NULL };
	struct jm_buf complaint;
	struct jm_err err = { JM_E_NONE, 0, "" };
	int rc;

	snprintf(name, sizeof name, "%.*s", (int)table.len, (const char *)table.p);
	jm_buf_init(&complaint, ANSWER_MAX_BYTES);
	jm_buf_reset(out);
	rc = jm_doctor_run(argv, out, &complaint, &err);
	if (rc != 0 && complaint.len)
		jm_doctor_add(d, JM_DOCTOR_WARN, "table-unreadable", NULL,
		    "postmap -q %s %s: %.400s", key, name, jm_buf_str(&complaint));
	jm_buf_release(&complaint);
	while (out->len && out->p[out->len - 1] == '\n')
		out->p[--out->len] = '\0';
	return rc == 0;
}

static bool is_table(struct jm_span word)
{
	return jm_span_index(word, ':') < word.len && word.p[0] != '[';
}

/* Is the domain in a list, by the rules of Postfix? parents: a parent domain counts, too. */
static bool in_list(struct jm_doctor *d, const char *list, const char *domain, bool parents)
{
	struct jm_span rest = jm_span_str(list), word, name = jm_span_str(domain);
	struct jm_buf out;
	bool found = false;

	jm_buf_init(&out, ANSWER_MAX_BYTES);
	while (!found && jm_postfix_word(&rest, &word)) {
		size_t n = word.len;

		if (is_table(word))
			found = look_up(d, word, domain, &out);
		else if (jm_span_eq_nocase(word, name))
			found = true;
		else
			found = parents && n > 0 && name.len > n + 1 &&
			    name.p[name.len - n - 1] == '.' &&
			    jm_span_eq_nocase(word, jm_span_sub(name, name.len - n, n));
	}
	jm_buf_release(&out);
	return found;
}

/* The first answer of the transport tables to the keys that trivial-rewrite(8) tries. */
static bool transport_of(struct jm_doctor *d, const struct jm_postfix *p, const char *address,
    const char *domain, struct jm_buf *out)
{
	const char *keys[3] = { address, domain, "*" };
	struct jm_span rest, word;

	for (size_t i = 0; i < 3; i++) {
		rest = jm_span_str(jm_postfix_value(p, NULL, "transport_maps"));
		while (jm_postfix_word(&rest, &word))
			if (look_up(d, word, keys[i], out))
				return true;
	}
	return false;
}

static bool is_backstop(struct jm_span t)
{
	return jm_span_eq(t, jm_span_str("smtp:[127.0.0.1]:1")) ||
	    jm_span_eq(t, jm_span_str("relay:[127.0.0.1]:1")) ||
	    jm_span_starts_nocase(t, jm_span_str("smtp:[127.")) ||
	    jm_span_starts_nocase(t, jm_span_str("smtp:[::1]")) ||
	    jm_span_starts_nocase(t, jm_span_str("relay:[127.")) ||
	    jm_span_starts_nocase(t, jm_span_str("relay:[::1]"));
}

static void judge_transport(
    struct jm_doctor *d, const struct jm_postfix *p, const char *domain, struct jm_span t)
{
	struct jm_span service = jm_span_sub(t, 0, jm_span_index(t, ':'));
	char line[512], key[256];
	const char *command;

	snprintf(line, sizeof line, "main.cf: transport_maps = inline:{ {%s=smtp:[127.0.0.1]:1} }",
	    domain);
	snprintf(key, sizeof key, "%.*s/unix", (int)service.len, (const char *)service.p);
	command = json_string_value(json_object_get(json_object_get(p->services, key), "command"));
	if (command && strcmp(command, "discard") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "discard-transport", line,
		    "%s goes to %.*s: what passes the milter is lost with a 250", domain,
		    (int)t.len, (const char *)t.p);
	else if (command && strcmp(command, "error") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "error-transport", line,
		    "%s goes to %.*s: it is refused before the milter sees it", domain, (int)t.len,
		    (const char *)t.p);
	else if (!is_backstop(t))
		jm_doctor_add(d, JM_DOCTOR_WARN, "no-backstop", line,
		    "%s goes to %.*s: what passes the milter leaves this machine unarchived",
		    domain, (int)t.len, (const char *)t.p);
}

static void check_transport(
    struct jm_doctor *d, const struct jm_postfix *p, const char *address, const char *domain)
{
	const char *relay = jm_postfix_value(p, NULL, "relay_transport");
	struct jm_span service = jm_span_sub(
	    jm_span_str(relay), 0, jm_span_index(jm_span_str(relay), ':'));
	char line[512];
	struct jm_buf out;

	jm_buf_init(&out, ANSWER_MAX_BYTES);
	if (transport_of(d, p, address, domain, &out)) {
		judge_transport(d, p, domain, jm_buf_span(&out));
	} else if (!jm_span_eq(service, jm_span_str("relay")) &&
	    !jm_span_eq(service, jm_span_str("smtp"))) {
		judge_transport(d, p, domain, jm_span_str(relay));
	} else {
		snprintf(line, sizeof line,
		    "main.cf: transport_maps = inline:{ {%s=smtp:[127.0.0.1]:1} }", domain);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-backstop", line,
		    "%s has no transport: what passes the milter is sent on by its MX record, or "
		    "bounces",
		    domain);
	}
	jm_buf_release(&out);
}

/* Check that the list of valid recipients, if any, has ours: others get a 550. */
static void check_recipient(struct jm_doctor *d, const struct jm_postfix *p, const char *address)
{
	struct jm_span rest = jm_span_str(jm_postfix_value(p, NULL, "relay_recipient_maps")), word;
	char domain[300];
	struct jm_buf out;
	bool any = false, found = false;

	snprintf(domain, sizeof domain, "%s", strchr(address, '@'));
	jm_buf_init(&out, ANSWER_MAX_BYTES);
	while (!found && jm_postfix_word(&rest, &word)) {
		any = true;
		found = look_up(d, word, address, &out) || look_up(d, word, domain, &out);
	}
	jm_buf_release(&out);
	if (any && !found)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unknown-recipient",
		    "main.cf: a table with it in relay_recipient_maps, or none",
		    "relay_recipient_maps does not have %s: its reports get a 550", address);
}

static void check_domain(struct jm_doctor *d, const struct jm_postfix *p, const char *domain)
{
	static const char *const other[] = { "mydestination", "virtual_mailbox_domains",
		"virtual_alias_domains" };
	char line[512];
	bool elsewhere = false;

	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		if (in_list(d, jm_postfix_value(p, NULL, other[i]), domain, false)) {
			elsewhere = true;
			snprintf(line, sizeof line, "main.cf: %s out of %s, into relay_domains",
			    domain, other[i]);
			jm_doctor_add(d, JM_DOCTOR_FAIL, "wrong-class", line,
			    "%s is in %s: addresses that have no mailbox get a 550, and what "
			    "passes "
			    "the milter is delivered here",
			    domain, other[i]);
		}
	if (!elsewhere && !in_list(d, jm_postfix_value(p, NULL, "relay_domains"), domain, true)) {
		snprintf(line, sizeof line, "main.cf: relay_domains = %s", domain);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-relayed", line,
		    "%s is not in relay_domains: its reports get a 554, relay access denied",
		    domain);
	}
}

void jm_doctor_route(struct jm_doctor *d, const struct jm_postfix *p)
{
	const char *lifetime = jm_postfix_value(p, NULL, "maximal_queue_lifetime");

	for (size_t i = 0; d->settings && i < d->settings->services_n; i++) {
		const struct jm_service *s = &d->settings->services[i];
		const char *domain = strchr(s->email_address, '@');
		bool again = false;

		if (!domain || s->transport != JM_TRANSPORT_SMTP)
			continue;
		check_recipient(d, p, s->email_address);
		for (size_t k = 0; k < i; k++)
			again = again ||
			    (strchr(d->settings->services[k].email_address, '@') &&
				strcmp(strchr(d->settings->services[k].email_address, '@'),
				    domain) == 0);
		if (again)
			continue;
		check_domain(d, p, domain + 1);
		check_transport(d, p, s->email_address, domain + 1);
	}
	if (jm_postfix_seconds(jm_span_str(lifetime)) < DAY_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "queue-lifetime",
		    "main.cf: maximal_queue_lifetime = 5d",
		    "maximal_queue_lifetime = %s: what waits at "
		    "the backstop bounces soon",
		    lifetime);
}

/* Look up the first address of each range: the answer must not be DISABLE. */
static void check_clients(
    struct jm_doctor *d, const char *listener, struct jm_span tables, const struct jm_ranges *r)
{
	struct jm_buf out;
	char text[JM_CIDR_TEXT_BYTES];

	jm_buf_init(&out, ANSWER_MAX_BYTES);
	for (size_t i = 0; i < r->n; i++) {
		struct jm_cidr first = r->v[i];
		struct jm_span rest = tables, word;

		first.bits = 128;
		jm_cidr_format(&first, text);
		while (jm_postfix_word(&rest, &word)) {
			if (!look_up(d, word, text, &out))
				continue;
			if (jm_span_eq_nocase(jm_buf_span(&out), jm_span_str("DISABLE")))
				jm_doctor_add(d, JM_DOCTOR_FAIL, "client-excluded",
				    "that table: the milter instead of DISABLE",
				    "%s: smtpd_milter_maps keeps %s away from the milter, and the "
				    "settings let it send reports",
				    listener, text);
			break;
		}
	}
	jm_buf_release(&out);
}

void jm_doctor_route_clients(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	struct jm_span tables = jm_span_str(jm_postfix_value(p, listener, "smtpd_milter_maps"));

	if (tables.len == 0)
		return;
	check_clients(d, listener, tables, &d->settings->authorized_outbounds);
	for (size_t i = 0; i < d->settings->services_n; i++)
		check_clients(d, listener, tables, &d->settings->services[i].source_ranges);
}
