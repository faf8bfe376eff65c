/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: single settings of Postfix. See postfix_rules.h. */
#include "milter/ctl/doctor/postfix_rules.h"

#include <stdio.h>
#include <string.h>

#include "common/base/num.h"
#include "milter/ctl/doctor/cure.h"
#include "milter/ctl/doctor/lookup.h"

#define PROCESSES_LEAST 20

enum place { LISTENER, CLEANUP };

/* A value that a setting must have. */
struct rule {
	enum place place;
	const char *setting, *want;
	enum jm_doctor_level level;
	const char *name, *harm;
};

static const struct rule rules[] = {
	{ LISTENER, "smtpd_proxy_filter", "", JM_DOCTOR_FAIL, "proxy-filter",
	    "with a proxy filter the milter sees no content" },
	{ LISTENER, "content_filter", "", JM_DOCTOR_WARN, "content-filter",
	    "what passes the milter is handed to a filter instead of the backstop" },
	{ LISTENER, "smtpd_authorized_xclient_hosts", "", JM_DOCTOR_WARN, "xclient",
	    "clients in it can pretend to have any address, Exchange's, too" },
	{ LISTENER, "smtpd_reject_unlisted_sender", "no", JM_DOCTOR_WARN, "unlisted-sender",
	    "the sender of reports, MicrosoftExchange..., may be in no table: "
	    "its reports get a 550" },
	{ LISTENER, "smtpd_upstream_proxy_protocol", "", JM_DOCTOR_FAIL, "proxy-protocol",
	    "a client that does not come through such a proxy gets no session" },
	{ LISTENER, "smtpd_tls_wrappermode", "no", JM_DOCTOR_FAIL, "tls-wrapper",
	    "Exchange waits for a greeting in the clear and gets no session" },
	{ LISTENER, "smtpd_command_filter", "", JM_DOCTOR_WARN, "command-filter",
	    "commands of Exchange are changed before they are obeyed" },
	{ LISTENER, "smtpd_per_request_deadline", "no", JM_DOCTOR_WARN, "deadline",
	    "a large report over a slow line is broken off, each time again" },
	{ LISTENER, "smtpd_client_connection_rate_limit", "0", JM_DOCTOR_WARN, "rate-limit",
	    "a client above it gets a 421: Exchange hands in reports faster" },
	{ LISTENER, "smtpd_client_message_rate_limit", "0", JM_DOCTOR_WARN, "rate-limit",
	    "a client above it gets a 450: Exchange hands in reports faster" },
	{ LISTENER, "smtpd_client_recipient_rate_limit", "0", JM_DOCTOR_WARN, "rate-limit",
	    "a client above it gets a 450: Exchange hands in reports faster" },
	{ LISTENER, "smtpd_client_new_tls_session_rate_limit", "0", JM_DOCTOR_WARN, "rate-limit",
	    "a client above it gets a 421: Exchange hands in reports faster" },
	{ LISTENER, "smtpd_client_auth_rate_limit", "0", JM_DOCTOR_WARN, "rate-limit",
	    "a client above it gets a 450: Exchange hands in reports faster" },
	{ LISTENER, "remote_header_rewrite_domain", "", JM_DOCTOR_WARN, "header-rewrite",
	    "addresses in the header of reports are changed" },
	{ CLEANUP, "strict_7bit_headers", "no", JM_DOCTOR_FAIL, "strict-mime",
	    "reports with 8-bit headers get a 5xx" },
	{ CLEANUP, "strict_8bitmime", "no", JM_DOCTOR_FAIL, "strict-mime",
	    "reports with 8-bit text get a 5xx" },
	{ CLEANUP, "strict_8bitmime_body", "no", JM_DOCTOR_FAIL, "strict-mime",
	    "reports with 8-bit text get a 5xx" },
	{ CLEANUP, "strict_mime_encoding_domain", "no", JM_DOCTOR_FAIL, "strict-mime",
	    "reports whose attached message has an encoding get a 5xx" },
	{ CLEANUP, "disable_mime_input_processing", "yes", JM_DOCTOR_FAIL, "mime-processing",
	    "header lines over 60000 bytes inside of the journaled message "
	    "are cut, with a 250" },
	{ CLEANUP, "in_flow_delay", "0", JM_DOCTOR_FAIL, "in-flow-delay",
	    "after 100 reports Postfix takes one message a second from each connection, since "
	    "archived reports never reach its queue manager" },
	{ CLEANUP, "message_drop_headers", "", JM_DOCTOR_WARN, "drop-headers",
	    "these header fields of the report are removed before the milter sees it" },
	{ CLEANUP, "cleanup_replace_stray_cr_lf", "no", JM_DOCTOR_WARN, "stray-cr",
	    "a bare CR becomes a blank" },
	{ CLEANUP, "message_reject_characters", "", JM_DOCTOR_FAIL, "reject-characters",
	    "reports with these bytes get a 5xx" },
	{ CLEANUP, "message_strip_characters", "", JM_DOCTOR_WARN, "strip-characters",
	    "these bytes are taken out of reports" },
	{ CLEANUP, "always_add_missing_headers", "no", JM_DOCTOR_WARN, "added-headers",
	    "header fields are added that the report did not have" },
	{ CLEANUP, "always_bcc", "", JM_DOCTOR_WARN, "bcc-copies",
	    "of a report that passes the milter a copy goes there, with all Bcc recipients" },
	{ CLEANUP, "sender_bcc_maps", "", JM_DOCTOR_WARN, "bcc-copies",
	    "of a report that passes the milter a copy goes there, with all Bcc recipients" },
	{ CLEANUP, "recipient_bcc_maps", "", JM_DOCTOR_WARN, "bcc-copies",
	    "of a report that passes the milter a copy goes there, with all Bcc recipients" },
};

