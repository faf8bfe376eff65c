/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: Postfix' listeners, their milters and their cleanup service. Ports are in
 * postfix_listen.c, routing of the journal domains in route.c.
 */
#include "milter/ctl/doctor/postfix.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "milter/ctl/doctor/bytes.h"
#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/machine.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "milter/ctl/doctor/postfix_listen.h"
#include "milter/ctl/doctor/postfix_queue.h"
#include "milter/ctl/doctor/postfix_rules.h"
#include "milter/ctl/doctor/postscreen.h"
#include "milter/ctl/doctor/restrict.h"
#include "milter/ctl/doctor/route.h"
#include "milter/ctl/doctor/run.h"
#include "milter/ctl/doctor/socket_access.h"
#include "milter/ctl/doctor/tls.h"

#define OUT_MAX_BYTES (1024u * 1024)
#define MILTER_TIMEOUT_S 120 /* the answer to the final dot may take so long on a busy disk */

/*
 * Write a milter's address of Postfix into text in the form of jm_doctor_socket(), with relative
 * paths and chroot resolved as smtpd does.
 */
static void address_text(
    const struct jm_postfix *p, const char *listener, struct jm_span a, char *text, size_t n)
{
	const char *chroot = json_string_value(
	    json_object_get(json_object_get(p->services, listener), "chroot"));
	const char *queue = jm_postfix_value(p, NULL, "queue_directory");
	bool local = jm_span_starts_nocase(a, jm_span_str("local:")),
	     in_chroot = chroot && chroot[0] == 'y';
	struct jm_span path = jm_span_sub(a, local ? 6 : 5, a.len), host;
	size_t colon;

	if (local || jm_span_starts_nocase(a, jm_span_str("unix:"))) {
		if (in_chroot || path.len == 0 || path.p[0] != '/')
			snprintf(text, n, "unix:%s%s%.*s", queue,
			    path.len && path.p[0] == '/' ? "" : "/", (int)path.len,
			    (const char *)path.p);
		else
			snprintf(text, n, "unix:%.*s", (int)path.len, (const char *)path.p);
		return;
	}
	colon = jm_span_rindex(path, ':');
	host = jm_span_sub(path, 0, colon);
	if (host.len > 1 && host.p[0] == '[')
		host = jm_span_sub(host, 1, host.len - 2);
	if (jm_span_eq(host, jm_span_str("localhost")))
		host = jm_span_str("127.0.0.1");
	snprintf(text, n, "inet:%.*s:%.*s", (int)host.len, (const char *)host.p,
	    (int)(path.len - colon - (colon < path.len)),
	    (const char *)path.p + colon + (colon < path.len));
}

/* Is the socket's path right, but outside of the listener's chroot? */
static bool chroot_misses(
    const struct jm_postfix *p, const char *listener, struct jm_span a, const char *ours)
{
	struct jm_span path = jm_span_sub(
	    a, jm_span_starts_nocase(a, jm_span_str("local:")) ? 6 : 5, a.len);
	const char *chroot = json_string_value(
	    json_object_get(json_object_get(p->services, listener), "chroot"));

	return chroot && chroot[0] == 'y' && strncmp(ours, "unix:", 5) == 0 &&
	    jm_span_eq(path, jm_span_str(ours + 5));
}

/* Compare two sockets. The daemon's may have another name: through the queue folder, or a link. */
static bool same_socket(const char *a, const char *ours)
{
	char *x, *y;
	bool same;

	if (strcmp(a, ours) == 0)
		return true;
	if (strncmp(a, "unix:", 5) != 0 || strncmp(ours, "unix:", 5) != 0)
		return false;
	x = realpath(a + 5, NULL);
	y = realpath(ours + 5, NULL);
	same = x && y && strcmp(x, y) == 0;
	free(x);
	free(y);
	return same;
}

/* The value of a setting for our milter: its own option, else that of the listener. */
static struct jm_span milter_setting(
    const struct jm_postfix *p, const char *listener, struct jm_span word, const char *name)
{
	struct jm_span own = jm_postfix_milter_option(word, name);
	char setting[64];

	if (!jm_span_none(own))
		return own;
	snprintf(setting, sizeof setting, "milter_%s", name);
	return jm_span_str(jm_postfix_value(p, listener, setting));
}

