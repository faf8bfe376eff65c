/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: Postfix' listeners, their milters and their cleanup service. Ports are in
 * postfix_listen.c, routing of the journal domains in route.c.
 */
#include "milter/ctl/doctor/postfix.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/num.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "milter/ctl/doctor/postfix_listen.h"
#include "milter/ctl/doctor/route.h"
#include "milter/ctl/doctor/run.h"
#include "milter/ctl/doctor/socket.h"
#include "milter/ctl/doctor/tls.h"

#define OUT_MAX_BYTES (1024u * 1024)
#define EXCHANGE_MAX_BYTES 157286400 /* the largest message of Exchange */
#define DEFAULT_LIMIT_BYTES 10240000
#define MILTER_TIMEOUT_S 120 /* the answer to the final dot may take so long on a busy disk */

enum want { EMPTY, YES, NO };

/* A value that a setting must have on the listener, or on its cleanup service. */
struct rule {
	bool cleanup;
	const char *setting;
	enum want want;
	enum jm_doctor_level level;
	const char *name, *harm;
};

static const struct rule rules[] = {
	{ false, "smtpd_proxy_filter", EMPTY, JM_DOCTOR_FAIL, "proxy-filter",
	    "the milter sees no content behind a proxy filter" },
	{ false, "content_filter", EMPTY, JM_DOCTOR_WARN, "content-filter",
	    "what passes the milter is handed to a filter instead of the backstop" },
	{ false, "strict_7bit_headers", NO, JM_DOCTOR_FAIL, "strict-mime",
	    "reports with 8-bit headers get a 5xx" },
	{ false, "strict_8bitmime", NO, JM_DOCTOR_FAIL, "strict-mime",
	    "reports with 8-bit text get a 5xx" },
	{ false, "strict_8bitmime_body", NO, JM_DOCTOR_FAIL, "strict-mime",
	    "reports with 8-bit text get a 5xx" },
	{ false, "smtpd_authorized_xclient_hosts", EMPTY, JM_DOCTOR_WARN, "xclient",
	    "clients in it can pretend to have any address, Exchange's, too" },
	{ false, "smtpd_reject_unlisted_sender", NO, JM_DOCTOR_WARN, "unlisted-sender",
	    "the sender of reports, MicrosoftExchange..., may be in no table: "
	    "its reports get a 550" },
	{ true, "disable_mime_input_processing", YES, JM_DOCTOR_FAIL, "mime-processing",
	    "header lines over 60000 bytes inside of the journaled message "
	    "are cut, with a 250" },
	{ true, "message_drop_headers", EMPTY, JM_DOCTOR_WARN, "drop-headers",
	    "these header fields of the report are removed before the milter sees it" },
	{ true, "cleanup_replace_stray_cr_lf", NO, JM_DOCTOR_WARN, "stray-cr",
	    "a bare CR becomes a blank" },
	{ true, "message_reject_characters", EMPTY, JM_DOCTOR_FAIL, "reject-characters",
	    "reports with these bytes get a 5xx" },
	{ true, "message_strip_characters", EMPTY, JM_DOCTOR_WARN, "strip-characters",
	    "these bytes are taken out of reports" },
	{ true, "header_checks", EMPTY, JM_DOCTOR_WARN, "header-checks",
	    "a header check may change, refuse or discard a report" },
	{ true, "body_checks", EMPTY, JM_DOCTOR_WARN, "header-checks",
	    "a body check may change, refuse or discard a report" },
	{ true, "always_add_missing_headers", NO, JM_DOCTOR_WARN, "added-headers",
	    "header fields are added that the report did not have" },
};

static bool setting_is(const char *value, enum want want)
{
	return want == EMPTY ? value[0] == '\0' : strcmp(value, want == YES ? "yes" : "no") == 0;
}

/* Write the line of master.cf that corrects a setting of a service into text, which is returned. */
static char *option_line(
    char *text, size_t n, const char *service, const char *setting, const char *value)
{
	snprintf(text, n, "master.cf, below \"%s\": -o %s=%s", service, setting, value);
	return text;
}

