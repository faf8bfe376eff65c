/* SPDX-License-Identifier: BSD-2-Clause */
/* See filled.h. */
#include "t/lib/filled.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/archive/deposit.h"
#include "common/archive/note.h"
#include "common/archive/ownership.h"
#include "common/archive/reader.h"
#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/journal/unwrap.h"

static void must(int rc, const struct jm_err *err)
{
	if (rc == 0)
		return;
	printf("Bail out! %s\n", err->text);
	exit(1);
}

/* The message with two parts, one of them an attachment. */
static int with_attachment(struct jm_buf *b, unsigned i, struct jm_err *err)
{
	return jm_buf_printf(b, err,
	    "From: \"Anna B.\" <anna@example.com>\r\nTo: bert@example.org, \"C\" "
	    "<carl@sub.example.org>\r\nCc: dora@example.net\r\n"
	    "Date: Tue, 3 Jul 2029 10:00:%02u +0200\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= %u\r\n"
	    "Message-ID: <filled%u@x>\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\nhello %u\r\n--m\r\n"
	    "Content-Type: application/pdf; name*=utf-8''Pl%%C3%%A4ne.pdf\r\n"
	    "Content-Disposition: attachment; filename=\"=?utf-8?Q?Pl=C3=A4ne.pdf?=\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8sIHdvcmxkLg==\r\n--m--\r\n",
	    i % 60, i, i, i);
}

/* received: the bytes that come in. Nothing here ends the test: memory may be short. */
static int compose(struct jm_buf *received, enum t_filled_kind kind, unsigned i, struct jm_err *err)
{
	if (kind != T_FILLED_REPORT)
		return with_attachment(received, i, err);
	return jm_buf_printf(received, err,
		   "From: postmaster@example.com\r\nTo: archive@journal.example.com\r\n"
		   "Message-ID: <report%u@x>\r\nX-MS-Journal-Report:\r\nMIME-Version: 1.0\r\n"
		   "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
		   "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
		   "Sender: anna@example.com\r\nSubject: s\r\nTo: bert@example.org\r\n"
		   "To: carl@sub.example.org, Expanded: all@example.org\r\n"
		   "Cc: dora@example.net\r\nBcc: emil@example.org\r\n\r\n--b\r\n"
		   "Content-Type: message/rfc822\r\n\r\n",
		   i) == 0 &&
		with_attachment(received, i, err) == 0
	    ? jm_buf_printf(received, err, "\r\n--b--\r\n")
	    : -1;
}

int t_filled_deposit(
    struct jm_archive *a, enum t_filled_kind kind, unsigned i, uint64_t *seq_r, struct jm_err *err)
{
	const struct jm_unwrap_options o = {
		.journal_domains = (const char *const[]){ "journal.example.com", NULL },
		.report_senders = (const char *const[]){ "journal-ndr@example.com", NULL },
		.remove_journal_headers = true,
	};
	const char *rcpt[] = { T_FILLED_SERVICE, NULL };
	char uidl[40];
	struct jm_deposit d = { .arrival = { .transport = "smtp",
				    .service = T_FILLED_SERVICE,
				    .queue_id = "4ABC",
				    .client = "192.0.2.1",
				    .helo = "mail.example.com",
				    .mail_from = "",
				    .rcpt_to = rcpt } };
	struct jm_buf received;
	struct jm_receipt r;
	struct jm_unwrap u;
	int rc = -1;

	jm_buf_init(&received, 1u << 20);
	if (compose(&received, kind, i, err) != 0 ||
	    jm_unwrap(jm_buf_span(&received), &o, &u, err) != 0)
		goto out;
	d.received = jm_buf_span(&received);
	d.unwrap = &u;
	d.arrival.received_ms = jm_clock_now_ms();
	d.set_aside = kind == T_FILLED_ASIDE ? "no recipient is at an internal domain" : NULL;
	d.set_aside_address = jm_span_str(kind == T_FILLED_ASIDE ? "emil@example.org" : "");
	d.due_ms = kind == T_FILLED_QUEUED ? 4102444800000 : 0;
	if (kind == T_FILLED_MARKED) {
		snprintf(uidl, sizeof uidl, "uidl%u", i);
		d.arrival.transport = "pop3";
		d.arrival.pop3_mailbox = T_FILLED_MAILBOX;
		d.arrival.pop3_uidl = uidl;
		d.arrival.pop3_size_bytes = 900;
	}
	rc = jm_archive_deposit(a, &d, &r, err);
	if (rc == 0 && seq_r)
		*seq_r = r.seq;
	jm_unwrap_release(&u);
out:
	jm_buf_release(&received);
	return rc;
}

void t_fill(struct jm_archive *a, uint64_t seq[T_FILLED_MARKED + 1])
{
	static const struct {
		enum t_filled_kind kind;
		unsigned i;
	} reports[] = { { T_FILLED_PLAIN, 1 }, { T_FILLED_REPORT, 1 }, { T_FILLED_REPORT, 2 },
		{ T_FILLED_REPORT, 2 }, { T_FILLED_PLAIN, 3 }, { T_FILLED_ASIDE, 4 },
		{ T_FILLED_QUEUED, 5 }, { T_FILLED_MARKED, 6 } };
	const struct jm_attempt_reason reasons[] = { { "greylisted", 2 } };
	struct jm_err err;

	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
		must(
		    t_filled_deposit(a, reports[i].kind, reports[i].i, &seq[reports[i].kind], &err),
		    &err);
	must(jm_archive_note(a,
		 &(struct jm_event){ .time_ms = jm_clock_now_ms(),
		     .kind = "status",
		     .service = T_FILLED_SERVICE,
		     .actor = "daemon",
		     .text = "quota reached",
		     .status = "ERROR",
		     .cure = "raise it" },
		 &err),
	    &err);
	must(jm_archive_domain(a, "root",
		 &(struct jm_domain_change){
		     "example.com", JM_DOMAIN_VERIFIED, "code", "its record is right" },
		 &err),
	    &err);
	must(jm_archive_tally(a,
		 &(struct jm_attempts){ .service = T_FILLED_SERVICE,
		     .time_ms = jm_clock_now_ms(),
		     .received = 9,
		     .refused = 1,
		     .refusal_ms = jm_clock_now_ms(),
		     .refusal = "not yours",
		     .reasons = reasons,
		     .reasons_n = 1 },
		 1, &err),
	    &err);
	t_filled_wait(a);
}

void t_filled_wait(struct jm_archive *a)
{
	while (jm_reader_applied_seq(a) < jm_reader_durable_seq(a))
		jm_clock_sleep_ms(1);
}