/* smtpd_milters of a listener with other options for our milter, without blanks, or with the milter
 * at the first place. */
static const char *milters_cure(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *listener, struct jm_span ours, const char *option, const char *value)
{
	struct jm_span list = jm_span_str(jm_postfix_value(p, listener, "smtpd_milters")), word;
	struct jm_span rest = jm_postfix_inside(ours), part;
	char all[4096];
	size_t n;

	(void)jm_postfix_word(&rest, &part);
	n = (size_t)snprintf(all, sizeof all, "{%.*s", (int)part.len, (const char *)part.p);
	while (jm_postfix_word(&rest, &part) && n < sizeof all)
		if (!option || !jm_span_starts_nocase(part, jm_span_str(option)))
			n += (size_t)snprintf(
			    all + n, sizeof all - n, ",%.*s", (int)part.len, (const char *)part.p);
	if (n < sizeof all)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s%s%s%s}", option ? "," : "",
		    option ? option : "", option ? "=" : "", option ? value : "");
	while (jm_postfix_word(&list, &word) && n < sizeof all)
		if (word.p != ours.p)
			n += (size_t)snprintf(
			    all + n, sizeof all - n, ",%.*s", (int)word.len, (const char *)word.p);
	return jm_cure_service(text, d, listener, "smtpd_milters", all);
}

static void check_action(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, struct jm_span word)
{
	struct jm_span action = milter_setting(p, listener, word, "default_action");
	char cure[JM_CURE_BYTES];

	jm_doctor_check(d, "default-action", "%s: milter_default_action = %.*s", listener,
	    (int)action.len, (const char *)action.p);
	milters_cure(cure, d, p, listener, word, "default_action", "tempfail");
	if (jm_span_eq(action, jm_span_str("accept")) || jm_span_eq(action, jm_span_str("reject")))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "default-action", cure,
		    "%s: milter_default_action = %.*s: while the milter is down reports %s",
		    listener, (int)action.len, (const char *)action.p,
		    action.p[0] == 'a' ? "pass unarchived" : "are refused for good");
	else if (!jm_span_eq(action, jm_span_str("tempfail")))
		jm_doctor_add(d, JM_DOCTOR_WARN, "default-action", cure,
		    "%s: milter_default_action = %.*s instead of tempfail", listener,
		    (int)action.len, (const char *)action.p);
}

static void check_milter(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, struct jm_span word)
{
	struct jm_span content = milter_setting(p, listener, word, "content_timeout"),
		       command = milter_setting(p, listener, word, "command_timeout"),
		       protocol = milter_setting(p, listener, word, "protocol");
	char cure[JM_CURE_BYTES];

	check_action(d, p, listener, word);
	jm_doctor_check(d, "content-timeout", "%s: milter_content_timeout = %.*s", listener,
	    (int)content.len, (const char *)content.p);
	if (jm_postfix_seconds(content) < MILTER_TIMEOUT_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "content-timeout",
		    milters_cure(cure, d, p, listener, word, "content_timeout", "300s"),
		    "%s: milter_content_timeout = %.*s: a large report on a busy disk gets "
		    "a 451 although it was stored, and comes again",
		    listener, (int)content.len, (const char *)content.p);
	jm_doctor_check(d, "command-timeout", "%s: milter_command_timeout = %.*s", listener,
	    (int)command.len, (const char *)command.p);
	if (jm_postfix_seconds(command) < 10)
		jm_doctor_add(d, JM_DOCTOR_WARN, "command-timeout",
		    milters_cure(cure, d, p, listener, word, "command_timeout", "30s"),
		    "%s: milter_command_timeout = %.*s: a busy daemon counts as a dead one",
		    listener, (int)command.len, (const char *)command.p);
	jm_doctor_check(d, "milter-protocol", "%s: milter_protocol = %.*s", listener,
	    (int)protocol.len, (const char *)protocol.p);
	if (!jm_span_eq(protocol, jm_span_str("6")))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "milter-protocol",
		    milters_cure(cure, d, p, listener, word, "protocol", "6"),
		    "%s: milter_protocol = %.*s: too old, all reports get a 451", listener,
		    (int)protocol.len, (const char *)protocol.p);
}

