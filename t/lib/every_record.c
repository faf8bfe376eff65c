/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An archive with a record of every kind that this version writes, for t/corpus/make-archive:
 *
 *	every_record DIR CORPUS
 *
 * DIR must not be there; CORPUS is t/corpus/journal. Volumes are small, so that there are several,
 * and one of a large message by itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/archive/change.h"
#include "common/archive/deposit.h"
#include "common/archive/ownership.h"
#include "common/archive/marks.h"
#include "common/archive/note.h"
#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/catalog/apply_change.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"

#define VOLUME_BYTES 32768
#define LARGE_BYTES 20000 /* more than half a volume, and nothing to compress */
#define YEAR_MS (365 * INT64_C(86400000))
#define MAILBOX "journal@pop.example.com"

static const char *const addresses[] = { "journaling@journal.example.com",
	"journaling@journal.contoso.com" };
static struct jm_archive *a;
static const char *corpus;
static struct jm_buf text, inner;

static void must(int rc, const struct jm_err *err)
{
	if (rc < 0) {
		fprintf(stderr, "every_record: %s\n", err->text);
		exit(1);
	}
}

/* Deposit what text holds; d says how. */
static uint64_t put(struct jm_deposit d, bool eml)
{
	static const char *const domains[] = { "journal.example.com", "journal.contoso.com", NULL };
	const struct jm_unwrap_options options = { .journal_domains = domains,
		.type = eml ? JM_JOURNAL_EML : JM_JOURNAL_ENVELOPE,
		.remove_journal_headers = true };
	const char *to[] = { d.arrival.service, NULL };
	struct jm_unwrap u;
	struct jm_receipt r;
	struct jm_err err;

	d.received = jm_buf_span(&text);
	d.unwrap = &u;
	if (!d.arrival.rcpt_to)
		d.arrival.rcpt_to = to;
	d.arrival.received_ms = jm_clock_now_ms();
	must(jm_unwrap(d.received, &options, &u, &err), &err);
	must(jm_archive_deposit(a, &d, &r, &err), &err);
	jm_unwrap_release(&u);
	return r.seq;
}

static uint64_t smtp(unsigned service, const char *set_aside, int64_t due_ms)
{
	return put((struct jm_deposit){ .arrival = { .transport = "smtp",
					    .service = addresses[service],
					    .queue_id = "4cGOLD",
					    .client = "192.0.2.25",
					    .helo = "mail.example.com",
					    .tls = "TLSv1.3",
					    .login = service ? addresses[service] : NULL,
					    .mail_from = service ? "" : "<exchange@example.com>" },
		       .set_aside = set_aside,
		       .due_ms = due_ms },
	    false);
}

static void file(const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", corpus, name);
	t_read(path, &text);
}

/* A report of its own for each number. */
static void report(unsigned n, const char *recipient, bool base64)
{
	char id[40], to[80];

	snprintf(id, sizeof id, "golden-%u@example.com", n);
	snprintf(to, sizeof to, "To: %s", recipient);
	t_message(&inner, id, "golden", n, 900);
	t_report(&text, id, "anna@example.com", to, jm_buf_span(&inner), base64);
}

static void reports(void)
{
	static const char *const names[] = { "001-o365-plain.eml", "002-onprem-alternative.eml",
		"003-bcc-folded-case.eml", "006-expanded-forwarded.eml", "007-on-behalf-of.eml",
		"009-8bit-utf8.eml", "010-binary-part.eml", "013-empty-body.eml",
		"016-long-lines.eml", "017-iso2022jp-subject.eml", "018-eai-idn.eml",
		"020-exchange2003.eml", "021-rms-pair.eml", "022-ndr-wrapped.eml",
		"023-nested-report.eml", "024-stepdown-plain.eml", "027-no-close-delimiter.eml",
		"029-base64-rfc822.eml", "030-lf-only.eml", "032-nul-bytes.eml",
		"034-extra-fields.eml" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		file(names[i]);
		(void)smtp(i % 2, NULL, 0);
	}
	jm_buf_reset(&text);
	(void)smtp(0, NULL, 0); /* no byte at all */
}

/* Content that is stored already, as a whole report and as the message of another. */
static void splices(void)
{
	file("001-o365-plain.eml");
	(void)smtp(1, NULL, 0);
	report(1, "bert@example.org", false);
	(void)smtp(0, NULL, 0);
	report(1, "carl@example.org", false);
	(void)smtp(1, NULL, 0);
	report(1, "dora@example.org", true); /* another form of the same message */
	(void)smtp(0, NULL, 0);
}

