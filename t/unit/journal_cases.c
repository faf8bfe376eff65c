/* SPDX-License-Identifier: BSD-2-Clause */
/* The cases in which other archives are known to lose mail, recipients or octets, as far as parsing
 * goes. */
#include <stdio.h>
#include <stdlib.h>

#include "common/journal/steps.h"
#include "t/lib/journaled.h"
#include "t/lib/tap.h"

#define HEAD \
	"From: f@example.com\r\nSubject: outer\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n"
#define MARKER "X-MS-Journal-Report:\r\n"
#define TEXT \
	"--b\r\nContent-Type: text/plain\r\n\r\nSender: s@example.com\r\nSubject: t\r\n" \
	"Message-Id: <1@x>\r\nTo: r@example.com\r\n"
#define PART "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
#define INNER \
	"From: s@example.com\r\nTo: r@example.com\r\nSubject: t\r\nMessage-ID: <1@x>\r\n\r\n" \
	"Hello\r\n"
#define END "\r\n--b--\r\n"

static struct jm_buf raw;

/* Unwrap message; claims that the result is sound. */
static void unwrap(struct jm_span message, struct jm_unwrap *u, const char *what)
{
	struct jm_unwrap_options options = journaled_options();

	tap_is_str(journaled_try(message, &options, u), NULL, "%s: sound", what);
	journaled_bytes(&u->message, &raw);
}

static void expect(
    const char *message, const char *inner, size_t recipients, const char *first, const char *what)
{
	struct jm_unwrap u;

	unwrap(jm_span_str(message), &u, what);
	tap_is_str(jm_buf_str(&raw), inner ? inner : message, "%s: the archived octets", what);
	if (tap_is_int(
		(long long)u.recipients_n, (long long)recipients, "%s: the recipients", what) &&
	    first)
		tap_is_mem(u.recipients[0].address.p, u.recipients[0].address.len, first,
		    strlen(first), "%s: the first of them", what);
	tap_is_int(u.step_down, !inner, "%s: %s", what, inner ? "unwrapped" : "archived whole");
	jm_unwrap_release(&u);
}

static void test_same_id(void)
{
	expect(HEAD MARKER "\r\n" TEXT PART INNER END, INNER, 1, "r@example.com",
	    "1: one of two messages with one Message-ID");
	expect(HEAD MARKER "\r\n" TEXT PART INNER "other\r\n" END, INNER "other\r\n", 1,
	    "r@example.com", "1: the other one, its octets differ");
}

static void test_split(void)
{
	expect(HEAD MARKER "\r\n" TEXT "Cc: c@example.com\r\nBcc: d@example.com\r\n" PART INNER END,
	    INNER, 3, "r@example.com", "2: a split report with To, Cc and Bcc");
}

static void test_many_recipients(void)
{
	struct jm_unwrap u;
	struct jm_buf b;
	int k, rc;
	char last[64];

	jm_buf_init(&b, 1u << 20);
	rc = jm_buf_printf(&b, NULL, "%s", HEAD MARKER "\r\n" TEXT);
	for (k = 2; k <= 401; k++)
		rc |= jm_buf_printf(&b, NULL,
		    "Recipient: a-recipient-with-a-longer-name-%d@subsidiary.example.com\r\n", k);
	rc |= jm_buf_printf(&b, NULL, "%s", PART INNER END);
	tap_ok(rc == 0, "3: a report is made");
	unwrap(jm_buf_span(&b), &u, "3: 401 recipients");
	tap_is_int((long long)u.recipients_n, 401, "3: all 401 recipients are kept");
	snprintf(last, sizeof last, "a-recipient-with-a-longer-name-401@subsidiary.example.com");
	if (u.recipients_n == 401)
		tap_is_mem(u.recipients[400].address.p, u.recipients[400].address.len, last,
		    strlen(last), "3: the last one too");
	jm_unwrap_release(&u);
	jm_buf_release(&b);
}

static void test_no_id(void)
{
	struct jm_unwrap u;
	static const char message[] = HEAD MARKER
	    "\r\n--b\r\n\r\nSender: s@example.com\r\nSubject: t\r\nMessage-Id: Unknown "
	    "Message-ID\r\nTo: r@example.com\r\n" PART "From: s@example.com\r\n\r\nHello\r\n" END;

	unwrap(jm_span_str(message), &u, "4: no Message-ID inside");
	tap_ok(jm_span_none(u.message_id), "4: none is made up");
	tap_is_int((long long)u.recipients_n, 1, "4: its recipient is its own");
	jm_unwrap_release(&u);
}