/* The command that gives each client that hands in reports our milter alone. */
static const char *maps_cure(char *text, const struct jm_doctor *d, const struct jm_postfix *p,
    const char *listener, struct jm_span ours)
{
	const char *old = jm_postfix_raw(p, listener, "smtpd_milter_maps");
	char table[JM_CURE_BYTES] = "cidr:{";
	size_t n = 0;

	for (size_t i = 0; i <= d->settings->services_n; i++) {
		const struct jm_ranges *r = i == 0 ? &d->settings->authorized_outbounds
						   : &d->settings->services[i - 1].source_ranges;
		char range[JM_CIDR_TEXT_BYTES];

		for (size_t k = 0; k < r->n; k++)
			jm_cure_more(table, "%s {%s %.*s}", n++ ? "," : "",
			    jm_cidr_format(&r->v[k], range), (int)ours.len, (const char *)ours.p);
	}
	jm_cure_more(table, " }%s%s", *old ? ", " : "", old);
	return jm_cure_service(text, d, listener, "smtpd_milter_maps", table);
}

/* Find our entry in the listener's list of milters, and check its place in the list. */
static bool find_milter(struct jm_doctor *d, const struct jm_postfix *p, const char *listener,
    const char *ours, struct jm_span *word_r)
{
	struct jm_span list = jm_span_str(jm_postfix_value(p, listener, "smtpd_milters")), word;
	bool maps = *jm_postfix_value(p, listener, "smtpd_milter_maps") != '\0';
	size_t before = 0, after = 0;
	char text[4096], cure[JM_CURE_BYTES];
	bool found = false;

	while (jm_postfix_word(&list, &word)) {
		struct jm_span a = jm_postfix_milter_address(word);

		address_text(p, listener, a, text, sizeof text);
		if (!found && (same_socket(text, ours) || chroot_misses(p, listener, a, ours))) {
			found = true;
			*word_r = word;
			jm_doctor_check(d, "chroot-socket", "%s finds the socket", listener);
			if (same_socket(text, ours))
				continue;
			cure[0] = '\0';
			jm_cure_column(cure, d, listener, "chroot", "n");
			jm_doctor_add(d, JM_DOCTOR_FAIL, "chroot-socket", cure,
			    "%s is chrooted: it looks for the socket at %s", listener, text + 5);
		} else if (found) {
			after++;
		} else {
			before++;
		}
	}
	if (!found)
		return false;
	jm_doctor_check(d, "milter-after", "%s: no other milter after ours", listener);
	jm_doctor_check(d, "milter-before", "%s: no other milter before ours", listener);
	if (after > 0 && !maps)
		jm_doctor_add(d, JM_DOCTOR_WARN, "milter-after",
		    maps_cure(cure, d, p, listener, *word_r),
		    "%s: %zu other milters come after ours: one of them can refuse what is "
		    "archived already",
		    listener, after);
	if (before > 0 && !maps)
		jm_doctor_add(d, JM_DOCTOR_WARN, "milter-before",
		    maps_cure(cure, d, p, listener, *word_r),
		    "%s: %zu other milters come before ours: what they change is archived, and "
		    "what they refuse is not",
		    listener, before);
	return true;
}