static void other_ways(void)
{
	const char *const to[] = { "<erna@example.com>", "emil@example.com", NULL };
	struct jm_err err;

	t_message(&text, "gate@example.org", "through the gateway", 2, 700);
	(void)put((struct jm_deposit){ .arrival = { .transport = "gateway",
					   .queue_id = "4cGATE",
					   .client = "2001:db8::25",
					   .helo = "mx.example.org",
					   .mail_from = "<fritz@example.org>",
					   .rcpt_to = to,
					   .direction = "inbound" } },
	    true);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const uidl[] = { "0000000165b3f9d2", "!~", NULL };

		report(10 + i, "gerd@example.com", false);
		(void)put((struct jm_deposit){ .arrival = { .transport = "pop3",
						   .service = addresses[0],
						   .pop3_mailbox = MAILBOX,
						   .pop3_uidl = uidl[i],
						   .pop3_size_bytes = text.len + i } },
		    false);
	}
	must(jm_archive_pop3_forget(
		 a, MAILBOX, &(struct jm_span){ (const unsigned char *)"!~", 2 }, 1, &err),
	    &err);
	must(jm_archive_extracted(a,
		 &(struct jm_extract){ addresses[0], jm_clock_now_ms(), 2, 2, 1, 1000000000456 },
		 &err),
	    &err);
}

static void change(uint64_t seq, enum jm_change_to to)
{
	struct jm_err err;

	must(jm_archive_change(a, "operator",
		 &(struct jm_change){ .seq = seq,
		     .to = to,
		     .attempts = 1,
		     .due_ms = jm_clock_now_ms() + 70 * YEAR_MS,
		     .reason = to == JM_CHANGE_WAIT || to == JM_CHANGE_SET_ASIDE
			 ? "no ordinary mail matches"
			 : NULL },
		 1, &err),
	    &err);
}

static void states(void)
{
	static const enum jm_change_to queued[] = { JM_CHANGE_ARCHIVE, JM_CHANGE_SET_ASIDE,
		JM_CHANGE_RELEASE, JM_CHANGE_WAIT };
	uint64_t seq;

	for (unsigned i = 0; i < 5; i++) {
		report(20 + i, "hans@example.com", false);
		seq = smtp(i % 2, NULL, jm_clock_now_ms() + 60 * YEAR_MS);
		if (i < 4)
			change(seq, queued[i]);
	}
	report(1, "ida@example.com", false); /* joins an item when it is archived */
	change(smtp(0, NULL, jm_clock_now_ms() + 60 * YEAR_MS), JM_CHANGE_ARCHIVE);
	for (unsigned i = 0; i < 3; i++) {
		report(30 + i, "jens@example.com", false);
		seq = smtp(0, "the message is too old", 0);
		if (i < 2)
			change(seq, i == 0 ? JM_CHANGE_RELEASE : JM_CHANGE_EXPIRE);
	}
}

static void events(void)
{
	const int64_t now = jm_clock_now_ms();
	const struct jm_attempts t[] = { { addresses[0], now, 3, 2, 1, now,
					     "5.7.1 the sender's domain is not internal" },
		{ NULL, now, 1, 0, 1, 0, NULL } };
	struct jm_domain_change d = {
		.domain = "example.com", .state = JM_DOMAIN_PENDING, .code = "jm-4711"
	};
	struct jm_err err;

	must(jm_archive_tally(a, t, 2, &err), &err);
	must(jm_archive_note(a,
		 &(struct jm_event){ .time_ms = now,
		     .kind = "refused",
		     .service = addresses[0],
		     .actor = "198.51.100.1",
		     .text = "5.7.1 \xff\x01 \"quoted\"" },
		 &err),
	    &err);
	must(jm_archive_note(a,
		 &(struct jm_event){ .time_ms = now,
		     .kind = "service-status",
		     .service = addresses[1],
		     .actor = "daemon",
		     .text = "it works",
		     .status = "OK",
		     .cure = "" },
		 &err),
	    &err);
	must(jm_archive_domain(a, "operator", &d, &err), &err);
	d.state = JM_DOMAIN_VERIFIED;
	d.text = "found";
	must(jm_archive_domain(a, "daemon", &d, &err), &err);
	d = (struct jm_domain_change){ .domain = "contoso.com",
		.state = JM_DOMAIN_FAILED,
		.code = "jm-4712",
		.text = "no TXT record" };
	must(jm_archive_domain(a, "daemon", &d, &err), &err);
}

static void large(void)
{
	struct jm_err err;
	uint32_t chance = 1;

	t_message(&inner, "large@example.com", "large", 3, 10);
	for (unsigned i = 0; i < LARGE_BYTES; i++) {
		chance ^= chance << 13;
		chance ^= chance >> 17;
		chance ^= chance << 5;
		must(jm_buf_add_byte(&inner, (unsigned char)(chance >> 24), &err), &err);
	}
	t_report(
	    &text, "large", "anna@example.com", "To: bert@example.org", jm_buf_span(&inner), false);
	(void)smtp(0, NULL, 0);
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc != 3 || (stat(argv[1], &st) == 0 || errno != ENOENT)) {
		fprintf(stderr, "usage: every_record DIR CORPUS, where DIR is not there\n");
		return 64;
	}
	corpus = argv[2];
	jm_buf_init(&text, 1u << 24);
	jm_buf_init(&inner, 1u << 24);
	a = t_open(argv[1], VOLUME_BYTES);
	if (!a)
		return 1;
	reports();
	splices();
	other_ways();
	large();
	states();
	events();
	report(40, "karl@example.com", false);
	(void)smtp(0, NULL, 0);
	jm_archive_close(&a);
	jm_buf_release(&text);
	jm_buf_release(&inner);
	return 0;
}
