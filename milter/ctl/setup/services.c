/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements of the settings file, and commands of firewalls. See services.h. */
#include "milter/ctl/setup/services.h"

#include <string.h>

static int add_ranges(struct jm_buf *out, const struct jm_cidr *v, size_t n, struct jm_err *err)
{
	char text[JM_CIDR_TEXT_BYTES];

	for (size_t i = 0; i < n; i++)
		if (jm_buf_printf(
			out, err, "      <range>%s</range>\n", jm_cidr_format(&v[i], text)) != 0)
			return -1;
	return 0;
}

int jm_setup_domains_xml(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	if ((s->parts & JM_SETUP_SMTP) &&
	    jm_buf_printf(out, err,
		"    <!-- The sender of each report must be in one of them: it is Exchange's "
		"address\n"
		"         for undeliverable reports, %s. -->\n",
		s->undeliverable) != 0)
		return -1;
	if (jm_buf_printf(out, err, "    <domain sub-domains=\"yes\">%s</domain>\n", s->domain) !=
	    0)
		return -1;
	for (size_t i = 0; i < s->internal_n; i++)
		if (jm_buf_printf(out, err, "    <domain sub-domains=\"yes\">%s</domain>\n",
			s->internal[i]) != 0)
			return -1;
	if (s->tenant_domain[0] && !(s->parts & JM_SETUP_SMTP))
		return jm_buf_printf(out, err, "    <domain>%s</domain>\n", s->tenant_domain);
	if (s->tenant_domain[0])
		return jm_buf_printf(out, err,
		    "    <!-- The tenant's own domain, from which Exchange Online sends while no "
		    "address for\n         undeliverable reports is set. -->\n"
		    "    <domain>%s</domain>\n",
		    s->tenant_domain);
	if (s->parts & JM_SETUP_MICROSOFT)
		return jm_buf_printf(out, err,
		    "    <!-- The tenant's own domain is missing:\n"
		    "    <domain>NAME.onmicrosoft.com</domain>\n    -->\n");
	return 0;
}

/* Append what an SMTP service demands of its clients. */
static int add_demands(struct jm_buf *out, bool login, bool microsoft, struct jm_err *err)
{
	if (microsoft &&
	    jm_buf_printf(out, err,
		"    <!-- Any tenant of Microsoft 365 sends from these addresses: only over "
		"TLS, with a\n         sender in <internal-domains>. Exchange Online never "
		"sends reports with <>. -->\n"
		"    <refuse-null-sender>yes</refuse-null-sender>\n") != 0)
		return -1;
	if (login &&
	    jm_buf_printf(out, err,
		"    <!-- The client logs in with the <email-address> as user name. -->\n"
		"    <use-smtp-authentication>yes</use-smtp-authentication>\n") != 0)
		return -1;
	return jm_buf_printf(out, err,
	    login || microsoft ? "    <encrypted>yes</encrypted>\n"
			       : "    <!-- yes: only over TLS, when the MTA has a certificate -->\n"
				 "    <!-- <encrypted>no</encrypted> -->\n");
}

/* Append a <journal-service>; whence: JM_SETUP_ON_PREMISES, JM_SETUP_ONLINE or both. */
static int add_smtp(
    const struct jm_setup *s, const char *what, int whence, struct jm_buf *out, struct jm_err *err)
{
	bool two = (s->parts & JM_SETUP_TWO_SERVICES) != 0,
	     microsoft = (whence & JM_SETUP_ONLINE) && s->microsoft_n > 0,
	     ours = (whence & JM_SETUP_ON_PREMISES) || !microsoft || !two;

	if (jm_buf_printf(out, err,
		"  <journal-service>\n    <description>%s of %s</description>\n"
		"    <email-address>%s</email-address>\n    <additional-source-ip-ranges>\n",
		what, s->domain, two && whence == JM_SETUP_ONLINE ? s->second : s->address) != 0)
		return -1;
	if (ours && s->sources.n == 0 && s->ours_n > 0 &&
	    jm_buf_printf(out, err,
		"      <!-- Private networks, as nothing better was known. Write here the "
		"addresses of the Exchange servers alone. -->\n") != 0)
		return -1;
	for (size_t i = 0; ours && i < s->sources.n; i++) /* as they were written */
		if (jm_buf_printf(out, err, "      <range>%s</range>\n", s->sources.v[i]) != 0)
			return -1;
	if (ours && s->sources.n == 0 && add_ranges(out, s->ours, s->ours_n, err) != 0)
		return -1;
	if (microsoft &&
	    (jm_buf_printf(out, err,
		 "      <!-- Microsoft 365 as of %s; compare every month: jmctl ranges diff FILE "
		 "-->\n",
		 s->microsoft_date) != 0 ||
		add_ranges(out, s->microsoft, s->microsoft_n, err) != 0))
		return -1;
	if (jm_buf_printf(out, err, "    </additional-source-ip-ranges>\n") != 0 ||
	    add_demands(out, (whence & JM_SETUP_ON_PREMISES) && s->login, microsoft, err) != 0)
		return -1;
	return jm_buf_printf(out, err, "  </journal-service>\n");
}

