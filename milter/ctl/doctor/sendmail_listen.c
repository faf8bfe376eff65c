/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: Sendmail's listeners: who listens at their ports, which filters they use, whether they
 * offer TLS and logins.
 */
#include "milter/ctl/doctor/sendmail_listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/num.h"
#include "milter/ctl/doctor/port.h"
#include "milter/ctl/doctor/postfix_conf.h"
#include "milter/ctl/doctor/talk.h"
#include "milter/ctl/doctor/tls.h"

#define DEFAULT_LISTENER "Port=smtp, Name=MTA"
#define DEFAULT_PID_FILE "/var/run/sendmail.pid"
#define FILE_MAX_BYTES 65536

static bool sendmail_has(struct jm_span letters, unsigned char letter)
{
	return jm_span_index(letters, letter) < letters.len;
}

/* The ith listener; NULL: there are no more. Without DaemonPortOptions there is a default one. */
static const char *listener_at(const struct jm_sendmail *cf, size_t i)
{
	if (i == 0 && json_array_size(cf->listeners) == 0)
		return DEFAULT_LISTENER;
	return json_string_value(json_array_get(cf->listeners, i));
}

/* Is this the process of Sendmail, not of another program that got the number later? */
static bool is_sendmail(uint64_t pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%llu/comm", (unsigned long long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof name, f))
		name[0] = '\0';
	fclose(f);
	return strncmp(name, "sendmail", 8) == 0;
}

/* Does Sendmail's daemon run? Its process ID is the first line of a file. */
static bool is_running(const struct jm_sendmail *cf)
{
	const char *path = jm_sendmail_option(cf, "PidFile");
	unsigned char *text = NULL;
	struct jm_span line;
	size_t n = 0;
	uint64_t pid;
	bool running;

	if (jm_io_read_file(path[0] ? path : DEFAULT_PID_FILE, FILE_MAX_BYTES, &text, &n, NULL) !=
	    0)
		return false;
	line = jm_span_of(text, n);
	running = jm_num_u64(jm_span_sub(line, 0, jm_span_index(line, '\n')), 1, INT32_MAX, &pid) ==
		0 &&
	    is_sendmail(pid);
	free(text);
	return running;
}

static void check_address(struct jm_doctor *d, const char *listener)
{
	jm_doctor_check(d, "loopback-only", "%s: others can reach it", listener);
	if (jm_doctor_unreachable(d, jm_sendmail_listener(listener, 'a')))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "loopback-only",
		    "sendmail.mc: no Addr=127.0.0.1 in DAEMON_OPTIONS",
		    "%s: only this machine can reach it, and a service waits for reports from "
		    "elsewhere",
		    listener);
}

static void check_port(struct jm_doctor *d, const struct jm_sendmail *cf, const char *listener)
{
	struct jm_span name = jm_sendmail_listener(listener, 'p'),
		       family = jm_sendmail_listener(listener, 'f');
	static const struct jm_doctor_mta sendmail = { "Sendmail", "service sendmail start",
		"service sendmail restart, and look into its log" };
	struct jm_span addr = jm_sendmail_listener(listener, 'a');
	struct jm_doctor_listener l = { .cure = NULL };
	char shown[1024], address[128];
	struct jm_cidr c;
	uint64_t port;

	if (jm_span_eq_nocase(family, jm_span_str("local")) ||
	    jm_span_eq_nocase(family, jm_span_str("unix")))
		return;
	if (jm_span_none(name))
		name = jm_span_str(
		    sendmail_has(jm_sendmail_listener(listener, 'm'), 's') ? "465" : "25");
	jm_doctor_check(d, "unknown-port", "%s has a port", listener);
	if (jm_doctor_port(name, &port) != 0) {
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unknown-port",
		    "sendmail.mc: a number as Port in DAEMON_OPTIONS", "%s: there is no such port",
		    listener);
		return;
	}
	snprintf(shown, sizeof shown, "\"%s\"", listener);
	if (geteuid() == 0) /* others may not be able to read the PID file */
		jm_doctor_listener(d, &sendmail, is_running(cf), port, shown);
	else
		jm_doctor_add(d, JM_DOCTOR_SKIP, "mta-stopped", NULL,
		    "whether Sendmail runs: only root may ask");
	if (!d->probe || !jm_doctor_is_listening(port))
		return;
	snprintf(address, sizeof address, "%.*s", (int)addr.len, (const char *)addr.p);
	l.host = addr.len && jm_cidr_parse(addr, &c, NULL) == 0 && c.bits == 128 &&
		address[0] != '0'
	    ? address
	    : "127.0.0.1";
	l.port = (unsigned)port;
	l.wrapped = sendmail_has(jm_sendmail_listener(listener, 'm'), 's');
	l.shown = shown;
	jm_doctor_talk(d, &l);
}

