/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: sendmail.cf, and the texts of access table and mailertable. Findings name the lines of
 * sendmail.mc, from which sendmail.cf is made. Listeners and TLS are in sendmail_listen.c.
 */
#include "milter/ctl/doctor/sendmail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"
#include "common/base/num.h"
#include "milter/ctl/doctor/bytes.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "milter/ctl/doctor/sendmail_conf.h"
#include "milter/ctl/doctor/sendmail_listen.h"
#include "milter/ctl/doctor/sendmail_rules.h"
#include "milter/ctl/doctor/socket_access.h"

#define CF_MAX_BYTES (4u * 1024 * 1024)
#define HEADERS_MIN 65000
#define ANSWER_MIN_S 60
#define DAY_S 86400

/* Seconds of one letter in "C:30s;S:30s;R:2m"; -1 when it is missing. */
static int64_t timeout_of(struct jm_span t, unsigned char letter)
{
	while (t.len) {
		size_t n = jm_span_index(t, ';');
		struct jm_span one = jm_span_sub(t, 0, n);

		if (one.len > 2 && one.p[0] == letter && one.p[1] == ':')
			return jm_postfix_seconds(jm_span_sub(one, 2, one.len));
		t = jm_span_sub(t, n + 1, t.len);
	}
	return -1;
}

static void check_milter(struct jm_doctor *d, const char *name, const char *equates)
{
	struct jm_span f = jm_sendmail_equate(equates, 'F'), t = jm_sendmail_equate(equates, 'T');
	int64_t answer = timeout_of(t, 'R'), end = timeout_of(t, 'E');

	jm_doctor_check(d, "no-f-equate", "filter %s: F=T", name);
	jm_doctor_check(d, "answer-timeout", "filter %s: R is at least a minute", name);
	jm_doctor_check(d, "end-timeout", "filter %s: E is at least two minutes", name);
	if (f.len == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-f-equate", "sendmail.mc: F=T in MAIL_FILTER",
		    "filter %s has no F=T: while the milter is down reports pass unarchived", name);
	else if (f.p[0] == 'R')
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-f-equate", "sendmail.mc: F=T in MAIL_FILTER",
		    "filter %s has F=R: while the milter is down reports are refused for good",
		    name);
	if (answer < ANSWER_MIN_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "answer-timeout",
		    "sendmail.mc: T=C:30s;S:30s;R:2m;E:5m in MAIL_FILTER",
		    "filter %s waits %lld s for an answer (R): on a busy disk reports are stored, "
		    "answered 451, and come again",
		    name, (long long)(answer < 0 ? 10 : answer));
	if (end >= 0 && end < 2 * ANSWER_MIN_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "end-timeout",
		    "sendmail.mc: T=C:30s;S:30s;R:2m;E:5m in MAIL_FILTER",
		    "filter %s waits %lld s for the end of a message (E)", name, (long long)end);
}

static const char *find_milter(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	char ours[512], text[512], socket[512];
	const char *name;
	json_t *equates;

	jm_doctor_socket(d->settings->socket, ours, sizeof ours);
	jm_doctor_check(d, "no-filter", "a filter uses the milter at %s", ours);
	json_object_foreach(cf->milters, name, equates) {
		struct jm_span s = jm_sendmail_equate(json_string_value(equates), 'S');

		snprintf(socket, sizeof socket, "%.*s", (int)s.len, (const char *)s.p);
		if (strcmp(jm_doctor_socket(socket, text, sizeof text), ours) == 0) {
			check_milter(d, name, json_string_value(equates));
			return name;
		}
	}
	jm_doctor_add(d, JM_DOCTOR_FAIL, "no-filter", "./sendmail-apply, which jmctl setup writes",
	    "no filter uses the milter at %s: reports pass unarchived", ours);
	return NULL;
}

static bool is_false(const char *value)
{
	return value[0] == 'f' || value[0] == 'F' || value[0] == 'n' || value[0] == 'N';
}

