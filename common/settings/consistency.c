/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about several settings together. Single values are judged in typed_value.c. Whether a user
 * or a folder exists is checked by jmctl check, not here. */
#include "common/settings/consistency.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "common/base/certificate.h"
#include "common/settings/overlap.h"

static struct jm_span domain_of(const struct jm_service *service)
{
	struct jm_span address = jm_span_str(service->email_address);

	return jm_span_sub(address, jm_span_rindex(address, '@') + 1, address.len);
}

static int complete_text(const char *text, char **copy_r, struct jm_err *err)
{
	*copy_r = strdup(text);
	return *copy_r ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
}

static int complete_control_socket(struct jm_settings *s, struct jm_findings *f, struct jm_err *err)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (s->control_socket || !s->archive_directory)
		return 0;
	if (snprintf(path, sizeof path, "%s/control.sock", s->archive_directory) >=
	    (int)sizeof path) {
		jm_findings_error(f, jm_settings_line(s, NULL, "archive/directory"),
		    "<directory>: too long for a control socket in it (%zu bytes); "
		    "set <control-socket> in <daemon> to a shorter path",
		    sizeof path - 1);
		return 0;
	}
	return complete_text(path, &s->control_socket, err);
}

static int complete_journal_domains(struct jm_settings *s, struct jm_err *err)
{
	size_t n = 0;

	s->journal_domains = calloc(s->services_n + 1, sizeof *s->journal_domains);
	if (!s->journal_domains)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	for (size_t i = 0; i < s->services_n; i++) {
		/* The domain is the end of the address, NUL included, so it is borrowed from it. */
		if (s->services[i].email_address &&
		    !jm_settings_is_journal_domain(s, domain_of(&s->services[i])))
			s->journal_domains[n++] = (const char *)domain_of(&s->services[i]).p;
	}
	return 0;
}

static int complete_report_senders(struct jm_settings *s, struct jm_err *err)
{
	size_t n = 0;

	s->report_sender_names = calloc(s->report_senders_n + 1, sizeof *s->report_sender_names);
	if (!s->report_sender_names)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	for (size_t i = 0; i < s->report_senders_n; i++)
		if (s->report_senders[i].name)
			s->report_sender_names[n++] = s->report_senders[i].name;
	return 0;
}

int jm_consistency_complete(struct jm_settings *s, struct jm_findings *f, struct jm_err *err)
{
	for (size_t i = 0; i < s->services_n; i++) {
		struct jm_service *service = &s->services[i];

		if (!service->description && service->email_address &&
		    complete_text(service->email_address, &service->description, err) != 0)
			return -1;
		if (!jm_settings_line(s, service, "maximum-age"))
			service->maximum_age_days = s->maximum_age_days;
	}
	if (complete_control_socket(s, f, err) != 0)
		return -1;
	if (complete_report_senders(s, err) != 0)
		return -1;
	return complete_journal_domains(s, err);
}

static void check_duplicate_services(const struct jm_settings *s, struct jm_findings *f)
{
	for (size_t i = 1; i < s->services_n; i++) {
		const struct jm_service *service = &s->services[i];

		for (size_t j = 0; j < i && service->email_address; j++) {
			if (!s->services[j].email_address ||
			    !jm_span_eq_nocase(jm_span_str(s->services[j].email_address),
				jm_span_str(service->email_address)))
				continue;
			jm_findings_error(f, jm_settings_line(s, service, "email-address"),
			    "<email-address>: value \"%s\" is wrong: the service in "
			    "line %d has this address already; each service needs its own",
			    service->email_address, s->services[j].line);
			break;
		}
	}
}

static void check_sockets(const struct jm_settings *s, struct jm_findings *f)
{
	static const char unix_prefix[] = "unix:";

	if (s->socket && s->control_socket &&
	    strncmp(s->socket, unix_prefix, strlen(unix_prefix)) == 0 &&
	    strcmp(s->socket + strlen(unix_prefix), s->control_socket) == 0)
		jm_findings_error(f, jm_settings_line(s, NULL, "control-socket"),
		    "<control-socket>: value \"%s\" is wrong: the milter socket in "
		    "line %d has this path already",
		    s->control_socket, jm_settings_line(s, NULL, "socket"));
}

