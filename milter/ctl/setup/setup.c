/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl setup: write all files that a domain's journaling needs into a folder: settings, parts for
 * Postfix and Sendmail, PowerShell for each Exchange. The texts are templates (config/,
 * contrib/exchange/); this file has only the values. Changes nothing else on the machine.
 */
#include "milter/ctl/setup/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/cidr.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"
#include "common/mail/domain.h"
#include "common/settings/default.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"

#define ARCHIVE_DIRECTORY "/var/lib/journal-milter"
#define PUBLISH_DIRECTORY "/run/journal-milter-public"
#define SOCKET "unix:/run/journal-milter/milter.sock"
#define SOCKET_GROUP "journal-mta" /* group and user are made by sysusers.d */
#define USER "journal-milter"
#define OUTPUT_MAX_BYTES (1024u * 1024)
#define TEXT_MAX_BYTES (64u * 1024)

enum { ON_PREMISES = 1, ONLINE = 2, TWO_SERVICES = 4 };

struct file {
	const char *template, *output;
	int needs; /* 0: always */
	mode_t mode;
	const char *exchange; /* @EXCHANGE@ */
};

/* In the order in which they are listed. */
static const struct file files[] = {
	{ "config/setup-steps.in", "README", 0, 0644, "" },
	{ "config/settings-setup.xml.in", "journal-milter.xml", 0, 0640, "" },
	{ "config/postfix-main.cf.in", "postfix-main.cf", 0, 0644, "" },
	{ "config/postfix-master.cf.in", "postfix-master.cf", 0, 0644, "" },
	{ "config/postfix-apply.in", "postfix-apply", 0, 0755, "" },
	{ "config/sendmail.mc.in", "sendmail.mc", 0, 0644, "" },
	{ "config/sendmail-mailertable.in", "sendmail-mailertable", 0, 0644, "" },
	{ "contrib/exchange/on-premises.ps1.in", "exchange-2007.ps1", ON_PREMISES, 0644,
	    "2007 (Service Pack 1 or later)" },
	{ "contrib/exchange/on-premises.ps1.in", "exchange-2010.ps1", ON_PREMISES, 0644, "2010" },
	{ "contrib/exchange/on-premises.ps1.in", "exchange-2013-2019.ps1", ON_PREMISES, 0644,
	    "2013 to 2019" },
	{ "contrib/exchange/on-premises-check.ps1.in", "exchange-check.ps1", ON_PREMISES, 0644,
	    "" },
	{ "contrib/exchange/on-premises-undo.ps1.in", "exchange-undo.ps1", ON_PREMISES, 0644, "" },
	{ "contrib/exchange/online.ps1.in", "exchange-online.ps1", ONLINE, 0644, "" },
	{ "contrib/exchange/online-check.ps1.in", "exchange-online-check.ps1", ONLINE, 0644, "" },
	{ "contrib/exchange/online-undo.ps1.in", "exchange-online-undo.ps1", ONLINE, 0644, "" },
};

struct setup {
	/* options */
	const char *output, *mta_address, *undeliverable, *kind, *socket, *socket_group, *user,
	    *archive, *publish;
	struct jm_ctl_list smart_hosts, sources;
	bool force, json;
	/* derived from the options */
	int services;
	char domain[JM_DOMAIN_BYTES], journal_domain[JM_DOMAIN_BYTES + 8],
	    address[JM_DOMAIN_BYTES + 32], second[JM_DOMAIN_BYTES + 32];
	char folder[JM_DOMAIN_BYTES + 32], ndr[JM_DOMAIN_BYTES + 16], date[16], listen[96],
	    sendmail_listen[96], postfix_socket[256], sendmail_socket[256];
	struct jm_buf smart_hosts_ps, services_xml, group_xml;
};

