/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl setup: write all files that a domain's journaling needs into a folder: settings, parts for
 * Postfix and Sendmail, PowerShell for each Exchange. This file has the options and the answer;
 * setup_plan.c has their meaning, template.c the table of files. Changes nothing else on the
 * machine.
 */
#include "milter/ctl/setup/setup.h"

#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/setup/setup_plan.h"
#include "milter/ctl/setup/template.h"

#define ARCHIVE_DIRECTORY "/var/lib/journal-milter"
#define PUBLISH_DIRECTORY "/run/journal-milter-public"
#define SOCKET "unix:/run/journal-milter/milter.sock"
#define SOCKET_GROUP "journal-mta" /* group and user are made by sysusers.d */
#define USER "journal-milter"

struct answer {
	const struct jm_setup *s;
	json_t *files;
};

static void file_written(void *ctx, const char *name)
{
	const struct answer *a = ctx;

	if (a->s->json)
		(void)json_array_append_new(a->files, json_string(name));
	else
		jm_print(stdout, "%s/%s\n", a->s->output, name);
}

static void setup_report(const struct answer *a)
{
	const struct jm_setup *s = a->s;
	json_t *o, *notes = json_array();

	for (size_t i = 0; i < s->notes_n; i++)
		(void)json_array_append_new(notes, json_string(s->notes[i]));
	if (!s->json) {
		for (size_t i = 0; i < s->notes_n; i++)
			jm_print(stdout, "\nNote: %s\n", s->notes[i]);
		jm_print(stdout,
		    "\nNothing else was changed. What to do with it is in %s/README.\n", s->output);
		json_decref(notes);
		return;
	}
	o = json_pack("{s:s, s:s, s:s, s:s, s:O, s:o}", "directory", s->output, "domain", s->domain,
	    "journal_domain", s->journal_domain, "journal_address", s->address, "files", a->files,
	    "notes", notes);
	jm_print_json(stdout, o);
	json_decref(o);
}

static void options_make(struct jm_setup *s, struct jm_ctl_option *options)
{
	const struct jm_ctl_option table[] = {
		{ "output", JM_CTL_TEXT, &s->output, "DIR",
		    "where to; default: journal-milter-setup-DOMAIN" },
		{ "force", JM_CTL_FLAG, &s->force, NULL, "write into a folder that is there" },
		{ "services", JM_CTL_TEXT, &s->kind, "WHICH",
		    "one (default), on-premises, microsoft-365, hybrid",
		    "one on-premises microsoft-365 hybrid" },
		{ "transport", JM_CTL_TEXT, &s->transport, "WHICH",
		    "smtp (default): Exchange sends; pop3: the daemon empties a mailbox",
		    "smtp pop3" },
		{ "smart-host", JM_CTL_LIST, &s->smart_hosts, "HOST",
		    "by which Exchange reaches the MTA; default: journal.DOMAIN" },
		{ "mta-address", JM_CTL_TEXT, &s->mta_address, "ADDR[:PORT]",
		    "of the journal's listener; default: all, 25" },
		{ "undeliverable", JM_CTL_TEXT, &s->undeliverable, "ADDRESS",
		    "default: journal-ndr@DOMAIN" },
		{ "source", JM_CTL_LIST, &s->sources, "RANGE",
		    "of the Exchange servers: only these may send; default: private networks" },
		{ "microsoft365", JM_CTL_FLAG, &s->microsoft365, NULL,
		    "Exchange Online may send: Microsoft's ranges, over TLS only" },
		{ "tenant", JM_CTL_TEXT, &s->tenant, "NAME.onmicrosoft.com",
		    "the tenant's own domain, which is internal too" },
		{ "internal-domain", JM_CTL_LIST, &s->internal_domains, "DOMAIN",
		    "another domain of the organisation" },
		{ "smtp-login", JM_CTL_FLAG, &s->login, NULL,
		    "Exchange on premises logs in as the journal address, over TLS" },
		{ "mailbox", JM_CTL_TEXT, &s->mailbox, "ADDRESS",
		    "pop3: the journal mailbox; default: journaling@DOMAIN" },
		{ "mailbox-host", JM_CTL_TEXT, &s->mailbox_host, "HOST",
		    "pop3: its server; default: exchange.DOMAIN" },
		{ "tls-certificate", JM_CTL_TEXT, &s->tls_certificate, "FILE",
		    "of the MTA, with the names of the smart hosts; with --tls-key" },
		{ "tls-key", JM_CTL_TEXT, &s->tls_key, "FILE", "its private key" },
		{ "milter-socket", JM_CTL_TEXT, &s->socket, "SOCKET",
		    "of the milter; default: " SOCKET },
		{ "socket-group", JM_CTL_TEXT, &s->socket_group, "GROUP",
		    "who may connect to it; default: " SOCKET_GROUP },
		{ "user", JM_CTL_TEXT, &s->user, "USER", "of the daemon; default: " USER },
		{ "archive", JM_CTL_TEXT, &s->archive, "DIR", "default: " ARCHIVE_DIRECTORY },
		{ "publish", JM_CTL_TEXT, &s->publish, "DIR",
		    "for the status page; default: " PUBLISH_DIRECTORY },
		{ "json", JM_CTL_FLAG, &s->json, NULL, "print one JSON object" },
		{ NULL, JM_CTL_FLAG, NULL, NULL, NULL },
	};

	(void)jm_ctl_options_add(options, table);
}

static int setup_run(struct jm_setup *s, const char *domain)
{
	struct answer a = { s, json_array() };
	struct jm_err err = { JM_E_NONE, 0, "" };
	int rc = EX_OK;

	if (jm_setup_plan(s, domain, &err) != 0 || jm_setup_write(s, file_written, &a, &err) != 0)
		rc = jm_ctl_fail("setup", &err);
	else
		setup_report(&a);
	json_decref(a.files);
	return rc;
}

int jm_ctl_setup(int argc, char **argv)
{
	struct jm_setup s = { .kind = "one",
		.transport = "smtp",
		.socket = SOCKET,
		.socket_group = SOCKET_GROUP,
		.user = USER,
		.archive = ARCHIVE_DIRECTORY,
		.publish = PUBLISH_DIRECTORY };
	struct jm_ctl_option options[JM_CTL_OPTIONS_MAX];
	int rc = EX_OK, n;

	options_make(&s, options);
	n = jm_ctl_options(argc, argv, options, "[options] DOMAIN",
	    "Write what MTA, archive and Exchange need for a domain.", &rc);
	if (n >= 0 && n != 1)
		rc = n > 1 ? jm_ctl_fail_usage("setup", argv[2])
			   : jm_ctl_fail_missing("setup", "DOMAIN");
	else if (n == 1)
		rc = setup_run(&s, argv[1]);
	jm_setup_release(&s);
	return rc;
}
