/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of files of jmctl setup, and the values of their placeholders. See template.h. */
#include "milter/ctl/setup/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/settings/default.h"
#include "milter/ctl/cli/data.h"
#include "milter/ctl/setup/services.h"

#define OUTPUT_MAX_BYTES (1024u * 1024)
#define TEXT_MAX_BYTES (64u * 1024)
#define VALUES_MAX 80
#define MANAGEMENT "Exchange Management Console > "
#define HUB MANAGEMENT "Organization Configuration > Hub Transport > "
#define ADMIN "Exchange admin center > "

/* A version of Exchange on premises: its name, and where its console has each step. */
struct version {
	const char *name, *servers, *pop3_services, *contact, *remote_domain, *connector,
	    *undeliverable, *rule, *database, *mailbox, *pop3;
};

static const struct version v2007 = {
	.name = "2007 (Service Pack 1 or later)",
	.servers = "Get-ExchangeServer | Where-Object { $_.IsHubTransportServer }",
	.pop3_services = "'MSExchangePOP3'",
	.contact = MANAGEMENT "Recipient Configuration > Mail Contact",
	.remote_domain = HUB "Remote Domains",
	.connector = HUB "Send Connectors",
	.undeliverable = "no page, this command only",
	.rule = HUB "Journaling",
	.mailbox = MANAGEMENT "Recipient Configuration > Mailbox",
	.pop3 = MANAGEMENT "Server Configuration > Client Access > POP3 and IMAP4",
	.database = MANAGEMENT "Server Configuration > Mailbox > Properties > General",
};
static const struct version v2010 = {
	.name = "2010",
	.servers = "Get-ExchangeServer | Where-Object { $_.IsHubTransportServer }",
	.pop3_services = "'MSExchangePOP3'",
	.contact = MANAGEMENT "Recipient Configuration > Mail Contact",
	.remote_domain = HUB "Remote Domains",
	.connector = HUB "Send Connectors",
	.undeliverable = "no page, this command only",
	.rule = HUB "Journal Rules",
	.mailbox = MANAGEMENT "Recipient Configuration > Mailbox",
	.pop3 = MANAGEMENT "Server Configuration > Client Access > POP3 and IMAP4",
	.database = MANAGEMENT "Organization Configuration > Mailbox > Properties > Maintenance",
};
static const struct version v2013 = {
	.name = "2013, 2016, 2019 and Server SE",
	.servers = "Get-ExchangeServer | Where-Object { $_.IsMailboxServer }",
	.pop3_services = "'MSExchangePOP3BE', 'MSExchangePOP3'",
	.contact = ADMIN "Recipients > Contacts",
	.remote_domain = "no page, this command only",
	.connector = ADMIN "Mail flow > Send connectors",
	.undeliverable = ADMIN "Compliance management > Journal rules",
	.rule = ADMIN "Compliance management > Journal rules",
	.mailbox = ADMIN "Recipients > Mailboxes",
	.pop3 = ADMIN "Servers > Servers > POP3",
	.database = ADMIN "Servers > Databases > Maintenance",
};

struct file {
	const char *template, *output;
	int needs; /* all of these parts of the set-up; 0: always */
	mode_t mode;
	const struct version *version; /* NULL: of no version */
};

enum {
	LOCAL = JM_SETUP_SMTP | JM_SETUP_ON_PREMISES,
	CLOUD = JM_SETUP_SMTP | JM_SETUP_ONLINE,
	LOCAL_POP3 = JM_SETUP_POP3 | JM_SETUP_ON_PREMISES,
	CLOUD_POP3 = JM_SETUP_POP3 | JM_SETUP_ONLINE,
};