/* Accept letters, digits, hyphens and dots only: no language of the templates can misread them. */
static bool is_host(const char *text)
{
	struct jm_cidr c;
	size_t n = strlen(text);

	if (n == 0 || n > 253 || text[0] == '-' || text[0] == '.' || text[n - 1] == '.' ||
	    strstr(text, ".."))
		return false;
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == n)
		return true;
	return jm_cidr_parse(jm_span_str(text), &c, NULL) == 0 && c.bits == 128;
}

static bool is_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at > text && at - text <= 64 && strchr(at + 1, '.') && is_host(at + 1) &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._+=") ==
	    (size_t)(at - text);
}

static bool is_path(const char *text)
{
	return text[0] == '/' &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") ==
	    strlen(text);
}

static bool is_name(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 32 && text[0] != '-' &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == n;
}

/* Set the listener of both MTAs from ADDRESS, ADDRESS:PORT or [IPv6]:PORT; NULL: all addresses. */
static int take_listen(struct setup *s, struct jm_err *err)
{
	struct jm_span text, host, port = jm_span_str("25");
	struct jm_cidr c;
	bool v6;
	uint64_t number;

	if (!s->mta_address) {
		snprintf(s->listen, sizeof s->listen, "smtp");
		snprintf(s->sendmail_listen, sizeof s->sendmail_listen, "Port=smtp");
		return 0;
	}
	host = text = jm_span_str(s->mta_address);
	if (text.len && text.p[0] == '[') {
		size_t end = jm_span_index(text, ']');

		host = jm_span_sub(text, 1, end - 1);
		if (end + 1 < text.len && text.p[end + 1] == ':')
			port = jm_span_sub(text, end + 2, text.len);
	} else if (jm_span_index(text, ':') == jm_span_rindex(text, ':') &&
	    jm_span_index(text, ':') < text.len) {
		host = jm_span_sub(text, 0, jm_span_index(text, ':'));
		port = jm_span_sub(text, host.len + 1, text.len);
	}
	if (jm_cidr_parse(host, &c, err) != 0 || c.bits != 128 || host.len > 45 ||
	    jm_num_u64(port, 1, 65535, &number) != 0)
		return jm_err_set(err, JM_E_USAGE,
		    "--mta-address wants an IP address of this machine, with :PORT where it is "
		    "not 25, not \"%s\"",
		    s->mta_address);
	v6 = jm_span_index(host, ':') < host.len;
	snprintf(s->listen, sizeof s->listen, v6 ? "[%.*s]:%u" : "%.*s:%u", (int)host.len,
	    (const char *)host.p, (unsigned)number);
	snprintf(s->sendmail_listen, sizeof s->sendmail_listen, "%sPort=%u, Addr=%.*s",
	    v6 ? "Family=inet6, " : "", (unsigned)number, (int)host.len, (const char *)host.p);
	return 0;
}

/* Set the milter's socket in the form of Postfix. */
static int take_socket(struct setup *s, struct jm_err *err)
{
	const char *rest = strchr(s->socket, ':'), *at = strchr(s->socket, '@');
	size_t kind = rest ? (size_t)(rest - s->socket) : 0;

	if ((kind == 4 && strncmp(s->socket, "unix", 4) == 0) ||
	    (kind == 5 && strncmp(s->socket, "local", 5) == 0)) {
		if (!is_path(rest + 1))
			return jm_err_set(err, JM_E_USAGE,
			    "--milter-socket: \"%s\" is no plain absolute path", rest + 1);
		snprintf(s->postfix_socket, sizeof s->postfix_socket, "unix:%s", rest + 1);
		snprintf(s->sendmail_socket, sizeof s->sendmail_socket, "local:%s", rest + 1);
		return 0;
	}
	if (kind >= 4 && strncmp(s->socket, "inet", 4) == 0 && at && is_host(at + 1) &&
	    strspn(rest + 1, "0123456789") == (size_t)(at - rest - 1)) {
		snprintf(s->postfix_socket, sizeof s->postfix_socket,
		    strchr(at, ':') ? "inet:[%s]:%.*s" : "inet:%s:%.*s", at + 1,
		    (int)(at - rest - 1), rest + 1);
		snprintf(s->sendmail_socket, sizeof s->sendmail_socket, "%s", s->socket);
		return 0;
	}
	return jm_err_set(err, JM_E_USAGE,
	    "--milter-socket wants unix:/PATH or inet:PORT@HOST, not \"%s\"", s->socket);
}

