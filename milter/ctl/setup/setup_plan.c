/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of jmctl setup, checked together. See setup_plan.h. */
#include "milter/ctl/setup/setup_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/cli/endpoints.h"

#define STATE_DIRECTORY "/var/lib/journal-milter"
#define RUN_DIRECTORY "/run/journal-milter"
#define PUBLIC_DIRECTORY "/run/journal-milter-public"
#define ONLINE_HOST "outlook.office365.com"

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

/* True when name is domain, or with below a name below it. Both in their normal form. */
static bool is_in(const char *name, const char *domain, bool below)
{
	size_t n = strlen(name), m = strlen(domain);

	return strcmp(name, domain) == 0 ||
	    (below && n > m && name[n - m - 1] == '.' && strcmp(name + n - m, domain) == 0);
}

static bool is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* The folders of the systemd unit, StateDirectory and ReadWritePaths. */
static bool is_writable(const char *path)
{
	return is_below(path, STATE_DIRECTORY) || is_below(path, RUN_DIRECTORY) ||
	    is_below(path, PUBLIC_DIRECTORY);
}

static void JM_PRINTF(2, 3) note(struct jm_setup *s, const char *fmt, ...)
{
	va_list ap;

	if (s->notes_n == JM_SETUP_NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(s->notes[s->notes_n++], sizeof s->notes[0], fmt, ap);
	va_end(ap);
}

/* Set the listener of both MTAs from ADDRESS, ADDRESS:PORT or [IPv6]:PORT; NULL: all addresses. */
static int take_listen(struct jm_setup *s, struct jm_err *err)
{
	struct jm_span text, host, port = jm_span_str("25");
	struct jm_cidr c;
	bool v6;
	uint64_t number;

	s->port = 25;
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
	s->port = (unsigned)number;
	v6 = jm_span_index(host, ':') < host.len;
	snprintf(s->listen, sizeof s->listen, v6 ? "[%.*s]:%u" : "%.*s:%u", (int)host.len,
	    (const char *)host.p, s->port);
	snprintf(s->sendmail_listen, sizeof s->sendmail_listen, "%sPort=%u, Addr=%.*s",
	    v6 ? "Family=inet6, " : "", s->port, (int)host.len, (const char *)host.p);
	return 0;
}

/* Set the milter's socket in the form of Postfix. */
static int take_socket(struct jm_setup *s, struct jm_err *err)
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

static int take_kind(struct jm_setup *s, struct jm_err *err)
{
	static const struct {
		const char *name;
		int parts;
	} kinds[] = {
		{ "one", JM_SETUP_ON_PREMISES | JM_SETUP_ONLINE },
		{ "on-premises", JM_SETUP_ON_PREMISES },
		{ "microsoft-365", JM_SETUP_ONLINE },
		{ "hybrid", JM_SETUP_ON_PREMISES | JM_SETUP_ONLINE | JM_SETUP_TWO_SERVICES },
	};

	if (strcmp(s->transport, "smtp") != 0 && strcmp(s->transport, "pop3") != 0)
		return jm_err_set(
		    err, JM_E_USAGE, "--transport wants smtp or pop3, not \"%s\"", s->transport);
	s->parts = s->transport[0] == 's' ? JM_SETUP_SMTP : JM_SETUP_POP3;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(s->kind, kinds[i].name) == 0) {
			s->parts |= kinds[i].parts;
			return 0;
		}
	return jm_err_set(err, JM_E_USAGE,
	    "--services wants one, on-premises, microsoft-365 or hybrid, not \"%s\"", s->kind);
}

static int take_smart_hosts(struct jm_setup *s, struct jm_err *err)
{
	for (size_t i = 0; i < s->smart_hosts.n; i++)
		if (!is_host(s->smart_hosts.v[i]))
			return jm_err_set(err, JM_E_USAGE,
			    "--smart-host wants a host name or an IP address, not \"%s\"",
			    s->smart_hosts.v[i]);
	return 0;
}