/* A number that a setting must have at least. zero: 0 means no limit. time: in seconds. */
static const struct {
	enum place place;
	const char *setting;
	int64_t least;
	bool zero, time;
	const char *cure;
	enum jm_doctor_level level;
	const char *name, *harm;
} numbers[] = {
	{ LISTENER, "message_size_limit", JM_EXCHANGE_MAX_BYTES, true, false, "157286400",
	    JM_DOCTOR_FAIL, "size-limit", "larger reports get a 552; Exchange sends up to 150 MB" },
	{ CLEANUP, "message_size_limit", JM_EXCHANGE_MAX_BYTES, true, false, "157286400",
	    JM_DOCTOR_FAIL, "size-limit", "larger reports get a 552; Exchange sends up to 150 MB" },
	{ CLEANUP, "header_size_limit", 60000, false, false, "102400", JM_DOCTOR_FAIL,
	    "header-limit", "longer header fields are cut, with a 250" },
	{ CLEANUP, "hopcount_limit", 25, false, false, "50", JM_DOCTOR_WARN, "hop-limit",
	    "a report that passed more mail servers bounces" },
	{ LISTENER, "smtpd_client_connection_count_limit", 20, true, false, "50", JM_DOCTOR_WARN,
	    "connection-limit",
	    "a client with more connections gets a 421; Exchange opens 20 and more" },
	{ LISTENER, "smtpd_hard_error_limit", 10, false, false, "20", JM_DOCTOR_WARN, "error-limit",
	    "after so many refused commands a session with further reports is cut off" },
	{ LISTENER, "smtpd_junk_command_limit", 10, false, false, "100", JM_DOCTOR_WARN,
	    "error-limit", "after so many NOOP or RSET each command counts as an error" },
	{ LISTENER, "smtpd_recipient_limit", 100, true, false, "1000", JM_DOCTOR_WARN,
	    "recipient-limit", "further recipients of a message get a 452" },
	{ LISTENER, "smtpd_timeout", 60, false, true, "300s", JM_DOCTOR_WARN, "session-timeout",
	    "a report on a slow line is broken off, and Exchange's idle sessions, too" },
	{ LISTENER, "smtpd_starttls_timeout", 30, false, true, "300s", JM_DOCTOR_WARN,
	    "session-timeout", "a sender that takes longer for TLS gets no session" },
	{ LISTENER, "milter_connect_timeout", 10, false, true, "30s", JM_DOCTOR_WARN,
	    "connect-timeout", "a busy daemon counts as a dead one, and reports get a 451" },
};