static void check_rules(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *cleanup)
{
	static const char *const values[] = { "", "yes", "no" };
	char line[512];

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const struct rule *r = &rules[i];
		const char *service = r->cleanup ? cleanup : listener;

		/* An older Postfix lacks some settings. */
		if (!json_object_get(p->main, r->setting) ||
		    setting_is(jm_postfix_value(p, service, r->setting), r->want))
			continue;
		jm_doctor_add(d, r->level, r->name,
		    option_line(line, sizeof line, service, r->setting, values[r->want]),
		    "%s: %s = %s: %s", service, r->setting,
		    jm_postfix_value(p, service, r->setting), r->harm);
	}
}

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

static void check_milter(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, struct jm_span word)
{
	struct jm_span action = milter_setting(p, listener, word, "default_action");
	struct jm_span content = milter_setting(p, listener, word, "content_timeout"),
		       command = milter_setting(p, listener, word, "command_timeout");
	char line[512];

	snprintf(line, sizeof line,
	    "master.cf, below \"%s\": default_action=tempfail in the braces of smtpd_milters",
	    listener);
	if (jm_span_eq(action, jm_span_str("accept")) || jm_span_eq(action, jm_span_str("reject")))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "default-action", line,
		    "%s: milter_default_action = %.*s: while the milter is down reports %s",
		    listener, (int)action.len, (const char *)action.p,
		    action.p[0] == 'a' ? "pass unarchived" : "are refused for good");
	else if (!jm_span_eq(action, jm_span_str("tempfail")))
		jm_doctor_add(d, JM_DOCTOR_WARN, "default-action", line,
		    "%s: milter_default_action = %.*s instead of tempfail", listener,
		    (int)action.len, (const char *)action.p);
	snprintf(line, sizeof line,
	    "master.cf, below \"%s\": content_timeout=300s in the braces of smtpd_milters",
	    listener);
	if (jm_postfix_seconds(content) < MILTER_TIMEOUT_S)
		jm_doctor_add(d, JM_DOCTOR_WARN, "content-timeout", line,
		    "%s: milter_content_timeout = %.*s: a large report on a busy disk gets "
		    "a 451 although it was stored, and comes again",
		    listener, (int)content.len, (const char *)content.p);
	if (jm_postfix_seconds(command) < 10)
		jm_doctor_add(d, JM_DOCTOR_WARN, "command-timeout",
		    "main.cf: milter_command_timeout = 30s", "%s: milter_command_timeout = %.*s",
		    listener, (int)command.len, (const char *)command.p);
}

/* Find our entry in the listener's list of milters, and check its place in the list. */
static bool find_milter(struct jm_doctor *d, const struct jm_postfix *p, const char *listener,
    const char *ours, struct jm_span *word_r)
{
	struct jm_span list = jm_span_str(jm_postfix_value(p, listener, "smtpd_milters")), word;
	size_t before = 0, after = 0;
	bool found = false;
	char text[4096];

	while (jm_postfix_word(&list, &word)) {
		struct jm_span a = jm_postfix_milter_address(word);

		address_text(p, listener, a, text, sizeof text);
		if (!found && (same_socket(text, ours) || chroot_misses(p, listener, a, ours))) {
			found = true;
			*word_r = word;
			if (!same_socket(text, ours))
				jm_doctor_add(d, JM_DOCTOR_FAIL, "chroot-socket",
				    "master.cf: \"n\" in the chroot column of that line",
				    "%s is chrooted: it looks for the socket at %s", listener,
				    text + 5);
		} else if (found) {
			after++;
		} else {
			before++;
		}
	}
	if (found && after > 0)
		jm_doctor_add(d, JM_DOCTOR_WARN, "milter-after",
		    "a listener of its own for the journal",
		    "%s: %zu other milters come after ours: one of them can refuse what is "
		    "archived already",
		    listener, after);
	if (found && before > 0)
		jm_doctor_add(d, JM_DOCTOR_WARN, "milter-before",
		    "smtpd_milters: journal-milter first",
		    "%s: %zu other milters come before ours: what they change is archived",
		    listener, before);
	return found;
}