/* The tenant's own domain: one label below one of Microsoft's. */
static int take_tenant(struct jm_setup *s, struct jm_err *err)
{
	static const char *const clouds[] = { ".onmicrosoft.com", ".onmicrosoft.us",
		".onmicrosoft.de", ".partner.onmschina.cn" };

	if (!s->tenant)
		return 0;
	if (jm_domain_normalise(jm_span_str(s->tenant), s->tenant_domain) == 0 &&
	    is_host(s->tenant_domain))
		for (size_t i = 0; i < sizeof clouds / sizeof clouds[0]; i++) {
			const char *dot = strchr(s->tenant_domain, '.');

			if (!dot || strcmp(dot, clouds[i]) != 0)
				continue;
			if (i > 0)
				note(s,
				    "The ranges of Microsoft 365 that came with the program are "
				    "those of the worldwide service; compare them with the list of "
				    "your cloud: jmctl ranges diff FILE");
			return 0;
		}
	return jm_err_set(err, JM_E_USAGE,
	    "--tenant wants the tenant's own domain, NAME.onmicrosoft.com, not \"%s\"; "
	    "(Get-AcceptedDomain | Where-Object { $_.InitialDomain }).DomainName prints it",
	    s->tenant);
}

static int take_internal_domains(struct jm_setup *s, struct jm_err *err)
{
	for (size_t i = 0; i < s->internal_domains.n; i++) {
		char name[JM_DOMAIN_BYTES];
		bool twice = false;

		if (s->internal_n == JM_SETUP_DOMAINS_MAX)
			return jm_err_set(err, JM_E_USAGE,
			    "--internal-domain: more than %d; add the others to "
			    "<internal-domains> by hand",
			    JM_SETUP_DOMAINS_MAX);
		if (jm_domain_normalise(jm_span_str(s->internal_domains.v[i]), name) != 0 ||
		    !is_host(name) || !strchr(name, '.') || strchr(name, ':'))
			return jm_err_set(err, JM_E_USAGE,
			    "--internal-domain wants a mail domain, not \"%s\"",
			    s->internal_domains.v[i]);
		if (is_in(name, s->journal_domain, true))
			return jm_err_set(err, JM_E_USAGE,
			    "--internal-domain: %s is the journal domain: nobody may have a "
			    "mailbox there",
			    name);
		for (size_t k = 0; k < s->internal_n; k++)
			twice = twice || strcmp(s->internal[k], name) == 0;
		if (!twice && !is_in(name, s->domain, true) && strcmp(name, s->tenant_domain) != 0)
			snprintf(s->internal[s->internal_n++], JM_DOMAIN_BYTES, "%s", name);
	}
	return 0;
}

/* Exchange sends its reports from the address for undeliverable reports. */
static int take_undeliverable(struct jm_setup *s, struct jm_err *err)
{
	char name[JM_DOMAIN_BYTES];
	bool internal;

	if (!s->undeliverable)
		s->undeliverable = s->ndr;
	if (!is_address(s->undeliverable) ||
	    jm_domain_normalise(jm_span_str(strchr(s->undeliverable, '@') + 1), name) != 0)
		return jm_err_set(err, JM_E_USAGE,
		    "--undeliverable wants a mail address, not \"%s\"", s->undeliverable);
	if (is_in(name, s->journal_domain, true))
		return jm_err_set(err, JM_E_USAGE,
		    "--undeliverable: %s is in the journal domain: what cannot be delivered there "
		    "would be sent there again; take a mailbox in another domain",
		    s->undeliverable);
	if ((s->parts & JM_SETUP_POP3) && strcasecmp(s->undeliverable, s->mailbox_address) == 0)
		return jm_err_set(err, JM_E_USAGE,
		    "--undeliverable: %s is the journal mailbox itself; take another mailbox",
		    s->undeliverable);
	internal = is_in(name, s->domain, true) || strcmp(name, s->tenant_domain) == 0;
	for (size_t i = 0; i < s->internal_n; i++)
		internal = internal || is_in(name, s->internal[i], true);
	if (!internal && (s->parts & JM_SETUP_SMTP))
		return jm_err_set(err, JM_E_USAGE,
		    "--undeliverable: Exchange sends its reports from %s, and %s is no internal "
		    "domain, so every report would be refused (550 5.7.1); take an address in %s "
		    "or below it, or, if %s belongs to the organisation, add --internal-domain %s",
		    s->undeliverable, name, s->domain, name, name);
	return 0;
}