static int compare_domains(const void *a, const void *b)
{
	const struct jm_domain *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	return c ? c : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

/* By sorting, as an organisation may have thousands of domains. */
static void check_duplicate_domains(const struct jm_settings *s, struct jm_findings *f)
{
	const struct jm_domain **sorted = calloc(s->internal_domains_n + 1, sizeof *sorted);

	if (!sorted)
		return; /* without memory: a duplicate does no harm */
	for (size_t i = 0; i < s->internal_domains_n; i++)
		sorted[i] = &s->internal_domains[i];
	qsort(sorted, s->internal_domains_n, sizeof *sorted, compare_domains);
	for (size_t i = 1; i < s->internal_domains_n; i++)
		if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			jm_findings_warning(f, sorted[i]->line,
			    "<domain>: \"%s\" is in line %d already", sorted[i]->name,
			    sorted[i - 1]->line);
	free(sorted);
}

static void warn_milter(const struct jm_settings *s, struct jm_findings *f)
{
	bool is_unix = strncmp(s->socket, "unix:", 5) == 0;
	const char *host = strchr(s->socket, '@');

	if (!is_unix && jm_settings_line(s, NULL, "socket-mode"))
		jm_findings_warning(f, jm_settings_line(s, NULL, "socket-mode"),
		    "<socket-mode>: only a unix socket has a mode");
	if (!is_unix && s->socket_group)
		jm_findings_warning(f, jm_settings_line(s, NULL, "socket-group"),
		    "<socket-group>: only a unix socket has a group");
	if (is_unix && (s->socket_mode & 0002))
		jm_findings_warning(f, jm_settings_line(s, NULL, "socket-mode"),
		    "<socket-mode>: every user of this machine can feed the archive; "
		    "0660 and <socket-group> keep it to the MTA");
	if (!is_unix && host && strncmp(host, "@127.", 5) != 0 && strcmp(host, "@localhost") != 0 &&
	    strcmp(host, "@::1") != 0 && strcmp(host, "@[::1]") != 0)
		jm_findings_warning(f, jm_settings_line(s, NULL, "socket"),
		    "<socket>: the milter protocol knows no password: whoever reaches this "
		    "port can feed the archive; keep it to the MTA's address with a firewall");
}

static void warn_ranges(const struct jm_ranges *ranges, const char *what, struct jm_findings *f)
{
	static const unsigned char loopback4[13] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
		127 };
	static const unsigned char loopback6[16] = { [15] = 1 };

	for (size_t i = 0; i < ranges->n; i++) {
		const struct jm_cidr *c = &ranges->v[i];
		bool mapped = memcmp(c->addr, loopback4, 12) == 0;

		if (c->bits == 0 || (mapped && c->bits <= 96))
			jm_findings_warning(
			    f, ranges->lines[i], "<%s>: this range is the whole Internet", what);
		else if (memcmp(c->addr, loopback4, sizeof loopback4) == 0 ||
		    memcmp(c->addr, loopback6, sizeof loopback6) == 0)
			jm_findings_warning(f, ranges->lines[i],
			    "<%s>: mail that users of this machine hand to the MTA "
			    "comes from this address too",
			    what);
	}
}

/* Two services must not empty the same mailbox. Another port of a host is another server. */
static void check_duplicate_mailbox(const struct jm_settings *s, size_t i, struct jm_findings *f)
{
	const struct jm_mailbox *m = &s->services[i].pop3;

	for (size_t j = 0; j < i; j++) {
		const struct jm_mailbox *other = &s->services[j].pop3;

		if (other->hostname && other->mailbox_name && m->hostname && m->mailbox_name &&
		    jm_settings_mailbox_port(m) == jm_settings_mailbox_port(other) &&
		    s->services[j].transport == JM_TRANSPORT_POP3 &&
		    jm_span_eq_nocase(jm_span_str(m->hostname), jm_span_str(other->hostname)) &&
		    jm_span_eq_nocase(
			jm_span_str(m->mailbox_name), jm_span_str(other->mailbox_name)))
			jm_findings_error(f, jm_settings_line(s, &s->services[i], "mailbox-name"),
			    "<mailbox-name>: value \"%.90s\" is wrong: the "
			    "service in line %d empties this mailbox already; "
			    "each mailbox needs one service",
			    m->mailbox_name, s->services[j].line);
	}
}

static void check_mailbox(const struct jm_settings *s, size_t i, struct jm_findings *f)
{
	const struct jm_service *service = &s->services[i];
	const struct jm_mailbox *m = &service->pop3;
	int line = jm_settings_line(s, service, "pop3"),
	    mode = jm_settings_line(s, service, "journal-service/encryption-mode");
	int secrets = !!m->password + !!m->password_file + !!m->oauth2_token_command;

	if (service->transport != JM_TRANSPORT_POP3) {
		if (line)
			jm_findings_error(
			    f, line, "<pop3>: belongs to a service whose <transport-type> is POP3");
		return;
	}
	if (!line) {
		jm_findings_error(f, service->line,
		    "<journal-service>: <pop3> is missing: "
		    "transport type POP3 needs to know the mailbox");
		return;
	}
	if (mode)
		jm_findings_error(f, mode,
		    "<encryption-mode>: for a service whose <transport-type> is POP3 "
		    "it belongs in <pop3>");
	if (secrets != 1)
		jm_findings_error(f, line,
		    "<pop3>: %s; allowed: one of "
		    "<password>, <password-file>, <oauth2-token-command>",
		    secrets ? "more than one way to log in" : "no way to log in");
	if (m->hostname && strpbrk(m->hostname, " /@?#%\\"))
		jm_findings_error(f, jm_settings_line(s, service, "hostname"),
		    "<hostname>: value \"%.90s\" is wrong; allowed: a host name or an "
		    "IP address; the port has an element of its own",
		    m->hostname);
	if (m->pinned_public_key &&
	    jm_certificate_check_pin(jm_span_str(m->pinned_public_key)) != 0)
		jm_findings_error(f, jm_settings_line(s, service, "pinned-public-key"),
		    "<pinned-public-key>: value \"%.90s\" is wrong; allowed: "
		    "sha256// and 32 bytes in base64, as jmctl test prints it",
		    m->pinned_public_key);
	if (!m->encrypted && (m->starttls || m->pinned_public_key))
		jm_findings_error(f, line,
		    "<pop3>: <starttls> and <pinned-public-key> mean nothing without <encrypted>");
	if (m->hostname)
		check_duplicate_mailbox(s, i, f);
}