static void test_forged(void)
{
	expect("From: f@example.org\r\nTo: r@example.com\r\n" MARKER
	       "\r\nRecipient: forged@example.com\r\n",
	    NULL, 1, "r@example.com", "5: outside mail with the marker");
	expect("From: f@example.org\r\nTo: r@example.com\r\n\r\n" HEAD MARKER
	       "\r\n" TEXT PART INNER END,
	    NULL, 1, "r@example.com", "5: a report quoted in a body");
	expect(HEAD MARKER
	    "\r\n" TEXT PART HEAD MARKER
	    "To: r@example.com\r\nMessage-ID: <1@x>\r\n\r\nRecipient: body@example.com\r\n" END,
	    HEAD MARKER
	    "To: r@example.com\r\nMessage-ID: <1@x>\r\n\r\nRecipient: body@example.com\r\n",
	    1, "r@example.com", "6: a journaled message with the marker");
}

static void test_encoded(void)
{
	expect(HEAD MARKER
	    "\r\n" TEXT
	    "\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
	    "RnJvbTogYUB4\r\nDQoNCkhp\r\n" END,
	    "From: a@x\r\n\r\nHi", 1, "r@example.com", "7: a message in base64");
	expect(HEAD MARKER "\r\n" TEXT
			   "\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: "
			   "quoted-printable\r\n\r\nFrom: a=40x\r\n\r\nHi=\r\n!" END,
	    "From: a@x\r\n\r\nHi!", 1, "r@example.com", "7: a message in quoted-printable");
}

static void test_markers(void)
{
	expect(HEAD "x-ms-journal-report:\r\n\r\n" TEXT PART INNER END, INNER, 1, "r@example.com",
	    "8: the marker in lower case");
	expect(HEAD "Content-Identifer: ExJournalReport\r\n\r\n--b\r\n\r\nSender: s@example.com\r\n"
		    "Recipients:\r\n\"R\" <SMTP:r@example.com>\r\n" PART INNER END,
	    INNER, 1, "r@example.com", "8: the marker of 2003, misspelled as it was");
	expect(HEAD
	    "Content-Identifier: ExJournalReport\r\n\r\n--b\r\n\r\nSender: s@example.com\r\n"
	    "Recipients:\r\nr@example.com\r\n" PART INNER END,
	    INNER, 1, "r@example.com", "8: the marker of 2003, spelled right");
	expect(HEAD MARKER "Content-Identifier: ExJournalReport\r\n\r\n" TEXT PART INNER END, INNER,
	    1, "r@example.com", "8: both markers, that of 2007 counts");
	expect(HEAD "Content-Identifier: ExJournalReport\r\n" MARKER "\r\n" TEXT PART INNER END,
	    INNER, 1, "r@example.com", "8: so it does as the second");
}

static void test_parts(void)
{
	expect(HEAD MARKER "\r\n" TEXT
			   "\r\n--b\r\nContent-Type: message/rfc822\r\nA: b" PART INNER END,
	    INNER, 1, NULL, "a part header without an end is passed over");
	expect(HEAD MARKER
	    "\r\n" TEXT PART INNER
	    "\r\n--b\r\n\r\nSender: s@x\r\nTo: second@example.com\r\nCc: c@x\r\n" END,
	    INNER, 1, "r@example.com", "of two reports the first counts");
	expect(HEAD MARKER "\r\n" TEXT PART PART INNER END, NULL, 0, NULL,
	    "an empty message is a missing one");
	expect(HEAD MARKER
	    "\r\n--b\r\n\r\nDisclaimer\r\n" PART INNER
	    "\r\n--b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\n"
	    "Sender: s@example.com\r\nTo: r@example.com\r\n--a--\r\n" END,
	    INNER, 1, "r@example.com",
	    "a disclaimer in front, the report in an alternative behind");
	expect(HEAD MARKER
	    "\r\n--b\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nNotice\r\n"
	    "--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: other\r\n\r\n--m--\r\n" TEXT PART
		INNER END,
	    INNER, 1, "r@example.com", "a message attached to a notice in front is not taken");
}

#define EXCHANGE "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com"
#define TO_JOURNALS "To: j@JOURNAL.example.com\r\nCc: j@journal.contoso.com\r\n"

/* R12: what an outsider mails to a user as a report stays a message, its recipients do not become
 * ours. */