/* In the order in which they are listed. */
static const struct file files[] = {
	{ "config/setup-steps.in", "README", JM_SETUP_SMTP, 0644, NULL },
	{ "config/setup-steps-pop3.in", "README", JM_SETUP_POP3, 0644, NULL },
	{ "config/settings-setup.xml.in", "journal-milter.xml", 0, 0640, NULL },
	{ "config/setup-archive.conf.in", "journal-milter-archive.conf", JM_SETUP_DROP_IN, 0644,
	    NULL },
	{ "config/postfix-main.cf.in", "postfix-main.cf", JM_SETUP_SMTP, 0644, NULL },
	{ "config/postfix-master.cf.in", "postfix-master.cf", JM_SETUP_SMTP, 0644, NULL },
	{ "config/postfix-apply.in", "postfix-apply", JM_SETUP_SMTP, 0755, NULL },
	{ "config/postfix-undo.in", "postfix-undo", JM_SETUP_SMTP, 0755, NULL },
	{ "config/postfix-sasl.conf.in", "postfix-sasl.conf", JM_SETUP_SMTP | JM_SETUP_LOGIN, 0644,
	    NULL },
	{ "config/sendmail.mc.in", "sendmail.mc", JM_SETUP_SMTP, 0644, NULL },
	{ "config/sendmail-apply.in", "sendmail-apply", JM_SETUP_SMTP, 0755, NULL },
	{ "config/sendmail-undo.in", "sendmail-undo", JM_SETUP_SMTP, 0755, NULL },
	{ "contrib/exchange/on-premises.ps1.in", "exchange-2007.ps1", LOCAL, 0644, &v2007 },
	{ "contrib/exchange/on-premises.ps1.in", "exchange-2010.ps1", LOCAL, 0644, &v2010 },
	{ "contrib/exchange/on-premises.ps1.in", "exchange-2013-2019-SE.ps1", LOCAL, 0644, &v2013 },
	{ "contrib/exchange/on-premises-check.ps1.in", "exchange-check.ps1", LOCAL, 0644, NULL },
	{ "contrib/exchange/on-premises-undo.ps1.in", "exchange-undo.ps1", LOCAL, 0644, NULL },
	{ "contrib/exchange/online.ps1.in", "exchange-online.ps1", CLOUD, 0644, NULL },
	{ "contrib/exchange/online-check.ps1.in", "exchange-online-check.ps1", CLOUD, 0644, NULL },
	{ "contrib/exchange/online-undo.ps1.in", "exchange-online-undo.ps1", CLOUD, 0644, NULL },
	{ "contrib/exchange/pop3.ps1.in", "exchange-pop3-2007.ps1", LOCAL_POP3, 0644, &v2007 },
	{ "contrib/exchange/pop3.ps1.in", "exchange-pop3-2010.ps1", LOCAL_POP3, 0644, &v2010 },
	{ "contrib/exchange/pop3.ps1.in", "exchange-pop3-2013-2019-SE.ps1", LOCAL_POP3, 0644,
	    &v2013 },
	{ "contrib/exchange/pop3-check.ps1.in", "exchange-pop3-check.ps1", LOCAL_POP3, 0644, NULL },
	{ "contrib/exchange/pop3-undo.ps1.in", "exchange-pop3-undo.ps1", LOCAL_POP3, 0644, NULL },
	{ "contrib/exchange/pop3-online.ps1.in", "exchange-online-pop3.ps1", CLOUD_POP3, 0644,
	    NULL },
	{ "contrib/exchange/pop3-online-check.ps1.in", "exchange-online-pop3-check.ps1", CLOUD_POP3,
	    0644, NULL },
	{ "contrib/exchange/pop3-online-undo.ps1.in", "exchange-online-pop3-undo.ps1", CLOUD_POP3,
	    0644, NULL },
	{ "config/pop3-token.in", "journal-milter-token", JM_SETUP_TOKEN, 0755, NULL },
};

/* Texts of README that only some set-ups need: a placeholder, and its template. */
static const struct {
	const char *name, *template;
	int needs;
} sections[] = {
	{ "POSTFIX_TLS", "config/postfix-tls.in", JM_SETUP_TLS },
	{ "POSTFIX_LOGIN", "config/postfix-login.in", JM_SETUP_LOGIN },
	{ "STEPS_TLS", "config/setup-steps-tls.in", JM_SETUP_TLS },
	{ "STEPS_LOGIN", "config/setup-steps-login.in", JM_SETUP_LOGIN },
	{ "STEPS_ARCHIVE", "config/setup-steps-archive.in", JM_SETUP_DROP_IN },
	{ "STEPS_365", "config/setup-steps-365.in", JM_SETUP_MICROSOFT },
	{ "STEPS_TOKEN", "config/setup-steps-token.in", JM_SETUP_TOKEN },
	{ "STEPS_PASSWORD", "config/setup-steps-password.in", JM_SETUP_PASSWORD },
	{ "STEPS_ONLINE_POP3", "config/setup-steps-online-pop3.in", CLOUD_POP3 },
	{ "STEPS_LOCAL_POP3", "config/setup-steps-local-pop3.in", LOCAL_POP3 },
};
enum { SECTIONS_N = sizeof sections / sizeof sections[0] };