static int take_kind(struct setup *s, struct jm_err *err)
{
	static const struct {
		const char *name;
		int services;
	} kinds[] = {
		{ "one", ON_PREMISES | ONLINE },
		{ "on-premises", ON_PREMISES },
		{ "microsoft-365", ONLINE },
		{ "hybrid", ON_PREMISES | ONLINE | TWO_SERVICES },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(s->kind, kinds[i].name) == 0) {
			s->services = kinds[i].services;
			return 0;
		}
	return jm_err_set(err, JM_E_USAGE,
	    "--services wants one, on-premises, microsoft-365 or hybrid, not \"%s\"", s->kind);
}

static int add_range(struct setup *s, const char *text, struct jm_err *err)
{
	return jm_buf_printf(&s->services_xml, err, "      <range>%s</range>\n", text);
}

static int add_sources(struct setup *s, struct jm_err *err)
{
	static const char *const private_ranges[] = { "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "fd00::/8" };
	struct jm_cidr c;

	if (s->sources.n == 0) {
		if (jm_buf_printf(&s->services_xml, err,
			"      <!-- Private networks, as nothing better was known. Write here the "
			"addresses of the Exchange servers alone. -->\n") != 0)
			return -1;
		for (size_t i = 0; i < sizeof private_ranges / sizeof private_ranges[0]; i++)
			if (add_range(s, private_ranges[i], err) != 0)
				return -1;
	}
	for (size_t i = 0; i < s->sources.n; i++) {
		if (jm_cidr_parse(jm_span_str(s->sources.v[i]), &c, err) != 0)
			return jm_err_wrap(err, "--source \"%s\"", s->sources.v[i]);
		if (add_range(s, s->sources.v[i], err) != 0)
			return -1;
	}
	return 0;
}

static int add_microsoft(struct setup *s, struct jm_err *err)
{
	struct jm_endpoints e = { .v = NULL };
	char text[JM_CIDR_TEXT_BYTES];
	unsigned char *p = NULL;
	size_t n = 0;
	int rc = -1;

	if (jm_data_read(JM_ENDPOINTS_FILE, &p, &n, err) != 0 ||
	    jm_endpoints_parse(jm_span_of(p, n), &e, err) != 0)
		goto out;
	if (jm_buf_printf(&s->services_xml, err,
		"      <!-- Microsoft 365 as of %s; compare every month: jmctl ranges diff FILE "
		"-->\n",
		e.date) != 0)
		goto out;
	for (size_t i = 0; i < e.n; i++)
		if (add_range(s, jm_cidr_format(&e.v[i], text), err) != 0)
			goto out;
	rc = 0;
out:
	free(p);
	jm_endpoints_release(&e);
	return rc;
}

/* Append a <journal-service>; whence: ON_PREMISES, ONLINE or both. */
static int add_service(
    struct setup *s, const char *what, const char *address, int whence, struct jm_err *err)
{
	if (jm_buf_printf(&s->services_xml, err,
		"  <journal-service>\n    <description>%s of %s</description>\n    "
		"<email-address>%s</email-address>\n"
		"    <additional-source-ip-ranges>\n",
		what, s->domain, address) != 0)
		return -1;
	if (((whence & ON_PREMISES) && add_sources(s, err) != 0) ||
	    ((whence & ONLINE) && add_microsoft(s, err) != 0))
		return -1;
	return jm_buf_printf(&s->services_xml, err,
	    "    </additional-source-ip-ranges>\n%s  </journal-service>\n",
	    whence == ONLINE
		? "    <!-- The connector of Microsoft 365 insists on TLS. -->\n    "
		  "<encrypted>yes</encrypted>\n"
		: "    <!-- yes: only over TLS, when the MTA has a certificate -->\n    <!-- "
		  "<encrypted>no</encrypted> -->\n");
}

static int add_services(struct setup *s, struct jm_err *err)
{
	if (s->services & TWO_SERVICES) {
		if (add_service(s, "Exchange on premises", s->address, ON_PREMISES, err) != 0)
			return -1;
		return add_service(s, "Microsoft 365", s->second, ONLINE, err);
	}
	return add_service(
	    s, s->services == ONLINE ? "Microsoft 365" : "Exchange", s->address, s->services, err);
}

static int take_smart_hosts(struct setup *s, struct jm_err *err)
{
	const char *one = s->journal_domain;

	for (size_t i = 0; i < s->smart_hosts.n || i == 0; i++) {
		if (s->smart_hosts.n)
			one = s->smart_hosts.v[i];
		if (!is_host(one))
			return jm_err_set(err, JM_E_USAGE,
			    "--smart-host wants a host name or an IP address, not \"%s\"", one);
		if (jm_buf_printf(&s->smart_hosts_ps, err, "%s'%s'", i ? ", " : "@(", one) != 0)
			return -1;
	}
	return jm_buf_add_byte(&s->smart_hosts_ps, ')', err);
}

static int setup_take(struct setup *s, const char *domain, struct jm_err *err)
{
	char now[JM_CLOCK_TEXT_BYTES];

	if (jm_domain_normalise(jm_span_str(domain), s->domain) != 0 || !is_host(s->domain) ||
	    !strchr(s->domain, '.') || strchr(s->domain, ':') || strlen(s->domain) > 200)
		return jm_err_set(err, JM_E_USAGE,
		    "\"%s\" is no mail domain; wanted is one like example.com", domain);
	snprintf(s->journal_domain, sizeof s->journal_domain, "journal.%s", s->domain);
	snprintf(s->address, sizeof s->address, "journaling@%s", s->journal_domain);
	snprintf(s->second, sizeof s->second, "journaling-365@%s", s->journal_domain);
	snprintf(s->ndr, sizeof s->ndr, "journal-ndr@%s", s->domain);
	snprintf(s->folder, sizeof s->folder, "journal-milter-setup-%s", s->domain);
	snprintf(s->date, sizeof s->date, "%.10s", jm_clock_format(jm_clock_now_ms(), now));
	if (!s->undeliverable)
		s->undeliverable = s->ndr;
	if (!s->output)
		s->output = s->folder;
	if (!is_address(s->undeliverable))
		return jm_err_set(err, JM_E_USAGE,
		    "--undeliverable wants a mail address, not \"%s\"", s->undeliverable);
	if (!is_path(s->archive) || !is_path(s->publish))
		return jm_err_set(err, JM_E_USAGE, "--%s: \"%s\" is no plain absolute path",
		    is_path(s->archive) ? "publish" : "archive",
		    is_path(s->archive) ? s->publish : s->archive);
	if (!is_name(s->user) || !is_name(s->socket_group))
		return jm_err_set(err, JM_E_USAGE, "--%s: \"%s\" is no name of an account",
		    is_name(s->user) ? "socket-group" : "user",
		    is_name(s->user) ? s->socket_group : s->user);
	if (take_kind(s, err) != 0 || take_listen(s, err) != 0 || take_socket(s, err) != 0 ||
	    take_smart_hosts(s, err) != 0)
		return -1;
	/* A TCP socket has no group. */
	if (s->postfix_socket[0] == 'u' &&
	    jm_buf_printf(&s->group_xml, err,
		"    <!-- Who may connect: postfix-apply puts Postfix' user into this group; "
		"Sendmail is root and needs none. -->\n    <socket-group>%s</socket-group>\n",
		s->socket_group) != 0)
		return -1;
	return add_services(s, err);
}

/* Fill a template and write its file. */
static int write_file(const struct setup *s, const struct file *f, struct jm_err *err)
{
	bool two = (s->services & TWO_SERVICES) != 0, online = f->needs == ONLINE;
	const char *hub = strcmp(f->exchange, "2013 to 2019") == 0
	    ? "Get-ExchangeServer | Where-Object { $_.IsMailboxServer }"
	    : "Get-ExchangeServer | Where-Object { $_.IsHubTransportServer }";
	const struct jm_data_value values[] = {
		{ "DOMAIN", s->domain },
		{ "JOURNAL_DOMAIN", s->journal_domain },
		{ "JOURNAL_ADDRESS", two && online ? s->second : s->address },
		{ "SECOND_ADDRESS", two ? ", for Microsoft 365 journaling-365" : "" },
		{ "UNDELIVERABLE", s->undeliverable },
		{ "DATE", s->date },
		{ "SMART_HOST", s->smart_hosts.n ? s->smart_hosts.v[0] : s->journal_domain },
		{ "SMART_HOSTS_PS", jm_buf_str(&s->smart_hosts_ps) },
		{ "LISTEN", s->listen },
		{ "SENDMAIL_LISTEN", s->sendmail_listen },
		{ "SOCKET", s->socket },
		{ "SENDMAIL_SOCKET", s->sendmail_socket },
		{ "POSTFIX_SOCKET", s->postfix_socket },
		{ "SETTINGS", JM_SETTINGS_DEFAULT_FILE },
		{ "ARCHIVE", s->archive },
		{ "SOCKET_GROUP", s->postfix_socket[0] == 'u' ? s->socket_group : "" },
		{ "SOCKET_GROUP_XML", jm_buf_str(&s->group_xml) },
		{ "USER", s->user },
		{ "PUBLISH", s->publish },
		{ "SERVICES", jm_buf_str(&s->services_xml) },
		{ "EXCHANGE", f->exchange },
		{ "FILE", f->output },
		{ "TRANSPORT_SERVERS", hub },
		{ "CONTACT", two && online ? "SMTP Journaling Microsoft 365" : "SMTP Journaling" },
		{ "CONNECTOR",
		    online ? "Microsoft 365 to journal-milter" : "Exchange to journal-milter" },
		{ "REMOTE_DOMAIN", "journal-milter" },
		{ "RULE", "Journal Internal Mail to journal-milter" },
		{ NULL, NULL },
	};
	struct jm_buf out;
	unsigned char *p = NULL;
	char path[4096];
	size_t n = 0;
	int rc = -1;

	jm_buf_init(&out, OUTPUT_MAX_BYTES);
	snprintf(path, sizeof path, "%s/%s", s->output, f->output);
	if (jm_data_read(f->template, &p, &n, err) == 0) {
		if (jm_data_fill(jm_span_of(p, n), values, &out, err) != 0)
			(void)jm_err_wrap(err, "%s", f->template);
		else
			rc = jm_io_publish(path, out.p, out.len, f->mode, err);
	}
	free(p);
	jm_buf_release(&out);
	return rc;
}

/* Write all files; written gets their names within the folder. */
static int write_all(const struct setup *s, json_t *written, struct jm_err *err)
{
	if (mkdir(s->output, 0755) != 0) {
		if (errno != EEXIST)
			return jm_err_sys(err, errno == ENOENT ? JM_E_NOTFOUND : JM_E_DENIED,
			    "cannot make the folder %s", s->output);
		if (!s->force)
			return jm_err_set(err, JM_E_DENIED,
			    "%s is there already; --force writes into it, --output names another",
			    s->output);
	}
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (files[i].needs && !(s->services & files[i].needs))
			continue;
		if (write_file(s, &files[i], err) != 0)
			return -1;
		if (s->json)
			(void)json_array_append_new(written, json_string(files[i].output));
		else
			printf("%s/%s\n", s->output, files[i].output);
	}
	return 0;
}