/* Check that Postfix may connect to the socket. */
static void check_rights(struct jm_doctor *d, const struct jm_postfix *p, const char *ours)
{
	const char *owner = jm_postfix_value(p, NULL, "mail_owner");
	char what[4096], cure[JM_CURE_BYTES] = "";
	struct stat st;
	struct group *g;

	if (strncmp(ours, "unix:", 5) != 0 || access(ours + 5, F_OK) != 0)
		return;
	jm_doctor_check(d, "socket-rights", "user %s may use the socket %s", owner, ours + 5);
	if (jm_doctor_may_connect(ours + 5, owner, what, sizeof what) != 0)
		return;
	g = stat(what, &st) == 0 ? getgrgid(st.st_gid) : NULL;
	if (strcmp(what, ours + 5) != 0) {
		jm_cure_more(cure, "chmod go+x ");
		jm_cure_quote(cure, what);
	} else if (g && st.st_gid != 0 && (st.st_mode & 020)) {
		jm_cure_more(cure, "usermod -aG ");
		jm_cure_quote(cure, g->gr_name);
		jm_cure_more(cure, " ");
		jm_cure_quote(cure, owner);
	} else {
		jm_cure_more(cure, "chgrp ");
		g = getgrnam(d->settings->socket_group ? d->settings->socket_group : owner);
		jm_cure_quote(cure, g ? g->gr_name : owner);
		jm_cure_more(cure, " ");
		jm_cure_quote(cure, what);
		jm_cure_more(cure, " && chmod g+rw ");
		jm_cure_quote(cure, what);
	}
	jm_doctor_add(d, JM_DOCTOR_FAIL, "socket-rights", cure,
	    "user %s may not use the socket %s: the permissions of %s forbid it", owner, ours + 5,
	    what);
}

static bool is_yes(const struct jm_postfix *p, const char *listener, const char *setting)
{
	return strcmp(jm_postfix_value(p, listener, setting), "yes") == 0;
}

static void check_client_certificate(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, bool wanted)
{
	char cure[JM_CURE_BYTES];

	jm_doctor_check(d, "client-certificate-required", "%s: smtpd_tls_req_ccert = %s", listener,
	    jm_postfix_value(p, listener, "smtpd_tls_req_ccert"));
	if (!wanted) {
		if (is_yes(p, listener, "smtpd_tls_req_ccert"))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "client-certificate-required",
			    jm_cure_service(cure, d, listener, "smtpd_tls_req_ccert", "no"),
			    "%s: smtpd_tls_req_ccert = yes: a sender without a client certificate "
			    "gets no TLS, and Exchange seldom has one",
			    listener);
		return;
	}
	jm_doctor_check(d, "no-client-certificate", "%s asks for a client certificate", listener);
	jm_doctor_check(d, "no-client-ca", "%s knows a CA of client certificates", listener);
	if (!is_yes(p, listener, "smtpd_tls_ask_ccert"))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-client-certificate",
		    jm_cure_service(cure, d, listener, "smtpd_tls_ask_ccert", "yes"),
		    "%s asks for no client certificate, and a service wants one (encryption-mode "
		    "strict)",
		    listener);
	else if (!*jm_postfix_value(p, listener, "smtpd_tls_CAfile") &&
	    !*jm_postfix_value(p, listener, "smtpd_tls_CApath") &&
	    !is_yes(p, listener, "tls_append_default_CA"))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-client-ca",
		    jm_cure_service(cure, d, listener, "smtpd_tls_CAfile",
			"/etc/ssl/certs/ca-certificates.crt"),
		    "%s knows no CA, so that no client certificate is ever good, and a service "
		    "wants one (encryption-mode strict)",
		    listener);
}

/* TLS 1.2 is what every supported Exchange speaks. */
static void check_protocols(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	static const char *const settings[] = { "smtpd_tls_protocols",
		"smtpd_tls_mandatory_protocols" };
	char cure[JM_CURE_BYTES];

	for (size_t i = 0; i < 2; i++) {
		const char *value = jm_postfix_value(p, listener, settings[i]);
		bool named = strstr(value, "TLSv1") && !strchr(value, '!') && !strchr(value, '=');

		jm_doctor_check(d, "tls-protocols", "%s: %s = %s", listener, settings[i], value);
		if (strstr(value, "!TLSv1.2") || strstr(value, ">=TLSv1.3") ||
		    strstr(value, "<=TLSv1.1") || (named && !strstr(value, "TLSv1.2")))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "tls-protocols",
			    jm_cure_service(cure, d, listener, settings[i], ">=TLSv1.2"),
			    "%s: %s = %s: TLS 1.2 is not offered, the one that each Exchange "
			    "speaks",
			    listener, settings[i], value);
	}
}