/* The texts that are made of the options once for all files. */
enum {
	HOSTS_PS,
	HOSTS,
	HOSTS_CERTBOT,
	SERVICES,
	DOMAINS,
	GROUP,
	WRITABLE,
	FOLDERS,
	NFT,
	UFW,
	SECTION,
	TEXTS_N = SECTION + SECTIONS_N
};
struct texts {
	struct jm_buf v[TEXTS_N];
};

static int texts_make(const struct jm_setup *s, struct texts *t, struct jm_err *err)
{
	for (size_t i = 0; i < s->smart_hosts.n || i == 0; i++) {
		const char *one = s->smart_hosts.n ? s->smart_hosts.v[i] : s->journal_domain;

		if (jm_buf_printf(&t->v[HOSTS_PS], err, "%s'%s'", i ? ", " : "@(", one) != 0 ||
		    jm_buf_printf(&t->v[HOSTS], err, "%s%s", i ? ", " : "", one) != 0 ||
		    jm_buf_printf(&t->v[HOSTS_CERTBOT], err, "%s-d %s", i ? " " : "", one) != 0)
			return -1;
	}
	/* A TCP socket has no group. */
	if (s->postfix_socket[0] == 'u' && (s->parts & JM_SETUP_SMTP) &&
	    jm_buf_printf(&t->v[GROUP], err,
		"    <!-- Who may connect: postfix-apply puts Postfix' user into this group; "
		"Sendmail is root and needs none. -->\n    <socket-group>%s</socket-group>\n",
		s->socket_group) != 0)
		return -1;
	if (jm_buf_add_byte(&t->v[HOSTS_PS], ')', err) != 0 ||
	    jm_setup_services_xml(s, &t->v[SERVICES], err) != 0 ||
	    jm_setup_domains_xml(s, &t->v[DOMAINS], err) != 0 ||
	    jm_setup_writable(s, &t->v[WRITABLE], err) != 0 ||
	    jm_setup_folders(s, &t->v[FOLDERS], err) != 0 || jm_setup_nft(s, &t->v[NFT], err) != 0)
		return -1;
	return jm_setup_ufw(s, &t->v[UFW], err);
}

static void values_of_version(const struct version *v, struct jm_data_value *values)
{
	static const struct version none = { "", "", "", "", "", "", "", "", "", "", "" };
	size_t n = 0;

	if (!v)
		v = &none;
	values[n++] = (struct jm_data_value){ "EXCHANGE", v->name };
	values[n++] = (struct jm_data_value){ "TRANSPORT_SERVERS", v->servers };
	values[n++] = (struct jm_data_value){ "POP3_SERVICES", v->pop3_services };
	values[n++] = (struct jm_data_value){ "PATH_CONTACT", v->contact };
	values[n++] = (struct jm_data_value){ "PATH_REMOTE_DOMAIN", v->remote_domain };
	values[n++] = (struct jm_data_value){ "PATH_CONNECTOR", v->connector };
	values[n++] = (struct jm_data_value){ "PATH_UNDELIVERABLE", v->undeliverable };
	values[n++] = (struct jm_data_value){ "PATH_RULE", v->rule };
	values[n++] = (struct jm_data_value){ "PATH_DATABASE", v->database };
	values[n++] = (struct jm_data_value){ "PATH_MAILBOX", v->mailbox };
	values[n++] = (struct jm_data_value){ "PATH_POP3", v->pop3 };
	values[n] = (struct jm_data_value){ NULL, NULL };
}