static void setup_report(const struct setup *s, json_t *written)
{
	json_t *o;

	if (!s->json) {
		printf(
		    "\nNothing else was changed. What to do with it is in %s/README.\n", s->output);
		return;
	}
	o = json_pack("{s:s, s:s, s:s, s:s, s:O}", "directory", s->output, "domain", s->domain,
	    "journal_domain", s->journal_domain, "journal_address", s->address, "files", written);
	jm_print_json(stdout, o);
	json_decref(o);
}

int jm_ctl_setup(int argc, char **argv)
{
	struct setup s = { .kind = "one",
		.socket = SOCKET,
		.socket_group = SOCKET_GROUP,
		.user = USER,
		.archive = ARCHIVE_DIRECTORY,
		.publish = PUBLISH_DIRECTORY };
	const struct jm_ctl_option options[] = {
		{ "output", JM_CTL_TEXT, &s.output, "DIR",
		    "where to; default: journal-milter-setup-DOMAIN" },
		{ "force", JM_CTL_FLAG, &s.force, NULL, "write into a folder that is there" },
		{ "services", JM_CTL_TEXT, &s.kind, "WHICH",
		    "one (default), on-premises, microsoft-365, hybrid",
		    "one on-premises microsoft-365 hybrid" },
		{ "smart-host", JM_CTL_LIST, &s.smart_hosts, "HOST",
		    "by which Exchange reaches the MTA; default: journal.DOMAIN" },
		{ "mta-address", JM_CTL_TEXT, &s.mta_address, "ADDR[:PORT]",
		    "of the journal's listener; default: all, 25" },
		{ "undeliverable", JM_CTL_TEXT, &s.undeliverable, "ADDRESS",
		    "default: journal-ndr@DOMAIN" },
		{ "source", JM_CTL_LIST, &s.sources, "RANGE",
		    "of the Exchange servers; default: private networks" },
		{ "milter-socket", JM_CTL_TEXT, &s.socket, "SOCKET",
		    "of the milter; default: " SOCKET },
		{ "socket-group", JM_CTL_TEXT, &s.socket_group, "GROUP",
		    "who may connect to it; default: " SOCKET_GROUP },
		{ "user", JM_CTL_TEXT, &s.user, "USER", "of the daemon; default: " USER },
		{ "archive", JM_CTL_TEXT, &s.archive, "DIR", "default: " ARCHIVE_DIRECTORY },
		{ "publish", JM_CTL_TEXT, &s.publish, "DIR",
		    "for the status page; default: " PUBLISH_DIRECTORY },
		{ "json", JM_CTL_FLAG, &s.json, NULL, "print one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};
	struct jm_err err = { JM_E_NONE, 0, "" };
	json_t *written = json_array();
	int rc = EX_OK,
	    n = jm_ctl_options(argc, argv, options, "[options] DOMAIN",
		"Write what MTA, archive and Exchange need for a domain.", &rc);

	jm_buf_init(&s.smart_hosts_ps, TEXT_MAX_BYTES);
	jm_buf_init(&s.services_xml, TEXT_MAX_BYTES);
	jm_buf_init(&s.group_xml, TEXT_MAX_BYTES);
	if (n < 0)
		goto out;
	if (n != 1)
		rc = jm_ctl_fail_usage("setup", n == 0 ? NULL : argv[2]);
	else if (setup_take(&s, argv[1], &err) != 0 || write_all(&s, written, &err) != 0)
		rc = jm_ctl_fail("setup", &err);
	else
		setup_report(&s, written);
out:
	json_decref(written);
	free(s.smart_hosts.v);
	free(s.sources.v);
	jm_buf_release(&s.smart_hosts_ps);
	jm_buf_release(&s.services_xml);
	jm_buf_release(&s.group_xml);
	return rc;
}