/*
 * Find a filter in a list, separated by Sendmail's rules, and count the filters before and after
 * it. False when it is missing.
 */
static bool find_filter(const char *list, const char *filter, size_t *before_r, size_t *after_r)
{
	char text[1024];
	struct jm_span rest, word;
	bool found = false;

	*before_r = *after_r = 0;
	snprintf(text, sizeof text, "%s", list);
	for (char *c = text; *c; c++)
		if (*c == ';')
			*c = ',';
	rest = jm_span_str(text);
	while (jm_postfix_word(&rest, &word)) {
		if (jm_span_eq(word, jm_span_str(filter)))
			found = true;
		else
			++*(found ? after_r : before_r);
	}
	return found;
}

static void check_order(struct jm_doctor *d, size_t before, size_t after)
{
	jm_doctor_check(d, "milter-after", "no other filter after ours");
	jm_doctor_check(d, "milter-before", "no other filter before ours");
	if (after > 0)
		jm_doctor_add(d, JM_DOCTOR_WARN, "milter-after",
		    "a Sendmail of its own for the journal",
		    "%zu other filters come after ours: one of them can refuse what is archived "
		    "already",
		    after);
	if (before > 0)
		jm_doctor_add(d, JM_DOCTOR_WARN, "milter-before",
		    "sendmail.mc: InputMailFilters=journal in the journal's DAEMON_OPTIONS",
		    "%zu other filters come before ours: what they change is archived", before);
}

/* The filters of a listener: its own list, in text, or the common one. */
static const char *filters_of(
    const struct jm_sendmail *cf, const char *listener, char *text, size_t text_bytes)
{
	struct jm_span own = jm_sendmail_listener(listener, 'i');

	if (jm_span_none(own))
		return jm_sendmail_option(cf, "InputMailFilters");
	snprintf(text, text_bytes, "%.*s", (int)own.len, (const char *)own.p);
	return text;
}

void jm_doctor_sendmail_listen(
    struct jm_doctor *d, const struct jm_sendmail *cf, const char *filter)
{
	size_t before, after, found = 0;
	const char *listener, *list;
	char text[1024];

	jm_doctor_check(d, "filter-unused", "a listener uses filter %s", filter);
	for (size_t i = 0; (listener = listener_at(cf, i)); i++) {
		list = filters_of(cf, listener, text, sizeof text);
		if (!find_filter(list, filter, &before, &after))
			continue; /* not ours */
		if (found++ == 0 || list == text)
			check_order(d, before, after);
		check_address(d, listener);
		check_port(d, cf, listener);
	}
	if (found == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "filter-unused",
		    "sendmail.mc: InputMailFilters=journal in the journal's DAEMON_OPTIONS",
		    "no listener uses filter %s (InputMailFilters, or InputMailFilters= of "
		    "DaemonPortOptions): reports pass unarchived",
		    filter);
}