/* Returns how many were set. */
static size_t values_of_exchange(
    const struct jm_setup *s, const struct file *f, struct jm_data_value *values)
{
	bool two = (s->parts & JM_SETUP_TWO_SERVICES) != 0,
	     online = (f->needs & JM_SETUP_ONLINE) != 0;
	const struct jm_data_value names[] = {
		{ "MAILBOX", s->mailbox_address },
		{ "MAILBOX_HOST", s->pop3_host },
		{ "PASSWORD_FILE", JM_SETUP_PASSWORD_FILE },
		{ "SECRET_FILE", JM_SETUP_SECRET_FILE },
		{ "TOKEN_COMMAND", JM_SETUP_TOKEN_COMMAND },
		{ "FILE", f->output },
		{ "CONTACT", two && online ? "SMTP Journaling Microsoft 365" : "SMTP Journaling" },
		{ "CONNECTOR",
		    online ? "Microsoft 365 to journal-milter" : "Exchange to journal-milter" },
		{ "REMOTE_DOMAIN", "journal-milter" },
		{ "RULE", "Journal Internal Mail to journal-milter" },
	};

	memcpy(values, names, sizeof names);
	return sizeof names / sizeof names[0];
}

/* Append the values about the certificate of the MTA. */
static size_t values_of_tls(
    const struct jm_setup *s, const struct texts *t, size_t n, struct jm_data_value *values)
{
	values[n++] = (struct jm_data_value){ "CERTBOT_NAMES", jm_buf_str(&t->v[HOSTS_CERTBOT]) };
	values[n++] = (struct jm_data_value){ "TLS_CERTIFICATE",
		s->tls_certificate ? s->tls_certificate : "" };
	values[n++] = (struct jm_data_value){ "TLS_KEY", s->tls_key ? s->tls_key : "" };
	return n;
}

/* Fill values, of VALUES_MAX, for a file. port: the room for a number. */
static void values_make(const struct jm_setup *s, const struct texts *t, const struct file *f,
    char port[8], struct jm_data_value *values)
{
	bool two = (s->parts & JM_SETUP_TWO_SERVICES) != 0,
	     online = (f->needs & JM_SETUP_ONLINE) != 0, login = (s->parts & JM_SETUP_LOGIN) != 0;
	const struct jm_data_value general[] = {
		{ "DOMAIN", s->domain },
		{ "JOURNAL_DOMAIN", s->journal_domain },
		{ "JOURNAL_ADDRESS", two && online ? s->second : s->address },
		{ "SECOND_ADDRESS", two ? ", for Microsoft 365 journaling-365" : "" },
		{ "UNDELIVERABLE", s->undeliverable },
		{ "TENANT", s->tenant_domain[0] ? s->tenant_domain : "NAME.onmicrosoft.com" },
		{ "TENANT_PS", s->tenant_domain },
		{ "DATE", s->date },
		{ "SMART_HOST", s->smart_hosts.n ? s->smart_hosts.v[0] : s->journal_domain },
		{ "SMART_HOSTS", jm_buf_str(&t->v[HOSTS]) },
		{ "SMART_HOSTS_PS", jm_buf_str(&t->v[HOSTS_PS]) },
		{ "PORT", port },
		{ "LOGIN_PS", login ? "$true" : "$false" },
		{ "TLS_PS",
		    login || (!two && (s->parts & JM_SETUP_MICROSOFT)) ? "$true" : "$false" },
		{ "MICROSOFT_PS", s->parts & JM_SETUP_MICROSOFT ? "$true" : "$false" },
		{ "TOKEN_PS", s->parts & JM_SETUP_TOKEN ? "$true" : "$false" },
		{ "LISTEN", s->listen },
		{ "SENDMAIL_LISTEN", s->sendmail_listen },
		{ "SOCKET", s->socket },
		{ "SENDMAIL_SOCKET", s->sendmail_socket },
		{ "POSTFIX_SOCKET", s->postfix_socket },
		{ "SETTINGS", JM_SETTINGS_DEFAULT_FILE },
		{ "ARCHIVE", s->archive },
		{ "SOCKET_GROUP", s->postfix_socket[0] == 'u' ? s->socket_group : "" },
		{ "SOCKET_GROUP_XML", jm_buf_str(&t->v[GROUP]) },
		{ "USER", s->user },
		{ "PUBLISH", s->publish },
		{ "WRITABLE", jm_buf_str(&t->v[WRITABLE]) },
		{ "FOLDERS", jm_buf_str(&t->v[FOLDERS]) },
		{ "DOMAINS", jm_buf_str(&t->v[DOMAINS]) },
		{ "SERVICES", jm_buf_str(&t->v[SERVICES]) },
		{ "FIREWALL_NFT", jm_buf_str(&t->v[NFT]) },
		{ "FIREWALL_UFW", jm_buf_str(&t->v[UFW]) },
	};
	size_t n = sizeof general / sizeof general[0];

	snprintf(port, 8, "%u", s->port);
	memcpy(values, general, sizeof general);
	n += values_of_exchange(s, f, values + n);
	n = values_of_tls(s, t, n, values);
	for (size_t i = 0; i < SECTIONS_N; i++)
		values[n++] = (struct jm_data_value){ sections[i].name,
			jm_buf_str(&t->v[SECTION + i]) };
	values_of_version(f->version, values + n);
}