static int take_sources(struct jm_setup *s, struct jm_err *err)
{
	static const char *const private_ranges[] = { "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "fd00::/8" };
	bool guess = s->sources.n == 0 && strcmp(s->kind, "microsoft-365") != 0 &&
	    ((s->parts & JM_SETUP_TWO_SERVICES) || !(s->parts & JM_SETUP_MICROSOFT));
	const char *const *from = s->sources.n ? s->sources.v : private_ranges;
	size_t n = s->sources.n ? s->sources.n
	    : guess             ? sizeof private_ranges / sizeof private_ranges[0]
				: 0;

	s->ours = calloc(n + 1, sizeof *s->ours);
	if (!s->ours)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (jm_cidr_parse(jm_span_str(from[i]), &s->ours[s->ours_n++], err) != 0)
			return jm_err_wrap(err, "--source \"%s\"", from[i]);
	if (guess)
		note(s,
		    "Reports are taken from the private networks, as no --source says where "
		    "Exchange is: name the addresses of the Exchange servers alone.");
	return 0;
}

static int take_microsoft(struct jm_setup *s, struct jm_err *err)
{
	struct jm_endpoints e = { .v = NULL };
	unsigned char *p = NULL;
	size_t n = 0;
	int rc = -1;

	if (!(s->parts & JM_SETUP_MICROSOFT))
		return 0;
	if (jm_data_read(JM_ENDPOINTS_FILE, &p, &n, err) == 0 &&
	    jm_endpoints_parse(jm_span_of(p, n), &e, err) == 0) {
		s->microsoft = e.v;
		s->microsoft_n = e.n;
		snprintf(s->microsoft_date, sizeof s->microsoft_date, "%s", e.date);
		rc = 0;
	}
	free(p);
	return rc;
}

/* Which options of SMTP go together. */
static int combine_smtp(struct jm_setup *s, struct jm_err *err)
{
	bool named;

	/* Exchange on premises may send with the null sender, Exchange Online may not. */
	if (strcmp(s->kind, "one") == 0 && s->microsoft365 && s->sources.n) {
		s->parts |= JM_SETUP_TWO_SERVICES;
		note(s,
		    "--source and --microsoft365 make two services (--services hybrid): they "
		    "differ in what they demand of the sender.");
	}
	named = strcmp(s->kind, "microsoft-365") == 0 || (s->parts & JM_SETUP_TWO_SERVICES);
	if (s->mailbox || s->mailbox_host)
		return jm_err_set(err, JM_E_USAGE, "--%s is for --transport pop3",
		    s->mailbox ? "mailbox" : "mailbox-host");
	if (s->microsoft365 && !(s->parts & JM_SETUP_ONLINE))
		return jm_err_set(err, JM_E_USAGE,
		    "--microsoft365 lets Exchange Online send, --services on-premises does not: "
		    "take --services hybrid, or leave one of them out");
	if (s->microsoft365 || (named && s->sources.n == 0))
		s->parts |= JM_SETUP_MICROSOFT;
	if (s->port != 25 && (named || s->microsoft365))
		return jm_err_set(err, JM_E_USAGE,
		    "--mta-address: Exchange Online connects to port 25 only (its connectors have "
		    "no setting for a port), not to %u; leave the port out",
		    s->port);
	if (s->port != 25 && (s->parts & JM_SETUP_ONLINE)) {
		s->parts &= ~JM_SETUP_ONLINE;
		note(s,
		    "The scripts for Exchange Online are left out: it connects to port 25 only, "
		    "not to %u.",
		    s->port);
	}
	if (s->login && !(s->parts & JM_SETUP_ON_PREMISES))
		return jm_err_set(err, JM_E_USAGE,
		    "--smtp-login: Exchange Online cannot log in at the MTA (its connectors have "
		    "no credentials); it is for Exchange on premises");
	if (s->login && (s->parts & JM_SETUP_MICROSOFT) && !(s->parts & JM_SETUP_TWO_SERVICES))
		return jm_err_set(err, JM_E_USAGE,
		    "--smtp-login: Exchange Online cannot log in, and one service is for both; "
		    "take --services hybrid");
	if (s->login)
		s->parts |= JM_SETUP_LOGIN;
	return 0;
}

static int combine_pop3(struct jm_setup *s, struct jm_err *err)
{
	const struct {
		bool given;
		const char *name;
	} smtp[] = { { s->smart_hosts.n > 0, "smart-host" },
		{ s->mta_address != NULL, "mta-address" }, { s->sources.n > 0, "source" },
		{ s->microsoft365, "microsoft365" }, { s->login, "smtp-login" },
		{ s->tls_certificate != NULL, "tls-certificate" } };
	char name[JM_DOMAIN_BYTES];

	for (size_t i = 0; i < sizeof smtp / sizeof smtp[0]; i++)
		if (smtp[i].given)
			return jm_err_set(err, JM_E_USAGE,
			    "--%s is for --transport smtp: from a mailbox the daemon fetches",
			    smtp[i].name);
	if (s->parts & JM_SETUP_TWO_SERVICES)
		return jm_err_set(err, JM_E_USAGE,
		    "--transport pop3 sets one mailbox up: take --services on-premises or "
		    "microsoft-365, each into a folder of its own (--output)");
	if (strcmp(s->kind, "one") == 0)
		s->parts &= ~JM_SETUP_ONLINE;
	snprintf(s->mailbox_address, sizeof s->mailbox_address, "%s", s->mailbox ? s->mailbox : "");
	if (!s->mailbox)
		snprintf(s->mailbox_address, sizeof s->mailbox_address, "journaling@%s", s->domain);
	if (!is_address(s->mailbox_address) || strlen(s->mailbox_address) > 250 ||
	    jm_domain_normalise(jm_span_str(strchr(s->mailbox_address, '@') + 1), name) != 0)
		return jm_err_set(err, JM_E_USAGE,
		    "--mailbox wants the mailbox's mail address, not \"%s\"", s->mailbox);
	if (s->mailbox_host && !is_host(s->mailbox_host))
		return jm_err_set(err, JM_E_USAGE,
		    "--mailbox-host wants a host name or an IP address, not \"%s\"",
		    s->mailbox_host);
	if (s->mailbox_host)
		snprintf(s->pop3_host, sizeof s->pop3_host, "%s", s->mailbox_host);
	else if (s->parts & JM_SETUP_ON_PREMISES)
		snprintf(s->pop3_host, sizeof s->pop3_host, "exchange.%s", s->domain);
	else
		snprintf(s->pop3_host, sizeof s->pop3_host, ONLINE_HOST);
	if ((s->parts & JM_SETUP_ONLINE) &&
	    (strcasecmp(s->pop3_host, ONLINE_HOST) == 0 || strstr(s->pop3_host, "office365.com"))) {
		s->parts |= JM_SETUP_TOKEN;
		note(s,
		    "Microsoft does not support a mailbox in Exchange Online as journal mailbox: "
		    "let Exchange Online send to journal-milter (--transport smtp), or name a "
		    "mailbox elsewhere: --mailbox ADDRESS --mailbox-host HOST.");
	} else
		s->parts |= JM_SETUP_PASSWORD;
	return 0;
}

/* Say with the list of files which senders pass, and what is open. */
static void note_senders(struct jm_setup *s)
{
	bool named = strcmp(s->kind, "microsoft-365") == 0 || (s->parts & JM_SETUP_TWO_SERVICES);

	if (!(s->parts & JM_SETUP_SMTP))
		return;
	if (s->parts & JM_SETUP_MICROSOFT)
		note(s,
		    "Any tenant of Microsoft 365 can connect from Microsoft's addresses, and all "
		    "present the same certificate. TLS, the sender's domain (an internal one, "
		    "never the null sender) and the secrecy of the journal address narrow it; "
		    "they prove nothing. README says what is safer.");
	else if (named)
		note(s,
		    "Microsoft's addresses may not send, as --source means only these; if "
		    "Exchange Online connects to this MTA itself, add --microsoft365.");
	if ((s->parts & JM_SETUP_ONLINE) && (named || (s->parts & JM_SETUP_MICROSOFT)) &&
	    !s->tenant)
		note(s,
		    "--tenant NAME.onmicrosoft.com is missing: Exchange Online sends from the "
		    "tenant's own domain as long as no address for undeliverable reports is set, "
		    "and these reports would be refused. Run jmctl setup again with it, or add it "
		    "to <internal-domains>.");
}

static int take_places(struct jm_setup *s, struct jm_err *err)
{
	if (!is_path(s->archive) || !is_path(s->publish))
		return jm_err_set(err, JM_E_USAGE, "--%s: \"%s\" is no plain absolute path",
		    is_path(s->archive) ? "publish" : "archive",
		    is_path(s->archive) ? s->publish : s->archive);
	if (!is_name(s->user) || !is_name(s->socket_group))
		return jm_err_set(err, JM_E_USAGE, "--%s: \"%s\" is no name of an account",
		    is_name(s->user) ? "socket-group" : "user",
		    is_name(s->user) ? s->socket_group : s->user);
	if (!s->tls_certificate != !s->tls_key)
		return jm_err_set(err, JM_E_USAGE,
		    "--tls-certificate and --tls-key belong together; --%s is missing",
		    s->tls_key ? "tls-certificate" : "tls-key");
	if (s->tls_key && (!is_path(s->tls_certificate) || !is_path(s->tls_key)))
		return jm_err_set(err, JM_E_USAGE, "--tls-%s: \"%s\" is no plain absolute path",
		    is_path(s->tls_certificate) ? "key" : "certificate",
		    is_path(s->tls_certificate) ? s->tls_key : s->tls_certificate);
	if (s->tls_key)
		s->parts |= JM_SETUP_TLS;
	s->outside_archive = is_writable(s->archive) ? "" : s->archive;
	s->outside_publish = is_writable(s->publish) ? "" : s->publish;
	if (s->postfix_socket[0] == 'u') {
		const char *path = strchr(s->postfix_socket, ':') + 1;

		if (!is_writable(path))
			snprintf(s->outside_socket, sizeof s->outside_socket, "%.*s",
			    (int)(strrchr(path, '/') - path), path);
	}
	if (*s->outside_archive || *s->outside_publish || *s->outside_socket)
		s->parts |= JM_SETUP_DROP_IN;
	if (is_below(s->archive, "/home") || is_below(s->archive, "/root") ||
	    is_below(s->archive, "/tmp") || is_below(s->archive, "/var/tmp"))
		note(s,
		    "--archive: the systemd unit hides /home, /root, /tmp and /var/tmp from the "
		    "daemon (ProtectHome, PrivateTmp), so under systemd it cannot use %s.",
		    s->archive);
	return 0;
}

int jm_setup_plan(struct jm_setup *s, const char *domain, struct jm_err *err)
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
	if (!s->output)
		s->output = s->folder;
	if (take_kind(s, err) != 0 || take_listen(s, err) != 0 || take_socket(s, err) != 0 ||
	    take_smart_hosts(s, err) != 0 || take_places(s, err) != 0 || take_tenant(s, err) != 0 ||
	    take_internal_domains(s, err) != 0)
		return -1;
	if (((s->parts & JM_SETUP_SMTP) ? combine_smtp(s, err) : combine_pop3(s, err)) != 0 ||
	    take_undeliverable(s, err) != 0)
		return -1;
	if ((s->parts & JM_SETUP_SMTP) &&
	    (take_microsoft(s, err) != 0 || take_sources(s, err) != 0))
		return -1;
	note_senders(s);
	return 0;
}

void jm_setup_release(struct jm_setup *s)
{
	free(s->smart_hosts.v);
	free(s->sources.v);
	free(s->internal_domains.v);
	free(s->ours);
	free(s->microsoft);
}
