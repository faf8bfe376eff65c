/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the classes, recipients and transports that Postfix has for the journal domains, and the
 * clients that bypass the milter. */
#include "milter/ctl/doctor/route.h"

#include <stdio.h>
#include <string.h>

#include "common/base/num.h"
#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/port.h"
#include "milter/ctl/doctor/restrict.h"
#include "milter/ctl/doctor/lookup.h"

#define BACKSTOP "smtp:[127.0.0.1]:1"

/* Is the domain in a list, by the rules of Postfix? parents: a parent domain counts, too. */
static bool in_list(struct jm_doctor *d, const char *list, const char *domain, bool parents)
{
	struct jm_span rest = jm_span_str(list), word, name = jm_span_str(domain);
	struct jm_buf out;
	bool found = false;

	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	while (!found && jm_postfix_word(&rest, &word)) {
		size_t n = word.len;

		if (jm_doctor_is_table(word))
			found = jm_doctor_look_up(d, word, domain, &out);
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
			if (jm_doctor_look_up(d, word, keys[i], out))
				return true;
	}
	return false;
}

/* Host and port of a next hop: "[127.0.0.1]:1", "mail.example.com". */
static uint64_t next_hop(struct jm_span hop, char *host, size_t n)
{
	size_t colon = jm_span_rindex(hop, ':');
	uint64_t port = 25;

	if (colon < hop.len &&
	    (jm_span_rindex(hop, ']') < colon || jm_span_index(hop, ']') == hop.len) &&
	    jm_doctor_port(jm_span_sub(hop, colon + 1, hop.len), &port) == 0)
		hop.len = colon;
	if (hop.len > 1 && hop.p[0] == '[')
		hop = jm_span_sub(hop, 1, hop.len - 2);
	snprintf(host, n, "%.*s", (int)hop.len, (const char *)hop.p);
	return port;
}

/* Does a next hop lead to this machine? */
static bool is_here(const struct jm_postfix *p, const char *host)
{
	struct jm_cidr c, four, six;

	if (strcmp(host, "localhost") == 0 ||
	    jm_span_eq_nocase(
		jm_span_str(host), jm_span_str(jm_postfix_value(p, NULL, "myhostname"))))
		return true;
	return jm_cidr_parse(jm_span_str(host), &c, NULL) == 0 && c.bits == 128 &&
	    jm_cidr_parse(jm_span_str("127.0.0.0/8"), &four, NULL) == 0 &&
	    jm_cidr_parse(jm_span_str("::1"), &six, NULL) == 0 &&
	    (jm_cidr_contains(&four, &c) || jm_cidr_contains(&six, &c) || jm_doctor_is_own(&c));
}

static const char *backstop_cure(
    char *text, const struct jm_doctor *d, const struct jm_postfix *p, const char *domain)
{
	char word[512];

	snprintf(word, sizeof word, "inline:{ {%.255s=" BACKSTOP "} }", domain);
	return jm_cure_add_first(text, d, p, "transport_maps", word);
}

static void judge_transport(
    struct jm_doctor *d, const struct jm_postfix *p, const char *domain, struct jm_span t)
{
	size_t colon = jm_span_index(t, ':');
	char cure[JM_CURE_BYTES], key[256], host[300];
	const char *command;
	uint64_t port = next_hop(jm_span_sub(t, colon + 1, t.len), host, sizeof host);

	backstop_cure(cure, d, p, domain);
	snprintf(key, sizeof key, "%.*s/unix", (int)colon, (const char *)t.p);
	command = json_string_value(json_object_get(json_object_get(p->services, key), "command"));
	if (command && strcmp(command, "discard") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "discard-transport", cure,
		    "%s goes to %.*s: what passes the milter is lost with a 250", domain,
		    (int)t.len, (const char *)t.p);
	else if (command && strcmp(command, "error") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "error-transport", cure,
		    "%s goes to %.*s: it is refused before the milter sees it", domain, (int)t.len,
		    (const char *)t.p);
	else if (!command && colon > 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-transport", cure,
		    "%s goes to %.*s: master.cf has no such transport", domain, (int)t.len,
		    (const char *)t.p);
	else if (!command || strcmp(command, "smtp") != 0 || !is_here(p, host))
		jm_doctor_add(d, JM_DOCTOR_WARN, "no-backstop", cure,
		    "%s goes to %.*s: what passes the milter leaves this machine unarchived",
		    domain, (int)t.len, (const char *)t.p);
	else if (jm_doctor_is_listening(port))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "backstop-taken", cure,
		    "%s goes to %.*s, and a program listens there: what passes the milter is "
		    "handed to it, or goes round in a loop",
		    domain, (int)t.len, (const char *)t.p);
}