static void check_options(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	const char *v;
	uint64_t n;

	v = jm_sendmail_option(cf, "MaxHeadersLength");
	jm_doctor_check(d, "header-limit", "MaxHeadersLength is %s", v[0] ? v : "the default");
	if (jm_num_u64(jm_span_str(v), 0, UINT64_MAX, &n) != 0 || (n > 0 && n < HEADERS_MIN))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "header-limit",
		    "sendmail.mc: define(`confMAX_HEADERS_LENGTH', `65000')",
		    "MaxHeadersLength is %s: a report with longer headers gets a 552",
		    v[0] ? v : "32768, the default");
	v = jm_sendmail_option(cf, "RejectNUL");
	jm_doctor_check(d, "reject-nul", "RejectNUL is %s", v[0] ? v : "the default");
	if (v[0] && !is_false(v))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "reject-nul",
		    "sendmail.mc: define(`confREJECT_NUL', `false')",
		    "RejectNUL is %s: a report with a NUL byte gets a 554", v);
	v = jm_sendmail_option(cf, "SuperSafe");
	jm_doctor_check(d, "super-safe", "SuperSafe is %s", v[0] ? v : "the default");
	if (is_false(v))
		jm_doctor_add(d, JM_DOCTOR_WARN, "super-safe",
		    "sendmail.mc: define(`confSAFE_QUEUE', `True')",
		    "SuperSafe is %s: what waits in the queue is lost in a crash", v);
	v = jm_sendmail_option(cf, "MaxMimeHeaderLength");
	jm_doctor_check(
	    d, "mime-header-limit", "MaxMimeHeaderLength is %s", v[0] ? v : "the default");
	if (v[0] != '0')
		jm_doctor_add(d, JM_DOCTOR_WARN, "mime-header-limit",
		    "sendmail.mc: define(`confMAX_MIME_HEADER_LENGTH', `0')",
		    "MaxMimeHeaderLength is %s: a longer Content-Type of a report is cut, with a "
		    "250",
		    v[0] ? v : "2048/1024, the default");
	v = jm_sendmail_option(cf, "Timeout.queuereturn");
	jm_doctor_check(d, "queue-lifetime", "Timeout.queuereturn is %s", v[0] ? v : "the default");
	if (v[0] && jm_postfix_seconds(jm_span_str(v)) < DAY_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "queue-lifetime",
		    "sendmail.mc: define(`confTO_QUEUERETURN', `5d')",
		    "Timeout.queuereturn is %s: what waits at the backstop bounces soon", v);
}

/*
 * Check the mailer of a journal domain. The right one keeps the mail: SMTP to a port of this
 * machine where nothing listens.
 */
static void judge_mailer(
    struct jm_doctor *d, const struct jm_sendmail *cf, const char *domain, const char *entry)
{
	size_t n = strcspn(entry, ":");
	char name[128], line[256];
	const char *equates;
	struct jm_span program;

	snprintf(name, sizeof name, "%.*s", (int)n, entry);
	snprintf(line, sizeof line, "mailertable: %s jhold:[127.0.0.1]", domain);
	equates = json_string_value(json_object_get(cf->mailers, name));
	if (strcmp(name, "error") == 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "error-transport", line,
		    "%s goes to %s: it is refused before the milter sees it", domain, entry);
		return;
	}
	if (strcmp(name, "discard") == 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "discard-transport", line,
		    "%s goes to %s: what passes the milter is lost with a 250", domain, entry);
		return;
	}
	program = equates ? jm_sendmail_equate(equates, 'P') : (struct jm_span){ NULL, 0 };
	if (!equates)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-mailer", line,
		    "%s goes to %s: there is no such mailer", domain, entry);
	else if (jm_span_eq(program, jm_span_str("/dev/null")) ||
	    jm_span_eq(program, jm_span_str("[FILE]")) || strstr(equates, "/dev/null"))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "discard-transport", line,
		    "%s goes to %s, a sink: what passes the milter is lost with a 250", domain,
		    entry);
	else if (!jm_span_eq(program, jm_span_str("[IPC]")))
		jm_doctor_add(d, JM_DOCTOR_WARN, "no-backstop", line,
		    "%s goes to a program (%.*s): whether what passes the milter is kept depends "
		    "on it; exit code 75 alone does not keep it",
		    domain, (int)program.len, (const char *)program.p);
	else if (!strstr(entry, "[127.") && !strstr(entry, "[IPv6:::1]"))
		jm_doctor_add(d, JM_DOCTOR_WARN, "no-backstop", line,
		    "%s goes to %s: what passes the milter leaves this machine unarchived", domain,
		    entry);
}