static int add_pop3(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	return jm_buf_printf(out, err,
	    "  <journal-service>\n    <description>Journal mailbox of %s</description>\n"
	    "    <!-- The name of the service in the archive; no mail is sent to it. -->\n"
	    "    <email-address>%s</email-address>\n"
	    "    <transport-type>POP3</transport-type>\n    <pop3>\n"
	    "      <hostname>%s</hostname>\n      <port>995</port>\n"
	    "      <mailbox-name>%s</mailbox-name>\n      <%s>%s</%s>\n"
	    "      <!-- TLS from the start (995). STLS on port 110: <port>110</port> and\n"
	    "           <starttls>yes</starttls> -->\n      <encrypted>yes</encrypted>\n"
	    "      <!-- A self-signed certificate: relaxed, with the <pinned-public-key> that\n"
	    "           jmctl test prints -->\n"
	    "      <encryption-mode>strict</encryption-mode>\n    </pop3>\n"
	    "  </journal-service>\n",
	    s->domain, s->address, s->pop3_host, s->mailbox_address,
	    s->parts & JM_SETUP_TOKEN ? "oauth2-token-command" : "password-file",
	    s->parts & JM_SETUP_TOKEN ? JM_SETUP_TOKEN_COMMAND : JM_SETUP_PASSWORD_FILE,
	    s->parts & JM_SETUP_TOKEN ? "oauth2-token-command" : "password-file");
}

int jm_setup_services_xml(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	int both = s->parts & (JM_SETUP_ON_PREMISES | JM_SETUP_ONLINE);

	if (s->parts & JM_SETUP_POP3)
		return add_pop3(s, out, err);
	if (s->parts & JM_SETUP_TWO_SERVICES)
		return add_smtp(s, "Exchange on premises", JM_SETUP_ON_PREMISES, out, err) |
		    add_smtp(s, "Microsoft 365", JM_SETUP_ONLINE, out, err);
	return add_smtp(s, both == JM_SETUP_ONLINE ? "Microsoft 365" : "Exchange", both, out, err);
}

int jm_setup_writable(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	const char *const folders[] = { s->outside_archive, s->outside_publish, s->outside_socket };

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (*folders[i] &&
		    jm_buf_printf(out, err, "%s%s", out->len ? " " : "", folders[i]) != 0)
			return -1;
	return 0;
}

int jm_setup_folders(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	const struct {
		const char *path, *group;
		unsigned mode;
	} folders[] = {
		{ s->outside_archive, s->user, 0750 }, { s->outside_publish, s->user, 0755 },
		{ s->outside_socket, s->socket_group, 02750 }, /* as tmpfiles.d has it */
	};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (*folders[i].path &&
		    jm_buf_printf(out, err, "     install -d -o %s -g %s -m %04o %s\n", s->user,
			folders[i].group, folders[i].mode, folders[i].path) != 0)
			return -1;
	return 0;
}

/* Append the ranges of one family with separators between; the number of them goes to *n_r. */
static int add_family(
    const struct jm_setup *s, bool v6, struct jm_buf *out, size_t *n_r, struct jm_err *err)
{
	char text[JM_CIDR_TEXT_BYTES];

	*n_r = 0;
	for (size_t i = 0; i < s->ours_n + s->microsoft_n; i++) {
		const struct jm_cidr *c = i < s->ours_n ? &s->ours[i]
							: &s->microsoft[i - s->ours_n];

		jm_cidr_format(c, text);
		if ((strchr(text, ':') != NULL) != v6)
			continue;
		if (jm_buf_printf(out, err, "%s%s", (*n_r)++ ? ", " : "", text) != 0)
			return -1;
	}
	return 0;
}

int jm_setup_nft(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	struct jm_buf list;
	int rc = 0;

	jm_buf_init(&list, 1024u * 1024);
	for (int v6 = 0; v6 <= 1 && rc == 0; v6++) {
		size_t n;

		jm_buf_reset(&list);
		rc = add_family(s, v6, &list, &n, err);
		if (rc == 0 && n)
			rc = jm_buf_printf(out, err,
			    "     nft 'insert rule inet filter input %s saddr { %s } tcp dport %u "
			    "accept'\n",
			    v6 ? "ip6" : "ip", jm_buf_str(&list), s->port);
	}
	jm_buf_release(&list);
	return rc;
}

int jm_setup_ufw(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err)
{
	char text[JM_CIDR_TEXT_BYTES];

	for (size_t i = 0; i < s->ours_n + s->microsoft_n; i++)
		if (jm_buf_printf(out, err, "     ufw allow proto tcp from %s to any port %u\n",
			jm_cidr_format(
			    i < s->ours_n ? &s->ours[i] : &s->microsoft[i - s->ours_n], text),
			s->port) != 0)
			return -1;
	return 0;
}