/* Check that Postfix may connect to the socket. */
static void check_rights(struct jm_doctor *d, const struct jm_postfix *p, const char *ours)
{
	const char *owner = jm_postfix_value(p, NULL, "mail_owner");
	char what[4096];

	if (strncmp(ours, "unix:", 5) == 0 && access(ours + 5, F_OK) == 0 &&
	    jm_doctor_may_connect(ours + 5, owner, what, sizeof what) == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "socket-rights",
		    "journal-milter.xml: <socket-group> in <milter>",
		    "user %s may not use the socket %s: %s stands in the way", owner, ours + 5,
		    what);
}

static void check_size(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	const char *value = jm_postfix_value(p, listener, "message_size_limit");
	uint64_t limit;

	if (jm_num_u64(jm_span_str(value), 1, UINT64_MAX, &limit) == 0 &&
	    limit < EXCHANGE_MAX_BYTES)
		jm_doctor_add(d, limit <= DEFAULT_LIMIT_BYTES ? JM_DOCTOR_FAIL : JM_DOCTOR_WARN,
		    "size-limit", "main.cf: message_size_limit = 157286400",
		    "%s: message_size_limit = %s: larger reports get a 552; Exchange sends up to "
		    "150 MB",
		    listener, value);
	if (jm_num_u64(jm_span_str(jm_postfix_value(p, listener, "header_size_limit")), 0,
		UINT64_MAX, &limit) == 0 &&
	    limit < 60000)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "header-limit",
		    "main.cf: header_size_limit = 102400",
		    "%s: header_size_limit = %llu: longer header fields are cut, with a 250",
		    listener, (unsigned long long)limit);
}

static void check_tls(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	const char *level = jm_postfix_value(p, listener, "smtpd_tls_security_level"),
		   *cert = jm_postfix_value(p, listener, "smtpd_tls_cert_file");
	struct jm_doctor_wants wants = jm_doctor_wants(d);

	if (wants.tls && strcmp(level, "may") != 0 && strcmp(level, "encrypt") != 0 &&
	    strcmp(jm_postfix_value(p, listener, "smtpd_use_tls"), "yes") != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-tls",
		    "main.cf: smtpd_tls_security_level = may, and smtpd_tls_cert_file",
		    "%s offers no TLS, and a service is <encrypted>: its reports are refused",
		    listener);
	if (wants.client_certificate &&
	    strcmp(jm_postfix_value(p, listener, "smtpd_tls_ask_ccert"), "yes") != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-client-certificate",
		    "main.cf: smtpd_tls_ask_ccert = yes",
		    "%s asks for no client certificate, and a service wants one (encryption-mode "
		    "strict)",
		    listener);
	if (wants.client_certificate &&
	    strcmp(jm_postfix_value(p, listener, "smtpd_tls_ask_ccert"), "yes") == 0 &&
	    !jm_postfix_value(p, listener, "smtpd_tls_CAfile")[0] &&
	    !jm_postfix_value(p, listener, "smtpd_tls_CApath")[0] &&
	    strcmp(jm_postfix_value(p, listener, "tls_append_default_CA"), "yes") != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-client-ca", "main.cf: smtpd_tls_CAfile",
		    "%s knows no CA, so that no client certificate is ever good, and a service "
		    "wants one (encryption-mode strict)",
		    listener);
	if (wants.login &&
	    strcmp(jm_postfix_value(p, listener, "smtpd_sasl_auth_enable"), "yes") != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-login",
		    "main.cf: smtpd_sasl_auth_enable = yes",
		    "%s offers no login, and a service wants one: its reports are refused",
		    listener);
	if (cert[0] == '/' && level[0] && strcmp(level, "none") != 0)
		jm_doctor_certificate(d, "main.cf: smtpd_tls_cert_file", cert);
}