/*
 * Read the value of a key from the text of a table, from which makemap(8) makes the table; or find
 * a key in a list. False when it is missing.
 */
static bool text_value(const char *path, const char *key, char *value, size_t value_bytes)
{
	unsigned char *p = NULL;
	struct jm_span text, line, word;
	size_t n = 0;
	bool found = false;

	if (jm_io_read_file(path, CF_MAX_BYTES, &p, &n, NULL) != 0)
		return false;
	for (text = jm_span_of(p, n); text.len && !found;) {
		line = jm_sendmail_line(&text);
		for (size_t i = 0; i < line.len; i++)
			if (p[(size_t)(line.p - p) + i] == '\t')
				p[(size_t)(line.p - p) + i] = ' ';
		line = jm_span_trim(line);
		word = jm_span_sub(line, 0, jm_span_index(line, ' '));
		if (!jm_span_eq_nocase(word, jm_span_str(key)))
			continue;
		line = jm_span_trim(jm_span_sub(line, word.len, line.len));
		snprintf(value, value_bytes, "%.*s", (int)line.len, (const char *)line.p);
		found = true;
	}
	free(p);
	return found;
}

/* The path of the text of a table; NULL: there is no such table. */
static const char *table_path(const struct jm_sendmail *cf, const char *name)
{
	const char *table = json_string_value(json_object_get(cf->tables, name)),
		   *path = table ? strrchr(table, ' ') : NULL;

	return path ? path + 1 : NULL;
}

/*
 * Check the access table for the journal addresses and the domain, the more exact key first. RELAY
 * and OK accept the mail. True when nothing else needs to be checked.
 */
static bool check_access(struct jm_doctor *d, const struct jm_sendmail *cf, const char *domain)
{
	const char *path = table_path(cf, "access"), *at;
	char key[600], value[256], line[2400];

	jm_doctor_check(d, "access-refuses", "the access table does not refuse %s", domain);
	for (size_t i = 0; path && i < 2 * (d->settings->services_n + 1); i++) {
		const struct jm_service *s = i / 2 < d->settings->services_n
		    ? &d->settings->services[i / 2]
		    : NULL;

		at = s ? strchr(s->email_address, '@') : NULL;
		if (s && (!at || strcmp(at + 1, domain) != 0))
			continue;
		snprintf(
		    key, sizeof key, "%s%s", i % 2 ? "" : "To:", s ? s->email_address : domain);
		if (!text_value(path, key, value, sizeof value))
			continue;
		if (strcmp(value, "RELAY") == 0 || strcmp(value, "OK") == 0)
			return value[0] == 'R';
		snprintf(line, sizeof line,
		    "%s: %s RELAY, instead of that line; then makemap hash %s < %s", path, key,
		    path, path);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "access-refuses", line,
		    "the access table has \"%s %s\": %s", key, value,
		    strcmp(value, "DISCARD") == 0
			? "reports are lost with a 250"
			: "reports are refused before the milter sees them");
		return true;
	}
	return false;
}

static void check_relay(struct jm_doctor *d, const struct jm_sendmail *cf, const char *domain)
{
	char change[320], value[256];

	jm_doctor_check(d, "not-relayed", "mail for %s is taken", domain);
	if (check_access(d, cf, domain) || json_object_get(cf->relay, domain) ||
	    (cf->relay_file[0] && text_value(cf->relay_file, domain, value, sizeof value)))
		return;
	snprintf(change, sizeof change, "sendmail.mc: RELAY_DOMAIN(`%s')", domain);
	jm_doctor_add(d, JM_DOCTOR_FAIL, "not-relayed", change,
	    "%s is neither in class R, nor in the access table, nor in %s: its reports get a "
	    "550, relaying denied",
	    domain, cf->relay_file[0] ? cf->relay_file : "a relay-domains file");
}