/* Header fields of reports; a check that matches one acts on every report. */
static const char samples[] = "Content-Type: multipart/mixed; boundary=\"x\"\n"
			      "Content-Type: multipart/mixed;\n"
			      "Content-Type: message/rfc822\n"
			      "Content-Type: text/plain; charset=\"utf-8\"\n"
			      "X-MS-Journal-Report:\n"
			      "MIME-Version: 1.0\n"
			      "Subject: Report\n"
			      "Content-Disposition: attachment\n"
			      "Content-Transfer-Encoding: 7bit\n"
			      "X-MS-Exchange-Organization-AuthSource: ex.example.com\n"
			      "Sender: Recipient: Message-ID: \n"
			      "To: journal\n";

static bool is_value(const char *value, const char *want)
{
	if (strcmp(want, "0") == 0)
		return jm_postfix_seconds(jm_span_str(value)) == 0;
	return strcmp(value, want) == 0;
}

static void check_values(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *cleanup)
{
	char cure[JM_CURE_BYTES];

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const struct rule *r = &rules[i];
		const char *service = r->place == CLEANUP ? cleanup : listener, *value;

		/* An older Postfix lacks some settings. */
		if (!json_object_get(p->main, r->setting))
			continue;
		value = jm_postfix_value(p, service, r->setting);
		jm_doctor_check(d, r->name, "%s: %s = %s", service, r->setting, value);
		if (!is_value(value, r->want))
			jm_doctor_add(d, r->level, r->name,
			    jm_cure_service(cure, d, service, r->setting, r->want),
			    "%s: %s = %s: %s", service, r->setting, value, r->harm);
	}
}

static void check_numbers(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *cleanup)
{
	char cure[JM_CURE_BYTES];

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const char *service = numbers[i].place == CLEANUP ? cleanup : listener,
			   *value = jm_postfix_value(p, service, numbers[i].setting);
		enum jm_doctor_level level = numbers[i].level;
		int64_t n = -1;
		uint64_t number;

		if (numbers[i].time)
			n = jm_postfix_seconds(jm_span_str(value));
		else if (jm_num_u64(jm_span_str(value), 0, INT64_MAX, &number) == 0)
			n = (int64_t)number;
		jm_doctor_check(
		    d, numbers[i].name, "%s: %s = %s", service, numbers[i].setting, value);
		if (n < 0 || n >= numbers[i].least || (n == 0 && numbers[i].zero))
			continue;
		if (numbers[i].least == JM_EXCHANGE_MAX_BYTES && n > JM_POSTFIX_SIZE_LIMIT)
			level = JM_DOCTOR_WARN;
		jm_doctor_add(d, level, numbers[i].name,
		    jm_cure_service(cure, d, service, numbers[i].setting, numbers[i].cure),
		    "%s: %s = %s: %s", service, numbers[i].setting, value, numbers[i].harm);
	}
}

/* Write the effect of header checks on a report's own fields into text; "": none. */
static void try_samples(struct jm_doctor *d, const char *tables, char *text, size_t n)
{
	struct jm_span rest = jm_span_str(tables), word, line, answer;
	struct jm_buf out;

	text[0] = '\0';
	jm_buf_init(&out, 65536);
	while (!text[0] && jm_postfix_word(&rest, &word)) {
		jm_doctor_look_up_all(d, word, jm_span_str(samples), &out);
		line = jm_span_sub(jm_buf_span(&out), 0, jm_span_index(jm_buf_span(&out), '\n'));
		answer = jm_span_sub(line, jm_span_index(line, '\t') + 1, line.len);
		if (answer.len && !jm_span_starts_nocase(answer, jm_span_str("DUNNO")) &&
		    !jm_span_starts_nocase(answer, jm_span_str("INFO")))
			snprintf(text, n, "%.*s", (int)(line.len < 300 ? line.len : 300),
			    (const char *)line.p);
	}
	for (char *c = text; *c; c++)
		if (*c == '\t')
			*c = ' ';
	jm_buf_release(&out);
}

