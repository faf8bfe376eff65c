/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl check: load a settings file as the daemon does, print all findings and a summary of the
 * settings. Needs neither daemon nor archive, but asks them, if there are any, which internal
 * domains are verified.
 */
#include "milter/ctl/setup/check.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/num.h"
#include "common/base/visible.h"
#include "common/control/domain_list.h"
#include "common/publish/statsdb.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/cli/unit.h"
#include "milter/ctl/setup/check_machine.h"

#define REPORT_BYTES (1024u * 1024)

static int exit_code(const struct jm_err *err)
{
	if (err->kind == JM_E_NOTFOUND || err->kind == JM_E_DENIED)
		return EX_NOINPUT; /* 66: the problem is a file that the user named */
	return jm_ctl_exit_code(err->kind);
}

/* A line of the report, "PATH:LINE: text" or "PATH: text", as an object. NULL without memory. */
static json_t *check_finding(struct jm_span line, const char *path)
{
	static const char mark[] = "warning: ";
	struct jm_span rest = line, number;
	size_t n = strlen(path);
	uint64_t line_number = 0;
	bool warning;

	if (rest.len > n && jm_span_eq(jm_span_sub(rest, 0, n), jm_span_str(path)) &&
	    rest.p[n] == ':') {
		rest = jm_span_sub(rest, n + 1, rest.len);
		number = jm_span_sub(rest, 0, jm_span_index(rest, ':'));
		if (jm_num_u64(number, 1, INT32_MAX, &line_number) == 0)
			rest = jm_span_sub(rest, number.len + 1, rest.len);
		rest = jm_span_trim(rest);
	}
	warning = jm_span_starts_nocase(rest, jm_span_str(mark));
	if (warning)
		rest = jm_span_sub(rest, strlen(mark), rest.len);
	return json_pack("{s:s, s:o, s:o}", "severity", warning ? "warning" : "error", "line",
	    line_number ? json_integer((json_int_t)line_number) : json_null(), "text",
	    json_stringn((const char *)rest.p, rest.len));
}

static json_t *check_findings(struct jm_span report, const char *path)
{
	json_t *list = json_array();

	while (list && report.len) {
		size_t n = jm_span_index(report, '\n');

		if (json_array_append_new(list, check_finding(jm_span_sub(report, 0, n), path)) !=
		    0) {
			json_decref(list);
			return NULL;
		}
		report = jm_span_sub(report, n + 1, report.len);
	}
	return list;
}

static json_t *check_ranges(const struct jm_ranges *r)
{
	json_t *list = json_array();
	char text[JM_CIDR_TEXT_BYTES];

	for (size_t i = 0; list && i < r->n; i++)
		if (json_array_append_new(list, json_string(jm_cidr_format(&r->v[i], text))) != 0)
			json_decref(list), list = NULL;
	return list;
}

static json_t *check_domains(const struct jm_settings *s, const json_t *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < s->internal_domains_n; i++)
		if (json_array_append_new(list,
			json_pack("{s:s, s:b, s:o}", "domain", s->internal_domains[i].name,
			    "sub_domains", s->internal_domains[i].sub_domains, "verified",
			    !rows ? json_null()
				  : json_boolean(jm_domains_verified_by(rows,
						     s->internal_domains[i].name) != NULL))) != 0)
			json_decref(list), list = NULL;
	return list;
}

static const char *check_transport(const struct jm_service *j)
{
	return j->transport == JM_TRANSPORT_POP3 ? "POP3" : "SMTP";
}

static const char *mailbox_tls(const struct jm_mailbox *m)
{
	return !m->encrypted ? "none" : m->starttls ? "STLS" : "TLS";
}

/* The journal mailbox of a service; null for SMTP. */
static json_t *check_mailbox(const struct jm_service *j)
{
	const struct jm_mailbox *m = &j->pop3;

	if (j->transport != JM_TRANSPORT_POP3)
		return json_null();
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:b}", "hostname", m->hostname, "port",
	    jm_settings_mailbox_port(m), "mailbox_name", m->mailbox_name, "tls", mailbox_tls(m),
	    "encryption_mode", m->encryption_mode == JM_ENCRYPTION_STRICT ? "strict" : "relaxed",
	    "leave_on_server", m->leave_on_server);
}

static json_t *check_services(const struct jm_settings *s)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < s->services_n; i++) {
		const struct jm_service *j = &s->services[i];

		if (json_array_append_new(list,
			json_pack(
			    "{s:s, s:s, s:s, s:b, s:o, s:b, s:b, s:b, s:s, s:b, s:b, s:i, s:i, "
			    "s:b, s:b, s:s, s:o}",
			    "description", j->description, "email_address", j->email_address,
			    "transport_type", check_transport(j), "disabled", j->disabled,
			    "additional_source_ip_ranges", check_ranges(&j->source_ranges),
			    "encrypted", j->encrypted, "use_smtp_authentication",
			    j->use_smtp_authentication, "refuse_null_sender", j->refuse_null_sender,
			    "journal_type", j->journal_type == JM_JOURNAL_EML ? "eml" : "envelope",
			    "remove_journal_headers", j->remove_journal_headers,
			    "prefer_clear_text_version", j->prefer_clear_text, "line", j->line,
			    "maximum_age", j->maximum_age_days, "journal_non_internal_addresses",
			    j->journal_non_internal, "journal_unknown_internal_addresses",
			    j->journal_unknown_internal, "encryption_mode",
			    j->encryption_mode == JM_ENCRYPTION_STRICT ? "strict" : "relaxed",
			    "mailbox", check_mailbox(j))) != 0)
			json_decref(list), list = NULL;
	}
	return list;
}