static void test_forged_report(void)
{
	static const char forged[] = MARKER
	    "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\n"
	    "Sender: boss@example.com\r\nTo: forged@example.com\r\n\r\n--i\r\n"
	    "Content-Type: message/rfc822\r\n\r\n" INNER "\r\n--i--\r\n";
	static const struct {
		const char *sender, *to;
		bool inside;
		const char *what;
	} row[] = {
		{ EXCHANGE, "To: u@example.com\r\n", false, "a report mailed to a user" },
		{ EXCHANGE, "To: j@journal.example.com\r\nBcc: u@example.com\r\n", false,
		    "a report mailed to a journal and a user" },
		{ EXCHANGE, "To: j@sub.journal.example.com\r\n", false,
		    "a report mailed to a sub-domain" },
		{ EXCHANGE, "To: journal.example.com\r\n", false, "a recipient without a domain" },
		{ EXCHANGE, TO_JOURNALS, true, "a report that Exchange mailed to journals only" },
		{ "<>", TO_JOURNALS, true, "the same from the null path" },
		{ " <> ", TO_JOURNALS, true, "the same with blanks" },
		{ "JOURNAL-NDR@EXAMPLE.COM", TO_JOURNALS, true, "the same from report-senders" },
		{ "s@example.com", TO_JOURNALS, false, "the same from a user" },
		{ "", TO_JOURNALS, false, "the same from nobody" },
		{ "Unspecified Address", TO_JOURNALS, false, "the same from an unknown sender" },
		{ "journal-ndr@example.com.evil.example", TO_JOURNALS, false,
		    "the same from a look-alike" },
		{ "x" EXCHANGE, TO_JOURNALS, false, "the same from another look-alike" },
		{ "j@journal.example.com", TO_JOURNALS, false, "the same from a journal address" },
	};
	struct jm_buf b;
	struct jm_unwrap u;
	size_t k;

	jm_buf_init(&b, 65536);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_buf_reset(&b);
		tap_ok(jm_buf_printf(&b, NULL,
			   HEAD MARKER "\r\n--b\r\n\r\nSender: %s\r\n%s" PART "%s" END,
			   row[k].sender, row[k].to, forged) == 0,
		    "a report is made");
		unwrap(jm_buf_span(&b), &u, row[k].what);
		tap_is_int(u.nesting, row[k].inside ? 2 : 1, "%s: %s", row[k].what,
		    row[k].inside ? "is unwrapped" : "stays as it is");
		tap_is_str(jm_buf_str(&raw), row[k].inside ? INNER : forged, "%s: the octets",
		    row[k].what);
		tap_is_int((long long)u.levels_n, row[k].inside, "%s: the levels", row[k].what);
		tap_ok(row[k].inside == (u.inner == JM_INNER_NONE), "%s: the rule", row[k].what);
		jm_unwrap_release(&u);
	}
	jm_buf_release(&b);
}

static void test_boundary(void)
{
	expect(HEAD MARKER "\r\n" TEXT
			   "Recipient: x--b--y@example.com\r\n--bcc: z\r\n" PART INNER END,
	    INNER, 2, "r@example.com", "9: the boundary in a recipient line");
	expect(HEAD MARKER "\r\n" TEXT PART INNER "--bb\r\n--b-\r\n x --b\r\n" END,
	    INNER "--bb\r\n--b-\r\n x --b\r\n", 1, NULL, "9: the boundary in the message");
}

static void test_ndr(void)
{
	struct jm_unwrap u;
	static const char ndr[] =
	    "From: postmaster@example.com\r\nContent-Type: multipart/report; "
	    "report-type=delivery-status; boundary=n\r\n\r\n"
	    "--n\r\n\r\nSorry\r\n--n\r\nContent-Type: message/rfc822\r\n\r\n" HEAD MARKER
	    "\r\n" TEXT PART INNER END "\r\n--n--\r\n";

	unwrap(jm_span_str(ndr), &u, "10: an undeliverable report");
	tap_ok(u.ndr && u.nesting == 1, "10: it is seen as one");
	tap_is_str(jm_buf_str(&raw), INNER, "10: and the message inside is archived");
	tap_is_int((long long)u.message.steps_n, 1, "10: slices of slices are one step");
	jm_unwrap_release(&u);
}