/* True when a listener uses the filter, and each that does has this letter in its Modify=. */
static bool all_have(const struct jm_sendmail *cf, const char *filter, unsigned char letter)
{
	const char *listener;
	char text[1024];
	size_t before, after, found = 0;

	for (size_t i = 0; (listener = listener_at(cf, i)); i++) {
		if (!find_filter(
			filters_of(cf, listener, text, sizeof text), filter, &before, &after))
			continue;
		found++;
		if (!sendmail_has(jm_sendmail_listener(listener, 'm'), letter))
			return false;
	}
	return found > 0;
}

/*
 * Check the files of TLS: Sendmail 8.17 offers STARTTLS only when all four options are set and the
 * files are readable.
 */
static void check_files(struct jm_doctor *d, const struct jm_sendmail *cf)
{
	static const struct {
		const char *option, *macro;
		bool file;
	} needed[] = {
		{ "ServerCertFile", "confSERVER_CERT", true },
		{ "ServerKeyFile", "confSERVER_KEY", true },
		{ "CACertFile", "confCACERT", true },
		{ "CACertPath", "confCACERT_PATH", false },
	};
	char line[128];

	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		const char *value = jm_sendmail_option(cf, needed[i].option);
		bool lost = value[0] == '/' && needed[i].file && access(value, F_OK) != 0 &&
		    errno == ENOENT;

		if (value[0] && !lost)
			continue;
		snprintf(line, sizeof line, "sendmail.mc: define(`%s', `%s')", needed[i].macro,
		    needed[i].file ? "FILE" : "FOLDER");
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-tls", line,
		    "%s %s%s: without it Sendmail offers no TLS, and a service is <encrypted>: its "
		    "reports are refused",
		    needed[i].option, lost ? "is not there: " : "is not set", lost ? value : "");
	}
}

void jm_doctor_sendmail_tls(struct jm_doctor *d, const struct jm_sendmail *cf, const char *filter)
{
	const char *certificate = jm_sendmail_option(cf, "ServerCertFile");
	const struct jm_doctor_certificate c = { certificate,
		jm_sendmail_option(cf, "ServerKeyFile"),
		"sendmail.mc: other files in confSERVER_CERT and confSERVER_KEY; then make -C "
		"/etc/mail && service sendmail restart" };
	struct jm_doctor_wants wants = jm_doctor_wants(d);

	jm_doctor_check(d, "no-tls", "TLS is offered, if a service wants it");
	jm_doctor_check(d, "no-client-certificate",
	    "a client certificate is asked for, if a service "
	    "wants one");
	jm_doctor_check(d, "no-login", "a login is offered, if a service wants one");
	jm_doctor_check(d, "login-required", "a login is required only if a service wants one");
	if (!wants.login && all_have(cf, filter, 'a'))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "login-required",
		    "sendmail.mc: no a in M= of DAEMON_OPTIONS",
		    "the listener requires a login (M=a), and no service wants one: Exchange's "
		    "reports are refused");
	if (wants.tls)
		check_files(d, cf);
	if (wants.tls && all_have(cf, filter, 'S'))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-tls",
		    "sendmail.mc: no S in M= of DAEMON_OPTIONS",
		    "the listener offers no TLS (M=S), and a service is <encrypted>: its reports "
		    "are refused");
	if (wants.client_certificate &&
	    sendmail_has(jm_span_str(jm_sendmail_option(cf, "TLSSrvOptions")), 'V'))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-client-certificate",
		    "sendmail.mc: no V in confTLS_SRV_OPTIONS",
		    "Sendmail asks for no client certificate, and a service wants one "
		    "(encryption-mode strict)");
	if (wants.login && all_have(cf, filter, 'A'))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "no-login",
		    "sendmail.mc: no A in M= of DAEMON_OPTIONS",
		    "the listener offers no login (M=A), and a service wants one: its reports are "
		    "refused");
	if (certificate[0] == '/')
		jm_doctor_certificate(d, &c);
}