/* Print one object; s: NULL when the file has errors. */
static int print_json(
    const char *path, const struct jm_settings *s, const json_t *rows, struct jm_span report)
{
	json_t *all = json_pack("{s:s, s:b, s:o}", "file", path, "ok", s != NULL, "findings",
		   check_findings(report, path)),
	       *part = NULL;
	int rc = all ? 0 : -1;

	if (rc == 0 && s) {
		part = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "socket", s->socket,
		    "control_socket", s->control_socket, "archive_directory", s->archive_directory,
		    "internal_domains", check_domains(s, rows), "authorized_outbounds",
		    check_ranges(&s->authorized_outbounds), "services", check_services(s));
		rc = part ? json_object_update_new(all, part) : -1;
	}
	if (rc == 0) {
		jm_print_json(stdout, all);
		rc = fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
	}
	json_decref(all);
	if (rc != 0)
		fputs("jmctl check: cannot write the answer\n", stderr);
	return rc;
}

static void print_ranges(const char *what, const struct jm_ranges *r)
{
	char text[JM_CIDR_TEXT_BYTES];

	jm_print(stdout, "%s", what);
	for (size_t i = 0; i < r->n && i < 5; i++)
		jm_print(stdout, "%s%s", i ? ", " : "", jm_cidr_format(&r->v[i], text));
	if (r->n > 5)
		jm_print(stdout, " and %zu more", r->n - 5);
	puts(r->n ? "" : "none");
}

static bool has_unverified(const struct jm_settings *s, const json_t *rows)
{
	for (size_t i = 0; i < s->internal_domains_n; i++)
		if (!jm_domains_verified_by(rows, s->internal_domains[i].name))
			return true;
	return false;
}

static const char *mailbox_login(const struct jm_mailbox *m)
{
	return m->password_file       ? "password-file"
	    : m->oauth2_token_command ? "oauth2-token-command"
				      : "password";
}

static void print_mailbox(const struct jm_mailbox *m)
{
	jm_print(stdout, "    fetched from:       mailbox %s at %s, port %d, ", m->mailbox_name,
	    m->hostname, jm_settings_mailbox_port(m));
	if (!m->encrypted)
		fputs("in the clear", stdout);
	else
		jm_print(stdout, "%s, %s%s", mailbox_tls(m),
		    m->encryption_mode == JM_ENCRYPTION_STRICT ? "strict" : "relaxed",
		    m->pinned_public_key ? ", pinned key" : "");
	jm_print(stdout,
	    ", login by %s\n    every:              %d s, at most %d message%s or %d minute%s a "
	    "connection%s\n",
	    mailbox_login(m), m->poll_interval_s, m->messages_per_connection,
	    jm_num_s((uint64_t)m->messages_per_connection), m->minutes_per_connection,
	    jm_num_s((uint64_t)m->minutes_per_connection),
	    m->leave_on_server ? "; mail stays on the server" : "");
}

/* Print which messages the service sets aside, and when silence is an error. */
static void print_rules(const struct jm_service *j)
{
	char age[64] = "";

	if (j->maximum_age_days > 0)
		snprintf(age, sizeof age, "older than %d day%s", j->maximum_age_days,
		    jm_num_s((uint64_t)j->maximum_age_days));
	jm_print(stdout, "    set aside:          %s%s%s%s%s\n", age,
	    *age && !j->journal_non_internal ? "; " : "",
	    j->journal_non_internal ? "" : "without an internal address",
	    (*age || !j->journal_non_internal) && !j->journal_unknown_internal ? "; " : "",
	    j->journal_unknown_internal ? *age || !j->journal_non_internal ? "" : "nothing"
					: "with an unknown internal address");
	if (j->inactivity_allowed_min > 0)
		jm_print(stdout, "    silence allowed:    %d minute%s\n", j->inactivity_allowed_min,
		    jm_num_s((uint64_t)j->inactivity_allowed_min));
}