static int template_fill(const char *template, const struct jm_data_value *values,
    struct jm_buf *out, struct jm_err *err)
{
	unsigned char *p = NULL;
	size_t n = 0;
	int rc = -1;

	if (jm_data_read(template, &p, &n, err) == 0 &&
	    (rc = jm_data_fill(jm_span_of(p, n), values, out, err)) != 0)
		(void)jm_err_wrap(err, "%s", template);
	free(p);
	return rc;
}

/* Fill the sections, which the files then contain. */
static int sections_make(const struct jm_setup *s, struct texts *t, struct jm_err *err)
{
	static const struct file none = { "", "README", 0, 0, NULL };
	struct jm_data_value values[VALUES_MAX];
	char port[8];

	values_make(s, t, &none, port, values);
	for (size_t i = 0; i < SECTIONS_N; i++)
		if ((s->parts & sections[i].needs) == sections[i].needs &&
		    template_fill(sections[i].template, values, &t->v[SECTION + i], err) != 0)
			return -1;
	return 0;
}

static int write_file(
    const struct jm_setup *s, const struct texts *t, const struct file *f, struct jm_err *err)
{
	struct jm_data_value values[VALUES_MAX];
	struct jm_buf out;
	char path[4096], port[8];
	int rc;

	jm_buf_init(&out, OUTPUT_MAX_BYTES);
	snprintf(path, sizeof path, "%s/%s", s->output, f->output);
	values_make(s, t, f, port, values);
	rc = template_fill(f->template, values, &out, err);
	if (rc == 0)
		rc = jm_io_publish(path, out.p, out.len, f->mode, err);
	jm_buf_release(&out);
	return rc;
}

static int make_folder(const struct jm_setup *s, struct jm_err *err)
{
	if (mkdir(s->output, 0755) == 0)
		return 0;
	if (errno != EEXIST)
		return jm_err_sys(err, errno == ENOENT ? JM_E_NOTFOUND : JM_E_DENIED,
		    "cannot make the folder %s", s->output);
	return s->force
	    ? 0
	    : jm_err_set(err, JM_E_DENIED,
		  "%s is there already; --force writes into it, --output names another", s->output);
}

int jm_setup_write(const struct jm_setup *s, void (*each)(void *ctx, const char *name), void *ctx,
    struct jm_err *err)
{
	struct texts t;
	int rc = -1;

	for (size_t i = 0; i < TEXTS_N; i++)
		jm_buf_init(&t.v[i], TEXT_MAX_BYTES);
	if (texts_make(s, &t, err) != 0 || sections_make(s, &t, err) != 0 ||
	    make_folder(s, err) != 0)
		goto out;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if ((s->parts & files[i].needs) != files[i].needs)
			continue;
		if (write_file(s, &t, &files[i], err) != 0)
			goto out;
		each(ctx, files[i].output);
	}
	rc = 0;
out:
	for (size_t i = 0; i < TEXTS_N; i++)
		jm_buf_release(&t.v[i]);
	return rc;
}