/* Is the domain one of this machine's own, or does a table give its addresses others? */
static void check_local(struct jm_doctor *d, const struct jm_sendmail *cf, const char *domain)
{
	const char *table = table_path(cf, "virtuser");
	char value[256], change[700], key[600];

	jm_doctor_check(d, "wrong-class", "%s is not in class w", domain);
	if (json_object_get(cf->local, domain) ||
	    (cf->local_file[0] && text_value(cf->local_file, domain, value, sizeof value))) {
		snprintf(change, sizeof change,
		    "%s: without the line %s; then service sendmail "
		    "restart",
		    cf->local_file[0] ? cf->local_file : "sendmail.mc, LOCAL_DOMAIN", domain);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "wrong-class", change,
		    "%s is in class w, the names of this machine: addresses that have no mailbox "
		    "get a 550, and what passes the milter is delivered here",
		    domain);
	}
	jm_doctor_check(d, "address-mapping", "virtusertable leaves %s as it is", domain);
	for (size_t i = 0; table && i <= d->settings->services_n; i++) {
		const char *at = i ? strchr(d->settings->services[i - 1].email_address, '@') : NULL;

		if (i && (!at || strcmp(at + 1, domain) != 0))
			continue;
		snprintf(key, sizeof key, "%s%s", i ? "" : "@",
		    i ? d->settings->services[i - 1].email_address : domain);
		if (!text_value(table, key, value, sizeof value))
			continue;
		snprintf(change, sizeof change, "%.300s: without the line %.300s", table, key);
		jm_doctor_add(d, strncmp(value, "error:", 6) == 0 ? JM_DOCTOR_FAIL : JM_DOCTOR_WARN,
		    "address-mapping", change, "virtusertable turns %s into %s", key, value);
	}
}

static void check_route(struct jm_doctor *d, const struct jm_sendmail *cf, const char *domain)
{
	const char *path = table_path(cf, "mailertable");
	static const char *const names[] = { "error-transport", "discard-transport", "no-mailer",
		"no-backstop" };
	const char *route = json_string_value(json_object_get(cf->routes, domain));
	char entry[512] = "", change[320];

	check_relay(d, cf, domain);
	check_local(d, cf, domain);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		jm_doctor_check(d, names[i], "the mailer of %s", domain);
	if (path)
		snprintf(change, sizeof change, "mailertable: %s jhold:[127.0.0.1]", domain);
	else
		snprintf(change, sizeof change, "./sendmail-apply, which jmctl setup writes");
	if (route)
		judge_mailer(d, cf, domain, route);
	else if (path && text_value(path, domain, entry, sizeof entry))
		judge_mailer(d, cf, domain, entry);
	else
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-backstop", change,
		    "%s has no mailer of its own: what passes the milter is sent on by its MX "
		    "record, or bounces",
		    domain);
}

static void sendmail_check(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	const char *name = find_milter(d, cf);

	if (cf->host[0])
		d->host = cf->host;
	if (name) {
		jm_doctor_sendmail_listen(d, cf, name);
		jm_doctor_sendmail_tls(d, cf, name);
	}
	check_options(d, cf);
	jm_doctor_sendmail_rules(d, cf);
	jm_doctor_sendmail_queue(d, cf);
	for (size_t i = 0; d->settings->journal_domains[i]; i++)
		check_route(d, cf, d->settings->journal_domains[i]);
}

void jm_doctor_sendmail(struct jm_doctor *d)
{
	struct jm_sendmail cf;
	struct jm_err err = { JM_E_NONE, 0, "" };
	unsigned char *p = NULL;
	size_t n = 0;

	d->group = "sendmail";
	jm_doctor_check(d, "unreadable", "%s can be read", d->sendmail);
	if (jm_io_read_file(d->sendmail, CF_MAX_BYTES, &p, &n, &err) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unreadable", NULL, "%s", err.text);
	} else if (d->settings) {
		jm_doctor_bytes(d, d->sendmail);
		jm_sendmail_parse(p, n, &cf);
		sendmail_check(d, &cf);
		if (d->host == cf.host) {
			snprintf(d->host_text, sizeof d->host_text, "%s", cf.host);
			d->host = d->host_text;
		}
		jm_sendmail_release(&cf);
	}
	free(p);
}
