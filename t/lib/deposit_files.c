/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: unwrap .eml files and deposit them into an archive folder, without a daemon. Prints
 * one JSON receipt a file.
 *
 *	deposit_files [--service ADDRESS] [--client IP] [--mail-from ADDRESS]
 *	              [--set-aside REASON] [--queued SECONDS] [--event TEXT] [--repeat N]
 *	              [--volume-size BYTES] DIR FILE...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/deposit.h"
#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/journal/unwrap.h"
#include "common/volume/metadata.h"
#include "milter/ctl/cli/option.h"

#define FILE_MAX_BYTES (1024u * 1024 * 1024)

struct deposit {
	const char *service, *client, *mail_from, *set_aside, *event;
	struct jm_ctl_list domains;
	bool eml;
	uint64_t repeat, volume_size, queued_s;
};

static int deposit_bytes(struct jm_archive *a, const struct deposit *o, struct jm_span received,
    struct jm_receipt *r, struct jm_err *err)
{
	static const char *const domains[] = { "journal.example.com", "journal.contoso.com", NULL };
	static const char *const senders[] = { "journal-ndr@example.com", NULL };
	const struct jm_unwrap_options options = {
		.journal_domains = o->domains.n > 0 ? o->domains.v : domains,
		.report_senders = senders,
		.type = o->eml ? JM_JOURNAL_EML : JM_JOURNAL_ENVELOPE,
		.remove_journal_headers = true
	};
	const char *const rcpt_to[] = { o->service, NULL };
	struct jm_deposit d = { .arrival = { .transport = "smtp",
				    .service = o->service,
				    .queue_id = "4cTEST",
				    .client = o->client,
				    .helo = "mail.example.com",
				    .mail_from = o->mail_from,
				    .rcpt_to = rcpt_to,
				    .received_ms = jm_clock_now_ms() },
		.received = received,
		.set_aside = o->set_aside,
		.due_ms = o->queued_s > 0 ? jm_clock_now_ms() + (int64_t)o->queued_s * 1000 : 0 };
	struct jm_unwrap u;
	int rc;

	if (jm_unwrap(received, &options, &u, err) < 0)
		return -1;
	d.unwrap = &u;
	rc = jm_archive_deposit(a, &d, r, err);
	jm_unwrap_release(&u);
	return rc;
}

static int deposit_file(
    struct jm_archive *a, const struct deposit *o, const char *path, struct jm_err *err)
{
	char report[JM_SHA256_HEX_BYTES], message[JM_SHA256_HEX_BYTES];
	struct jm_receipt r = { .seq = 0 };
	unsigned char *p = NULL;
	size_t n = 0;
	uint64_t i;
	int rc;

	rc = jm_io_read_file(path, FILE_MAX_BYTES, &p, &n, err);
	for (i = 0; rc == 0 && i < o->repeat; i++) {
		rc = deposit_bytes(a, o, jm_span_of(p, n), &r, err);
		if (rc == 0)
			printf("{\"file\":\"%s\",\"seq\":%" PRIu64
			       ",\"report_sha256\":\"%s\",\"message_sha256\":\"%s\","
			       "\"message_bytes\":%" PRIu64 ",\"stored_bytes\":%" PRIu64 "}\n",
			    path, r.seq, jm_sha256_hex(r.report_sha256, report),
			    jm_sha256_hex(r.message_sha256, message), r.message_bytes,
			    r.stored_bytes);
	}
	free(p);
	return rc;
}

static int run(const struct deposit *o, const char *dir, char **files, int n, struct jm_err *err)
{
	const struct jm_archive_options options = { .dir = dir,
		.volume_size_bytes = o->volume_size };
	struct jm_archive *a = NULL;
	int rc, i;

	if (jm_archive_open(&options, &a, err) < 0)
		return -1;
	rc = 0;
	if (o->event) {
		const struct jm_event e = { .time_ms = jm_clock_now_ms(),
			.kind = "refused",
			.service = o->service,
			.actor = o->client,
			.text = o->event };

		rc = jm_archive_note(a, &e, err);
	}
	for (i = 0; rc == 0 && i < n; i++)
		rc = deposit_file(a, o, files[i], err);
	jm_archive_close(&a);
	return rc;
}

int main(int argc, char **argv)
{
	struct deposit o = { .service = "journaling@journal.example.com",
		.client = "192.0.2.1",
		.mail_from = "exchange@example.com",
		.repeat = 1 };
	const struct jm_ctl_option options[] = { { "service", JM_CTL_TEXT, &o.service, "ADDRESS",
						     "the journal address" },
		{ "client", JM_CTL_TEXT, &o.client, "IP", "the client" },
		{ "mail-from", JM_CTL_TEXT, &o.mail_from, "ADDRESS", "the reverse path" },
		{ "set-aside", JM_CTL_TEXT, &o.set_aside, "REASON",
		    "set aside instead of archived" },
		{ "queued", JM_CTL_NUMBER, &o.queued_s, "SECONDS",
		    "into the processing queue, due then" },
		{ "event", JM_CTL_TEXT, &o.event, "TEXT", "note this event first" },
		{ "journal-domain", JM_CTL_LIST, &o.domains, "DOMAIN", "as jmctl unwrap" },
		{ "eml", JM_CTL_FLAG, &o.eml, NULL, "never unwrap" },
		{ "repeat", JM_CTL_NUMBER, &o.repeat, "N", "each file N times" },
		{ "volume-size", JM_CTL_NUMBER, &o.volume_size, "BYTES", "of the archive" },
		{ NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(
	    argc, argv, options, "[options] DIR FILE...", "Deposit files into an archive.", &code);
	if (n < 0)
		return code;
	if (n < 1)
		return 64;
	if (run(&o, argv[1], argv + 2, n - 1, &err) == 0)
		return 0;
	fprintf(stderr, "deposit: %s: %s\n", jm_err_kind_name(err.kind), err.text);
	return 1;
}