static void check_listener(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, struct jm_span word)
{
	const char *rewrite = jm_postfix_value(p, listener, "local_header_rewrite_clients");
	char cleanup[300], line[512];

	jm_doctor_listen(d, p, listener);
	check_milter(d, p, listener, word);
	check_size(d, p, listener);
	check_tls(d, p, listener);
	jm_doctor_route_clients(d, p, listener);
	snprintf(cleanup, sizeof cleanup, "%s/unix",
	    jm_postfix_value(p, listener, "cleanup_service_name"));
	if (json_object_get(p->services, cleanup))
		check_rules(d, p, listener, cleanup);
	else
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-cleanup",
		    "master.cf: that service, as jmctl setup writes it",
		    "%s: there is no service %s: mail is answered 451", listener, cleanup);
	if (strstr(jm_postfix_value(p, listener, "receive_override_options"), "no_milters"))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-milters",
		    option_line(line, sizeof line, listener, "receive_override_options", ""),
		    "%s: receive_override_options has no_milters: reports pass unarchived",
		    listener);
	if (strstr(rewrite, "static:all") || strstr(rewrite, "permit_mynetworks") ||
	    strstr(rewrite, "permit_sasl"))
		jm_doctor_add(d, JM_DOCTOR_WARN, "header-rewrite",
		    option_line(line, sizeof line, listener, "local_header_rewrite_clients", ""),
		    "%s: local_header_rewrite_clients = %s: addresses in reports from there are "
		    "changed, header fields added",
		    listener, rewrite);
	if (strcmp(jm_postfix_value(p, listener, "smtpd_forbid_bare_newline"), "reject") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "bare-newline",
		    option_line(
			line, sizeof line, listener, "smtpd_forbid_bare_newline", "normalize"),
		    "%s: smtpd_forbid_bare_newline = reject: a report with a bare LF gets a 550",
		    listener);
	if (strcmp(jm_postfix_value(p, listener, "milter_protocol"), "6") != 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "milter-protocol", "main.cf: milter_protocol = 6",
		    "%s: milter_protocol = %s: too old, all reports "
		    "get a 451",
		    listener, jm_postfix_value(p, listener, "milter_protocol"));
	if (strcmp(jm_postfix_value(p, listener, "soft_bounce"), "yes") == 0)
		jm_doctor_add(d, JM_DOCTOR_OK, "soft-bounce",
		    "main.cf: soft_bounce = no, after the first weeks",
		    "%s: soft_bounce = yes: refusals are 4xx", listener);
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
	json_object_foreach(p->services, listener, service) {
		size_t n = strlen(listener);
		struct jm_span word = { NULL, 0 };

		if (n < 6 || strcmp(listener + n - 5, "/inet") != 0 ||
		    strcmp(json_string_value(json_object_get(service, "command")), "smtpd") != 0)
			continue;
		if (!find_milter(d, p, listener, ours, &word))
			continue;
		found++;
		check_listener(d, p, listener, word);
	}
	if (found == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-listener",
		    "master.cf: smtpd_milters as jmctl setup writes it",
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
	struct jm_buf main, master, set, complaint;
	struct jm_postfix p = { NULL, NULL };
	struct jm_err err = { JM_E_NONE, 0, "" };

	d->group = "postfix";
	jm_buf_init(&main, OUT_MAX_BYTES);
	jm_buf_init(&master, OUT_MAX_BYTES);
	jm_buf_init(&set, OUT_MAX_BYTES);
	jm_buf_init(&complaint, OUT_MAX_BYTES);
	if (postfix_query(d, "-x", &main, &complaint, &err) != 0 ||
	    postfix_query(d, "-M", &master, &complaint, &err) != 0 ||
	    postfix_query(d, "-xP", &set, &complaint, &err) != 0)
		goto out;
	if (complaint.len)
		jm_doctor_add(d, JM_DOCTOR_WARN, "postconf-complains", NULL, "%.800s",
		    jm_buf_str(&complaint));
	if (jm_postfix_parse(jm_buf_span(&main), jm_buf_span(&master), jm_buf_span(&set), &p) !=
	    0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "postconf-fails", NULL, "out of memory");
		goto out;
	}
	check_listeners(d, &p);
	jm_doctor_route(d, &p);
out:
	jm_postfix_release(&p);
	jm_buf_release(&main);
	jm_buf_release(&master);
	jm_buf_release(&set);
	jm_buf_release(&complaint);
}