static void test_octets(void)
{
	expect(HEAD MARKER "\r\n" TEXT PART INNER "\r\n\r\n" END, INNER "\r\n\r\n", 1, NULL,
	    "12: every line end at the end");
	expect(HEAD MARKER "\r\n" TEXT PART "A: b\n\nx\r\ny\n" END, "A: b\n\nx\r\ny\n", 1, NULL,
	    "12: mixed line ends");
	expect(HEAD MARKER
	    "\r\n" TEXT PART "X-MS-Exchange-Organization-BCC: h@x,\r\n\ti@x\r\nA: b\r\n"
	    "x-ms-exchange-crossPremises-bcc:\r\n\r\nX-MS-Exchange-Organization-BCC: body\r\n" END,
	    "A: b\r\n\r\nX-MS-Exchange-Organization-BCC: body\r\n", 1, NULL,
	    "12: the two BCC fields go, nothing else");
}

/* A chain of reports inside reports, levels deep, each addressed to a journal, with INNER inside
 * the last.
 */
static void nest(struct jm_buf *b, int levels)
{
	int k, rc = 0;

	for (k = 0; k < levels; k++)
		rc |= jm_buf_printf(b, NULL,
		    MARKER "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n\r\n"
			   "Sender: <>\r\nTo: j@Journal.example.com\r\n\r\n--b%d\r\n"
			   "Content-Type: message/rfc822\r\n\r\n",
		    k, k, k);
	rc |= jm_buf_printf(b, NULL, "%s", INNER);
	for (k = levels; k-- > 0;)
		rc |= jm_buf_printf(b, NULL, "\r\n--b%d--\r\n", k);
	tap_ok(rc == 0, "%d levels are made", levels);
}

static void test_levels(void)
{
	static const int levels[] = { 1, 2, 8, 9, 30 };
	struct jm_unwrap u;
	struct jm_buf b;
	size_t k;

	jm_buf_init(&b, 1u << 20);
	for (k = 0; k < sizeof levels / sizeof levels[0]; k++) {
		jm_buf_reset(&b);
		nest(&b, levels[k]);
		unwrap(jm_buf_span(&b), &u, "nested reports");
		tap_is_int(u.nesting, levels[k] < 8 ? levels[k] : 8,
		    "%d levels: at most eight are unwrapped", levels[k]);
		tap_ok((strcmp(jm_buf_str(&raw), INNER) == 0) == (levels[k] <= 8),
		    "%d levels: what is archived", levels[k]);
		jm_unwrap_release(&u);
	}
	jm_buf_release(&b);
}

/* Memory of the caller's for decodings, which fails on request. */
static void *lend(void *ctx, size_t n, struct jm_err *err)
{
	void **p = ctx;

	if (!p[1]) {
		(void)jm_err_set(err, JM_E_TEMP, "no room for %zu bytes", n); /* -1 always */
		return NULL;
	}
	return p[0] = malloc(n);
}

static void test_memory(void)
{
	static const char message[] = HEAD MARKER
	    "\r\n" TEXT
	    "\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	    "QTogYg0KDQpI" END;
	struct jm_unwrap_options options = journaled_options();
	void *lent[2] = { NULL, lent }, *owned;
	struct jm_err err = { JM_E_NONE };
	struct jm_unwrap u;
	struct jm_span again;
	struct jm_step bad = { 3, sizeof message, JM_CTE_IDENTITY };
	const struct jm_steps_memory memory = { NULL, &owned };

	options.memory = (struct jm_unwrap_memory){ lend, lent };
	tap_ok(
	    jm_unwrap(jm_span_str(message), &options, &u, &err) == 0 && u.message.raw.p == lent[0],
	    "a decoding goes into the caller's memory");
	jm_unwrap_release(&u);
	tap_is_mem(lent[0], 9, "A: b\r\n\r\nH", 9, "and outlives the release");
	free(lent[0]);
	lent[1] = NULL;
	tap_ok(jm_unwrap(jm_span_str(message), &options, &u, &err) != 0 && err.kind == JM_E_TEMP,
	    "without memory it is a temporary failure");
	tap_ok(jm_steps_follow(jm_span_str(message), &bad, 1, &memory, &again, &err) != 0 &&
		err.kind == JM_E_CORRUPT,
	    "a step outside is corrupt");
}

int main(void)
{
	jm_buf_init(&raw, 1u << 20);
	test_same_id();
	test_split();
	test_many_recipients();
	test_no_id();
	test_forged();
	test_encoded();
	test_markers();
	test_parts();
	test_forged_report();
	test_boundary();
	test_ndr();
	test_octets();
	test_levels();
	test_memory();
	jm_buf_release(&raw);
	return tap_done();
}