static void print_text(const struct jm_settings *s, const json_t *rows)
{
	jm_print(stdout, "%s is right\n", s->path);
	jm_print(stdout, "milter socket:        %s\n", s->socket);
	jm_print(stdout, "control socket:       %s\n", s->control_socket);
	jm_print(stdout, "archive:              %s\n", s->archive_directory);
	if (s->publish_interval_s > 0 && !jm_publish_has_statsdb())
		puts("stats.db:             is not published: this program was built without it; "
		     "status.json has the same content");
	jm_print(stdout, "internal domains:     ");
	for (size_t i = 0; i < s->internal_domains_n && i < 5; i++)
		jm_print(stdout, "%s%s%s%s", i ? ", " : "", s->internal_domains[i].name,
		    s->internal_domains[i].sub_domains ? " and below" : "",
		    rows && !jm_domains_verified_by(rows, s->internal_domains[i].name)
			? " (unverified)"
			: "");
	if (s->internal_domains_n > 5)
		jm_print(stdout, " and %zu more", s->internal_domains_n - 5);
	puts(s->internal_domains_n ? "" : "none");
	if (rows ? has_unverified(s, rows) : s->internal_domains_n > 0)
		puts(rows ? "                      unverified domains work; with jmctl domain add "
			    "you can show that they are yours"
			  : "                      whether they are verified is not known now: "
			    "neither daemon nor archive answers");
	print_ranges("authorized outbounds: ", &s->authorized_outbounds);
	jm_print(stdout, "journal services:     %zu\n", s->services_n);
	for (size_t i = 0; i < s->services_n; i++) {
		const struct jm_service *j = &s->services[i];

		jm_print(stdout, "  %s (%s) line %d: %s, %s%s%s%s%s\n", j->email_address,
		    j->description, j->line, j->journal_type == JM_JOURNAL_EML ? "eml" : "envelope",
		    check_transport(j),
		    j->transport == JM_TRANSPORT_POP3 || !j->encrypted ? ""
			: j->encryption_mode == JM_ENCRYPTION_STRICT   ? ", encrypted (strict)"
								       : ", encrypted",
		    j->use_smtp_authentication ? ", use-smtp-authentication" : "",
		    j->refuse_null_sender ? ", refuse-null-sender" : "",
		    j->disabled ? ", disabled" : "");
		if (j->transport == JM_TRANSPORT_POP3)
			print_mailbox(&j->pop3);
		else if (j->source_ranges.n || !s->authorized_outbounds.n)
			print_ranges(s->authorized_outbounds.n ? "    also accepted from: "
							       : "    accepted from:      ",
			    &j->source_ranges);
		print_rules(j);
	}
}

/* Report folders to which the daemon's systemd unit does not let it write. in_folder: path is a
 * file in the folder. */
static void check_unit(const struct jm_settings *s, const char *what, const char *path,
    bool in_folder, struct jm_buf *r)
{
	char dir[PATH_MAX];
	struct jm_unit_verdict v;

	if (!path || snprintf(dir, sizeof dir, "%s", path) >= (int)sizeof dir)
		return;
	if (in_folder && strrchr(dir, '/') > dir)
		*strrchr(dir, '/') = '\0';
	jm_unit_judge(dir, &v);
	if (v.state != JM_SANDBOX_OPEN &&
	    jm_buf_printf(
		r, NULL, "%s: warning: %s: %s; cure: %s\n", s->path, what, v.text, v.cure) != 0)
		return; /* the report is full */
}

static void check_units(const struct jm_settings *s, struct jm_buf *r)
{
	size_t n = strlen(s->archive_directory);

	check_unit(s, "archive", s->archive_directory, false, r);
	if (strncmp(s->control_socket, s->archive_directory, n) != 0 || s->control_socket[n] != '/')
		check_unit(s, "control-socket", s->control_socket, true, r);
	if (strncmp(s->socket, "unix:", 5) == 0)
		check_unit(s, "socket", s->socket + 5, true, r);
	if (s->publish_interval_s > 0)
		check_unit(s, "publish", s->publish_directory, false, r);
}

int jm_ctl_check(int argc, char **argv)
{
	const char *path = JM_SETTINGS_DEFAULT_FILE;
	bool json = false;
	const struct jm_ctl_option options[] = {
		{ "config", JM_CTL_TEXT, &path, "FILE",
		    "the settings file; default: " JM_SETTINGS_DEFAULT_FILE },
		{ "json", JM_CTL_FLAG, &json, NULL, "one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};
	struct jm_settings *s = NULL;
	json_t *rows = NULL;
	struct jm_buf report;
	struct jm_err err = { JM_E_NONE, 0, "" };
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options]",
		"Check a settings file and show what it says.", &rc);

	if (n < 0)
		return rc;
	if (n > 0) {
		jm_print(stderr,
		    "jmctl check: unexpected \"%s\"; the file is named with --config FILE\n",
		    argv[1]);
		return EX_USAGE;
	}
	jm_buf_init(&report, REPORT_BYTES);
	if (jm_settings_load(path, &s, &report, &err) != 0) {
		rc = exit_code(&err);
	} else {
		check_units(s, &report);
		rows = jm_target_domains(&(struct jm_target){ .config = path });
		if (jm_check_machine(s, &report, &err) > 0) {
			rc = exit_code(&err);
			jm_settings_unref(&s);
		}
	}
	if (json) {
		if (print_json(path, s, rows, jm_buf_span(&report)) != 0 && rc == EX_OK)
			rc = EX_IOERR;
	} else {
		jm_visible_put(stderr, report.len || !err.text[0] ? jm_buf_str(&report) : err.text);
		if (s)
			print_text(s, rows);
	}
	json_decref(rows);
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return rc;
}