static void warn_mailbox(
    const struct jm_settings *s, const struct jm_service *service, struct jm_findings *f)
{
	const struct jm_mailbox *m = &service->pop3;

	if (!m->encrypted)
		jm_findings_warning(f, jm_settings_line(s, service, "pop3"),
		    "<encrypted>: without it the mailbox's password and all journal mail "
		    "cross the net in the clear");
	if (m->encrypted && m->encryption_mode == JM_ENCRYPTION_RELAXED && !m->pinned_public_key)
		jm_findings_warning(f, jm_settings_line(s, service, "encryption-mode"),
		    "<encryption-mode>: relaxed trusts anybody; "
		    "<pinned-public-key> keeps it to the one server (jmctl test prints the key)");
}

static void warn_service(
    const struct jm_settings *s, const struct jm_service *service, struct jm_findings *f)
{
	if (service->disabled)
		return;
	if (service->transport == JM_TRANSPORT_POP3) {
		warn_mailbox(s, service, f);
		return;
	}
	warn_ranges(&service->source_ranges, "additional-source-ip-ranges", f);
	if (service->source_ranges.n == 0 && s->authorized_outbounds.n == 0)
		jm_findings_warning(f, service->line,
		    "<journal-service>: nobody may send to \"%s\": there is neither a range in "
		    "<additional-source-ip-ranges> nor in <authorized-outbounds>",
		    service->email_address);
	if (service->use_smtp_authentication && !service->encrypted)
		jm_findings_warning(f, jm_settings_line(s, service, "use-smtp-authentication"),
		    "<use-smtp-authentication>: without <encrypted> "
		    "the password may cross the net in the clear");
	if (service->encryption_mode == JM_ENCRYPTION_STRICT && !service->encrypted)
		jm_findings_warning(f, jm_settings_line(s, service, "encryption-mode"),
		    "<encryption-mode>: means nothing without <encrypted>");
	if (jm_span_index(domain_of(service), '.') == domain_of(service).len)
		jm_findings_warning(f, jm_settings_line(s, service, "email-address"),
		    "<email-address>: the domain of \"%s\" has no dot; mail from "
		    "outside will not find it",
		    service->email_address);
}

/* Warn of a journal domain that is itself listed as internal, not only below an internal domain:
 * then people probably have mailboxes there. */
static void warn_domains(const struct jm_settings *s, struct jm_findings *f)
{
	for (size_t i = 0; i < s->internal_domains_n; i++) {
		const struct jm_domain *d = &s->internal_domains[i];

		for (size_t j = 0;
		     j < s->services_n && jm_settings_is_journal_domain(s, jm_span_str(d->name));
		     j++) {
			const struct jm_service *service = &s->services[j];

			if (!jm_span_eq(jm_span_str(d->name), domain_of(service)))
				continue;
			jm_findings_warning(f, jm_settings_line(s, service, "email-address"),
			    "<email-address>: \"%s\" is an internal domain "
			    "(line %d): ordinary mail to other addresses there is answered 450; "
			    "use a domain of its own, such as journal.%s",
			    d->name, d->line, d->name);
			break;
		}
	}
}

void jm_consistency_check(const struct jm_settings *s, struct jm_findings *f)
{
	size_t enabled = 0;

	check_duplicate_services(s, f);
	check_sockets(s, f);
	for (size_t i = 0; i < s->services_n; i++)
		check_mailbox(s, i, f);
	if (f->errors)
		return; /* do not warn about settings that have errors */
	warn_milter(s, f);
	check_duplicate_domains(s, f);
	warn_ranges(&s->authorized_outbounds, "authorized-outbounds", f);
	jm_overlap_check(s, f);
	warn_domains(s, f);
	if (s->internal_domains_n == 0)
		jm_findings_warning(f, 0,
		    "<internal-domains>: there is no internal domain: "
		    "no sender but the null sender <> may send");
	for (size_t i = 0; i < s->services_n; i++) {
		warn_service(s, &s->services[i], f);
		enabled += !s->services[i].disabled;
	}
	if (enabled == 0)
		jm_findings_warning(f, 0,
		    "<journal-service>: there is no %s: nothing will be archived",
		    s->services_n ? "enabled one" : "one");
}