static void check_header_checks(
    struct jm_doctor *d, const struct jm_postfix *p, const char *cleanup)
{
	static const char *const settings[] = { "header_checks", "mime_header_checks",
		"nested_header_checks", "body_checks" };
	char cure[JM_CURE_BYTES], found[400];

	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		/* An empty value of these two means that of header_checks. */
		const char *value = jm_postfix_value(p, cleanup, settings[i]);
		bool inherited = (i == 1 || i == 2) &&
		    !jm_postfix_overrides(p, cleanup, settings[i]) &&
		    strcmp(jm_postfix_raw(p, cleanup, settings[i]), "$header_checks") == 0;

		jm_doctor_check(d, "header-checks", "%s: %s = %s", cleanup, settings[i], value);
		if (!value[0] || inherited)
			continue;
		try_samples(d, value, found, sizeof found);
		jm_doctor_add(d, found[0] ? JM_DOCTOR_FAIL : JM_DOCTOR_WARN, "header-checks",
		    jm_cure_service(cure, d, cleanup, settings[i], ""), "%s: %s = %s: %s%s",
		    cleanup, settings[i], value,
		    found[0] ? "acts on every report: "
			     : "a check may change, refuse or discard a report",
		    found);
	}
}

/* Keywords that EHLO does not offer although the listener could. */
static void check_keywords(struct jm_doctor *d, const struct jm_postfix *p, const char *listener)
{
	static const char setting[] = "smtpd_discard_ehlo_keywords";
	static const char *const needed[] = { "8bitmime", "size", "starttls", "auth" };
	const char *value = jm_postfix_value(p, listener, setting);
	struct jm_span rest = jm_span_str(value), word;
	char cure[JM_CURE_BYTES], kept[1000] = "";
	bool found = false;

	jm_doctor_check(d, "ehlo-keywords", "%s: %s = %s", listener, setting, value);
	while (jm_postfix_word(&rest, &word)) {
		bool bad = false;
		size_t n = strlen(kept);

		for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
			bad = bad || jm_span_eq_nocase(word, jm_span_str(needed[i]));
		found = found || bad;
		if (!bad)
			snprintf(kept + n, sizeof kept - n, "%s%.*s", n ? "," : "", (int)word.len,
			    (const char *)word.p);
	}
	if (found)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "ehlo-keywords",
		    jm_cure_service(cure, d, listener, setting, kept),
		    "%s: %s = %s: senders that need what is not offered hand in no report, or "
		    "convert it",
		    listener, setting, value);
}

/* The column of master.cf that limits the number of processes. */
static void check_processes(struct jm_doctor *d, const struct jm_postfix *p, const char *service)
{
	const char *value = json_string_value(
	    json_object_get(json_object_get(p->services, service), "limit"));
	char cure[JM_CURE_BYTES];
	uint64_t n;

	if (!value || strcmp(value, "-") == 0)
		value = jm_postfix_value(p, NULL, "default_process_limit");
	jm_doctor_check(d, "process-limit", "%s: at most %s processes", service, value);
	if (jm_num_u64(jm_span_str(value), 1, INT32_MAX, &n) == 0 && n < PROCESSES_LEAST)
		jm_doctor_add(d, JM_DOCTOR_WARN, "process-limit",
		    jm_cure_column(cure, d, service, "process_limit", "100"),
		    "%s: at most %s processes, one a connection: further connections of Exchange "
		    "wait",
		    service, value);
}

void jm_doctor_postfix_rules(
    struct jm_doctor *d, const struct jm_postfix *p, const char *listener, const char *cleanup)
{
	check_values(d, p, listener, cleanup);
	check_numbers(d, p, listener, cleanup);
	check_header_checks(d, p, cleanup);
	check_keywords(d, p, listener);
	check_processes(d, p, listener);
	check_processes(d, p, cleanup);
}