static void check_transport(
    struct jm_doctor *d, const struct jm_postfix *p, const char *address, const char *domain)
{
	static const char *const names[] = { "discard-transport", "error-transport", "no-transport",
		"no-backstop", "backstop-taken" };
	const char *relay = jm_postfix_value(p, NULL, "relay_transport");
	struct jm_span service = jm_span_sub(
	    jm_span_str(relay), 0, jm_span_index(jm_span_str(relay), ':'));
	char cure[JM_CURE_BYTES];
	struct jm_buf out;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		jm_doctor_check(d, names[i], "the transport of %s", domain);
	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	if (transport_of(d, p, address, domain, &out))
		judge_transport(d, p, domain, jm_buf_span(&out));
	else if (!jm_span_eq(service, jm_span_str("relay")) &&
	    !jm_span_eq(service, jm_span_str("smtp")))
		judge_transport(d, p, domain, jm_span_str(relay));
	else
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-backstop", backstop_cure(cure, d, p, domain),
		    "%s has no transport: what passes the milter is sent on by its MX record, or "
		    "bounces",
		    domain);
	jm_buf_release(&out);
}

/* Check that the list of valid recipients, if any, has ours: others get a 550. */
static void check_recipient(struct jm_doctor *d, const struct jm_postfix *p, const char *address)
{
	struct jm_span rest = jm_span_str(jm_postfix_value(p, NULL, "relay_recipient_maps")), word;
	char domain[300], cure[JM_CURE_BYTES], table[600];
	struct jm_buf out;
	bool any = false, found = false;

	snprintf(domain, sizeof domain, "%s", strchr(address, '@'));
	snprintf(table, sizeof table, "inline:{ {%.500s=OK} }", address);
	jm_doctor_check(
	    d, "unknown-recipient", "relay_recipient_maps has %s, or is empty", address);
	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	while (!found && jm_postfix_word(&rest, &word)) {
		any = true;
		found = jm_doctor_look_up(d, word, address, &out) ||
		    jm_doctor_look_up(d, word, domain, &out);
	}
	jm_buf_release(&out);
	if (any && !found)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unknown-recipient",
		    jm_cure_add(cure, d, p, "relay_recipient_maps", table),
		    "relay_recipient_maps does not have %s: its reports get a 550", address);
}

static void check_domain(struct jm_doctor *d, const struct jm_postfix *p, const char *domain)
{
	static const char *const other[] = { "mydestination", "virtual_mailbox_domains",
		"virtual_alias_domains" };
	char cure[JM_CURE_BYTES], add[JM_CURE_BYTES];
	bool relayed, elsewhere = false;

	jm_doctor_check(d, "not-relayed", "relay_domains has %s", domain);
	relayed = in_list(d, jm_postfix_value(p, NULL, "relay_domains"), domain, true);
	jm_cure_add(add, d, p, "relay_domains", domain);
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		jm_doctor_check(d, "wrong-class", "%s does not have %s", other[i], domain);
		if (!in_list(d, jm_postfix_value(p, NULL, other[i]), domain, false))
			continue;
		elsewhere = true;
		jm_cure_drop(cure, d, p, other[i], domain);
		if (!relayed)
			jm_cure_more(cure, " && %s", add);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "wrong-class", cure,
		    "%s is in %s: addresses that have no mailbox get a 550, and what passes the "
		    "milter is delivered here",
		    domain, other[i]);
	}
	if (!elsewhere && !relayed)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "not-relayed", add,
		    "%s is not in relay_domains: its reports get a 554, relay access denied",
		    domain);
}

/* Tables that give the journal address another one, so that what passes the milter misses the
 * backstop, or that change it before the milter removes it. */
static void check_mapping(struct jm_doctor *d, const struct jm_postfix *p, const char *address)
{
	static const char *const settings[] = { "virtual_alias_maps", "canonical_maps",
		"recipient_canonical_maps" };
	const char *keys[2] = { address, strchr(address, '@') };
	char cure[JM_CURE_BYTES], word[700];
	struct jm_buf out;

	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		struct jm_span rest = jm_span_str(jm_postfix_value(p, NULL, settings[i])), one;
		bool found = false;

		jm_doctor_check(
		    d, "address-mapping", "%s leaves %s as it is", settings[i], address);
		while (!found && jm_postfix_word(&rest, &one))
			found = jm_doctor_look_up(d, one, keys[0], &out) ||
			    jm_doctor_look_up(d, one, keys[1], &out);
		if (!found || jm_span_eq_nocase(jm_buf_span(&out), jm_span_str(address)))
			continue;
		snprintf(word, sizeof word, "inline:{ {%.300s=%.300s} }", address, address);
		jm_doctor_add(d, JM_DOCTOR_WARN, "address-mapping",
		    jm_cure_add_first(cure, d, p, settings[i], word),
		    "%s turns %s into %s: what passes the milter goes there, and not to the "
		    "backstop",
		    settings[i], address, jm_buf_str(&out));
	}
	jm_buf_release(&out);
}