static void check_tls(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	const char *level = jm_postfix_value(p, listener, "smtpd_tls_security_level"),
		   *chain = jm_postfix_value(p, listener, "smtpd_tls_chain_files");
	struct jm_doctor_certificate c = { jm_postfix_value(p, listener, "smtpd_tls_cert_file"),
		jm_postfix_value(p, listener, "smtpd_tls_key_file"), NULL };
	bool on = strcmp(level, "may") == 0 || strcmp(level, "encrypt") == 0 ||
	    is_yes(p, listener, "smtpd_use_tls") || is_yes(p, listener, "smtpd_tls_wrappermode");
	struct jm_doctor_wants wants = jm_doctor_wants(d);
	char cure[JM_CURE_BYTES], first[4096], change[JM_CURE_BYTES];
	struct jm_span rest = jm_span_str(chain), word;

	if (wants.tls) {
		jm_doctor_check(d, "no-tls", "%s: smtpd_tls_security_level = %s", listener, level);
		if (!on)
			jm_doctor_add(d, JM_DOCTOR_FAIL, "no-tls",
			    jm_cure_service(cure, d, listener, "smtpd_tls_security_level", "may"),
			    "%s offers no TLS, and a service is <encrypted>: its reports are "
			    "refused",
			    listener);
	}
	check_client_certificate(d, p, listener, wants.client_certificate);
	if (wants.login) {
		jm_doctor_check(d, "no-login", "%s: smtpd_sasl_auth_enable = %s", listener,
		    jm_postfix_value(p, listener, "smtpd_sasl_auth_enable"));
		if (!is_yes(p, listener, "smtpd_sasl_auth_enable"))
			jm_doctor_add(d, JM_DOCTOR_FAIL, "no-login",
			    jm_cure_service(cure, d, listener, "smtpd_sasl_auth_enable", "yes"),
			    "%s offers no login, and a service wants one: its reports are refused",
			    listener);
	}
	if (!on)
		return;
	check_protocols(d, p, listener);
	if (jm_postfix_word(&rest, &word)) {
		snprintf(first, sizeof first, "%.*s", (int)word.len, (const char *)word.p);
		c.path = first;
		c.key = NULL;
	}
	jm_cure_service(change, d, listener, "smtpd_tls_chain_files", "KEY.pem,CERTIFICATE.pem");
	c.change = change;
	if (c.path[0] == '/')
		jm_doctor_certificate(d, &c);
	jm_doctor_check(d, "no-certificate", "%s has a certificate for its TLS", listener);
	if (c.path[0] != '/')
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-certificate", change,
		    "%s: TLS is on and has no certificate: it is not offered", listener);
}

/* Ordinary mail on the listener waits while the daemon is down. */
static void check_shared(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	static const char *const settings[] = { "virtual_mailbox_domains", "virtual_alias_domains",
		"relay_domains" };
	const char *const *journal = d->settings->journal_domains;
	bool all = strcmp(listener, "smtp/inet") == 0 || strcmp(listener, "25/inet") == 0 ||
	    strstr(listener, "/pass");
	char other[300] = "";

	jm_doctor_check(d, "listener-shared", "%s is for journal mail alone", listener);
	for (size_t i = 0; all && i < sizeof settings / sizeof settings[0]; i++) {
		struct jm_span rest = jm_span_str(jm_postfix_value(p, NULL, settings[i])), word;

		while (jm_postfix_word(&rest, &word)) {
			bool ours = false;

			for (size_t k = 0; journal[k]; k++)
				ours = ours || jm_span_eq_nocase(word, jm_span_str(journal[k]));
			if (!ours)
				snprintf(other, sizeof other, "%s has %.*s", settings[i],
				    (int)(word.len < 200 ? word.len : 200), (const char *)word.p);
		}
	}
	if (other[0] && !*jm_postfix_value(p, listener, "smtpd_milter_maps"))
		jm_doctor_add(d, JM_DOCTOR_WARN, "listener-shared",
		    "jmctl setup with --mta-address, and postfix-apply: a listener of its own",
		    "%s takes other mail, too (%s): it waits while the daemon is down", listener,
		    other);
}

