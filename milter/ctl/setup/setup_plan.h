/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The meaning of the options of jmctl setup together: names, addresses and ranges, checked and in
 * the forms that the templates need. Reads nothing but the list of Microsoft's ranges. One thread.
 */
#ifndef JM_MILTER_CTL_SETUP_SETUP_PLAN_H
#define JM_MILTER_CTL_SETUP_SETUP_PLAN_H

#include "common/base/buf.h"
#include "common/base/cidr.h"
#include "common/base/err.h"
#include "common/mail/domain.h"
#include "milter/ctl/cli/option.h"

#define JM_SETUP_NOTES_MAX 12
#define JM_SETUP_NOTE_BYTES 500
#define JM_SETUP_DOMAINS_MAX 64

/* Parts of a set-up; a template names those that it needs. */
enum {
	JM_SETUP_ON_PREMISES = 1,
	JM_SETUP_ONLINE = 2,
	JM_SETUP_TWO_SERVICES = 4,
	JM_SETUP_SMTP = 8,
	JM_SETUP_POP3 = 16,
	JM_SETUP_MICROSOFT = 32, /* Microsoft's ranges may send */
	JM_SETUP_LOGIN = 64,
	JM_SETUP_DROP_IN = 128,   /* a folder is outside of the unit's writable paths */
	JM_SETUP_TOKEN = 256,     /* the mailbox needs an access token */
	JM_SETUP_PASSWORD = 1024, /* the mailbox needs a password */
	JM_SETUP_TLS = 2048,      /* the certificate of the MTA is known */
};

struct jm_setup {
	/* options */
	const char *output, *kind, *transport, *mta_address, *undeliverable, *tenant, *socket,
	    *socket_group, *user, *archive, *publish, *tls_certificate, *tls_key, *mailbox,
	    *mailbox_host;
	struct jm_ctl_list smart_hosts, sources, internal_domains;
	bool force, json, microsoft365, login;
	/* derived from the options */
	int parts;
	unsigned port; /* of the MTA's listener */
	char domain[JM_DOMAIN_BYTES], journal_domain[JM_DOMAIN_BYTES + 8],
	    address[JM_DOMAIN_BYTES + 32], second[JM_DOMAIN_BYTES + 32],
	    tenant_domain[JM_DOMAIN_BYTES];
	char folder[JM_DOMAIN_BYTES + 32], ndr[JM_DOMAIN_BYTES + 16], date[16], listen[96],
	    sendmail_listen[96], postfix_socket[256], sendmail_socket[256],
	    mailbox_address[JM_DOMAIN_BYTES + 32], pop3_host[JM_DOMAIN_BYTES + 16];
	char internal[JM_SETUP_DOMAINS_MAX][JM_DOMAIN_BYTES]; /* --internal-domain, normalised */
	size_t internal_n;
	/* who may send: --source or the private networks; Microsoft's, with their date */
	struct jm_cidr *ours, *microsoft;
	size_t ours_n, microsoft_n;
	char microsoft_date[16];
	/* folders that the daemon writes to, outside of the unit's own: "" when they are not */
	const char *outside_archive, *outside_publish;
	char outside_socket[256];
	char notes[JM_SETUP_NOTES_MAX][JM_SETUP_NOTE_BYTES]; /* to be said with the list of files */
	size_t notes_n;
};

/*
 * Fill the derived part from the options and DOMAIN. -1: USAGE with the reason and the way out, or
 * the kinds of jm_data_read(), TEMP.
 */
int jm_setup_plan(struct jm_setup *s, const char *domain, struct jm_err *err) JM_MUST_CHECK;

void jm_setup_release(struct jm_setup *s);

#endif