/* Mail that leaves by the relay host and comes back here goes round until it bounces. */
static void check_relay_host(struct jm_doctor *d, const struct jm_postfix *p)
{
	static const char *const settings[] = { "relayhost", "default_transport" };
	char cure[JM_CURE_BYTES], host[300];

	for (size_t i = 0; i < 2; i++) {
		const char *value = jm_postfix_value(p, NULL, settings[i]), *hop = value;
		uint64_t port;

		if (i == 1)
			hop = strchr(value, ':') ? strchr(value, ':') + 1 : "";
		jm_doctor_check(d, "relay-loop", "%s = %s", settings[i], value);
		if (!*hop)
			continue;
		port = next_hop(jm_span_str(hop), host, sizeof host);
		if (is_here(p, host) && (port == 25 || jm_doctor_is_listening(port)))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "relay-loop",
			    jm_cure_main(cure, d, settings[i], i == 0 ? "" : "smtp"),
			    "%s = %s leads back to this machine: mail that leaves it, as bounces "
			    "do, goes round in a loop",
			    settings[i], value);
	}
}

/* Networks whose machines may relay: anybody, if the list has a large part of the Internet. */
static void check_networks(struct jm_doctor *d, const struct jm_postfix *p)
{
	static const char *const strangers[] = { "1.1.1.1", "8.8.8.8", "203.0.113.9", "185.199.0.9",
		"2001:db8:9::9", "2606:4700::9" };
	const char *list = jm_postfix_value(p, NULL, "mynetworks");
	char cure[JM_CURE_BYTES], kept[4096] = "", word[300];
	struct jm_span rest = jm_span_str(list), one;
	bool open = false;
	struct jm_cidr c;

	jm_doctor_check(d, "open-networks", "mynetworks = %s", list);
	while (jm_postfix_word(&rest, &one)) {
		bool wide = false;
		size_t n = strlen(kept);

		snprintf(word, sizeof word, "%.*s", (int)one.len, (const char *)one.p);
		for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
			wide = wide ||
			    (jm_cidr_parse(jm_span_str(strangers[i]), &c, NULL) == 0 &&
				jm_doctor_in_networks(word, &c));
		open = open || wide;
		if (!wide)
			snprintf(kept + n, sizeof kept - n, "%s%s", n ? ", " : "", word);
	}
	if (open)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "open-networks",
		    jm_cure_main(cure, d, "mynetworks", kept[0] ? kept : "127.0.0.0/8 [::1]/128"),
		    "mynetworks = %s: strangers may relay through this machine, and soon nobody "
		    "takes mail from it",
		    list);
}

/* A table of relay_domains that has every domain. */
static void check_all_relayed(struct jm_doctor *d, const struct jm_postfix *p)
{
	static const char stranger[] = "no-such-domain.invalid";
	const char *list = jm_postfix_value(p, NULL, "relay_domains");
	struct jm_span rest = jm_span_str(list), one;
	char cure[JM_CURE_BYTES], table[512];
	struct jm_buf out;

	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	jm_doctor_check(d, "all-relayed", "relay_domains = %s", list);
	while (jm_postfix_word(&rest, &one))
		if (jm_doctor_is_table(one) && jm_doctor_look_up(d, one, stranger, &out)) {
			snprintf(table, sizeof table, "%.*s", (int)one.len, (const char *)one.p);
			jm_cure_drop(cure, d, p, "relay_domains", table);
			jm_doctor_add(d, JM_DOCTOR_FAIL, "all-relayed", cure,
			    "relay_domains = %s: %s has every domain, so strangers may relay "
			    "through this machine",
			    list, table);
		}
	jm_buf_release(&out);
}

void jm_doctor_route(struct jm_doctor *d, const struct jm_postfix *p)
{
	for (size_t i = 0; d->settings && i < d->settings->services_n; i++) {
		const struct jm_service *s = &d->settings->services[i];
		const char *domain = strchr(s->email_address, '@');
		bool again = false;

		if (!domain || s->transport != JM_TRANSPORT_SMTP)
			continue;
		check_recipient(d, p, s->email_address);
		check_mapping(d, p, s->email_address);
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
	check_relay_host(d, p);
	check_networks(d, p);
	check_all_relayed(d, p);
}

/* Look up the first address of each range: the answer must not be DISABLE. */
static void check_clients(
    struct jm_doctor *d, const char *listener, struct jm_span tables, const struct jm_ranges *r)
{
	struct jm_buf out;
	char text[JM_CIDR_TEXT_BYTES];

	jm_buf_init(&out, JM_TABLE_ANSWER_BYTES);
	for (size_t i = 0; i < r->n; i++) {
		struct jm_cidr first = r->v[i];
		struct jm_span rest = tables, word;

		first.bits = 128;
		jm_cidr_format(&first, text);
		while (jm_postfix_word(&rest, &word)) {
			if (!jm_doctor_look_up(d, word, text, &out))
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
	jm_doctor_check(d, "client-excluded",
	    "%s: smtpd_milter_maps leaves the milter to clients that "
	    "hand in reports",
	    listener);
	check_clients(d, listener, tables, &d->settings->authorized_outbounds);
	for (size_t i = 0; i < d->settings->services_n; i++)
		check_clients(d, listener, tables, &d->settings->services[i].source_ranges);
}