static void check_options(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	const char *rewrite = jm_postfix_value(p, listener, "local_header_rewrite_clients"),
		   *newline = jm_postfix_value(p, listener, "smtpd_forbid_bare_newline"),
		   *options = jm_postfix_value(p, listener, "receive_override_options");
	char cure[JM_CURE_BYTES];

	jm_doctor_check(d, "no-milters", "%s: receive_override_options = %s", listener, options);
	if (strstr(options, "no_milters"))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-milters",
		    jm_cure_drop_service(
			cure, d, p, listener, "receive_override_options", "no_milters"),
		    "%s: receive_override_options has no_milters: reports pass unarchived",
		    listener);
	jm_doctor_check(
	    d, "header-rewrite", "%s: local_header_rewrite_clients = %s", listener, rewrite);
	if (strstr(rewrite, "static:all") || strstr(rewrite, "permit_mynetworks") ||
	    strstr(rewrite, "permit_sasl"))
		jm_doctor_add(d, JM_DOCTOR_WARN, "header-rewrite",
		    jm_cure_service(cure, d, listener, "local_header_rewrite_clients", ""),
		    "%s: local_header_rewrite_clients = %s: addresses in reports from there are "
		    "changed, header fields added",
		    listener, rewrite);
	jm_doctor_check(d, "bare-newline", "%s: smtpd_forbid_bare_newline = %s", listener, newline);
	if (strcmp(newline, "reject") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "bare-newline",
		    jm_cure_service(cure, d, listener, "smtpd_forbid_bare_newline", "normalize"),
		    "%s: smtpd_forbid_bare_newline = reject: a report with a bare LF gets a 550",
		    listener);
	jm_doctor_check(d, "soft-bounce", "%s: soft_bounce = %s", listener,
	    jm_postfix_value(p, listener, "soft_bounce"));
	if (is_yes(p, listener, "soft_bounce"))
		jm_doctor_add(d, JM_DOCTOR_NOTE, "soft-bounce",
		    jm_cure_service(cure, d, listener, "soft_bounce", "no"),
		    "%s: soft_bounce = yes: refusals are 4xx; set it back after the first weeks",
		    listener);
	else if (jm_doctor_is_new(d))
		jm_doctor_add(d, JM_DOCTOR_NOTE, "soft-bounce",
		    jm_cure_service(cure, d, listener, "soft_bounce", "yes"),
		    "%s: soft_bounce = no: in the first weeks \"yes\" turns refusals into delays, "
		    "so that a mistake costs no report",
		    listener);
}

static void check_listener(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, struct jm_span word)
{
	const char *postscreen = jm_doctor_postscreen_of(p, listener);
	char cleanup[300], cure[JM_CURE_BYTES];

	check_milter(d, p, listener, word);
	check_tls(d, p, listener);
	check_shared(d, p, listener);
	jm_doctor_route_clients(d, p, listener);
	jm_doctor_restrictions(d, p, listener);
	if (postscreen)
		jm_doctor_postscreen(d, p, postscreen);
	snprintf(cleanup, sizeof cleanup, "%s/unix",
	    jm_postfix_value(p, listener, "cleanup_service_name"));
	jm_doctor_check(d, "no-cleanup", "%s: there is a service %s", listener, cleanup);
	if (json_object_get(p->services, cleanup))
		jm_doctor_postfix_rules(d, p, listener, cleanup);
	else
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-cleanup",
		    jm_cure_service(cure, d, listener, "cleanup_service_name",
			json_object_get(p->services, "jcleanup/unix") ? "jcleanup" : "cleanup"),
		    "%s: there is no service %s: mail is answered 451", listener, cleanup);
	jm_doctor_postfix_room(d, p, listener);
	check_options(d, p, listener);
	jm_doctor_listen(d, p, listener, postscreen ? postscreen : listener);
}

/* Check all listeners that use our milter. */
static void check_listeners(struct jm_doctor *d, const struct jm_postfix *p)
{
	const char *listener;
	char ours[512];
	json_t *service;
	size_t found = 0;

	if (!d->settings)
		return;
	jm_doctor_socket(d->settings->socket, ours, sizeof ours);
	jm_doctor_check(d, "no-listener", "a listener uses the milter at %s", ours);
	json_object_foreach(p->services, listener, service) {
		size_t n = strlen(listener);
		struct jm_span word = { NULL, 0 };

		if (n < 6 ||
		    (strcmp(listener + n - 5, "/inet") != 0 &&
			!jm_doctor_postscreen_of(p, listener)) ||
		    strcmp(json_string_value(json_object_get(service, "command")), "smtpd") != 0)
			continue;
		if (!find_milter(d, p, listener, ours, &word))
			continue;
		found++;
		check_listener(d, p, listener, word);
	}
	if (found == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-listener",
		    "./postfix-apply in the folder that jmctl setup wrote",
		    "no listener uses the milter at %s: reports pass unarchived", ours);
	else
		check_rights(d, p, ours);
}

static int postfix_query(struct jm_doctor *d, const char *option, struct jm_buf *out,
    struct jm_buf *complaint, struct jm_err *err)
{
	const char *const argv[] = { "postconf", "-c", d->postfix, option, NULL };
	int rc = jm_doctor_run(argv, out, complaint, err);

	if (rc == 0)
		return 0;
	jm_doctor_add(d, JM_DOCTOR_FAIL, "postconf-fails", NULL, "postconf -c %s %s: %s",
	    d->postfix, option,
	    rc < 0          ? err->text
		: rc == 127 ? "there is no postconf"
			    : jm_buf_str(complaint));
	return -1;
}

void jm_doctor_postfix(struct jm_doctor *d)
{
	static const char *const options[] = { "-x", NULL, "-M", "-xP", "-P" },
				 *const files[] = { "main.cf", "master.cf" };
	char path[PATH_MAX];
	struct jm_buf out[5], complaint;
	struct jm_postfix p = { NULL, NULL, NULL };
	struct jm_err err = { JM_E_NONE, 0, "" };
	struct jm_postfix_text text;
	bool good = true;

	d->group = "postfix";
	jm_buf_init(&complaint, OUT_MAX_BYTES);
	jm_doctor_check(d, "postconf-fails", "Postfix' settings in %s", d->postfix);
	jm_doctor_check(d, "postconf-complains", "postconf finds no mistake");
	for (size_t i = 0; i < 5; i++) {
		jm_buf_init(&out[i], OUT_MAX_BYTES);
		if (i > 0)
			jm_buf_reset(&complaint); /* the same each time */
		good = good && postfix_query(d, options[i], &out[i], &complaint, &err) == 0;
	}
	text = (struct jm_postfix_text){ jm_buf_span(&out[0]), jm_buf_span(&out[1]),
		jm_buf_span(&out[2]), jm_buf_span(&out[3]), jm_buf_span(&out[4]) };
	if (good && complaint.len)
		jm_doctor_add(d, JM_DOCTOR_WARN, "postconf-complains", NULL, "%.800s",
		    jm_buf_str(&complaint));
	if (good && jm_postfix_parse(&text, &p) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "postconf-fails", NULL, "out of memory");
	} else if (good) {
		snprintf(d->host_text, sizeof d->host_text, "%s",
		    jm_postfix_value(&p, NULL, "myhostname"));
		d->host = d->host_text;
		for (size_t i = 0; i < 2; i++) {
			snprintf(path, sizeof path, "%s/%s", d->postfix, files[i]);
			jm_doctor_bytes(d, path);
		}
		check_listeners(d, &p);
		jm_doctor_route(d, &p);
		if (d->settings)
			jm_doctor_postfix_queue(d, &p);
	}
	jm_postfix_release(&p);
	for (size_t i = 0; i < 5; i++)
		jm_buf_release(&out[i]);
	jm_buf_release(&complaint);
}
