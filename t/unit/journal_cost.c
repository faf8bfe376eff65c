/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile messages cost time in proportion to their size, and a reached cap keeps the mail. */
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "t/lib/journaled.h"
#include "t/lib/tap.h"

#define SMALL_BYTES (128u * 1024)
#define TIMES 8u /* the large one, in small ones */

#define HEAD "X-MS-Journal-Report:\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
#define TEXT "--b\r\n\r\nSender: s@x\nMessage-ID: <1>\nTo: j@journal.example.com\n\r\n"
#define PART "--b\r\nContent-Type: message/rfc822\r\n\r\n"
#define OLD \
	"Content-Identifier: ExJournalReport\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" \
	"--b\r\n\r\n"

/* head, then body again and again up to a size, then tail */
static const struct {
	const char *what, *head, *body, *tail;
} row[] = {
	{ "delimiters", HEAD TEXT, "--b\r\n", PART "A: b\r\n\r\nx" },
	{ "near delimiters", HEAD TEXT PART, "--b-\r\n--bx\n--", "" },
	{ "tiny parts", HEAD TEXT PART "A: b\r\n\r\n", "--b\r\nA: b\r\n\r\n", "" },
	{ "candidates that are no report", HEAD,
	    "--b\r\n\r\nSender: s@x\nSubject: \nTo: a@x\nMessage-ID:\n",
	    TEXT PART "A: b\r\n\r\nx" },
	{ "alternatives", HEAD,
	    "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\n",
	    "" },
	{ "messages", HEAD TEXT, PART "A: b\r\n\r\n", "" },
	{ "header fields", HEAD TEXT PART, "a: b\r\n", "\r\n" },
	{ "header lines that are none", "X-MS-Journal-Report:\r\n", "a\n", "\r\n" },
	{ "one header field", "Subject:", " \r\n a =?utf-8?q?", "" },
	{ "encoded words", "Subject: ", "=?utf-8?q?=C3?= =?", "?=\r\n\r\n" },
	{ "encoded words of two charsets",
	    "Subject: ", "=?iso-8859-1?q?=E9?= =?koi8-r?b?4w==?=", "\r\n\r\n" },
	{ "open comments in a type", "X-MS-Journal-Report:\r\nContent-Type: ", "(", "\r\n\r\n" },
	{ "parameters", "X-MS-Journal-Report:\r\nContent-Type: multipart/mixed", ";a=\"",
	    "\r\n\r\n" },
	{ "semicolons", "X-MS-Journal-Report:\r\nContent-Type: multipart/mixed", "; ", "\r\n\r\n" },
	{ "addresses", "To: ", "a@x, <b@x>, (", "\r\n\r\n" },
	{ "open brackets", "To: ", "<", "\r\n\r\n" },
	{ "quotes", "To: ", "\"\\", "\r\n\r\n" },
	{ "groups", "To: ", "a:;", "\r\n\r\n" },
	{ "recipients", HEAD "--b\r\n\r\nSender: s@x\n",
	    "To: abcdefgh@example.com, Expanded: ijklm@example.com\n",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "redirections",
	    HEAD "--b\r\n\r\nSender: s@x\nTo: ", ", Expanded: ", "\r\n" PART "A: b\r\n\r\nx" },
	{ "redirections of redirections", HEAD "--b\r\n\r\nSender: s@x\nTo: a@x", ", Expanded: l@x",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "folded recipients", HEAD "--b\r\n\r\nSender: s@x\nTo: a@x", ",\n\tb@x",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "routes", "To: ", "@a,", "\r\n\r\n" },
	{ "addresses without end", "To: ", "a@", "\r\n\r\n" },
	{ "dots and blanks", "To: ", "a . ", "\r\n\r\n" },
	{ "words without commas", "To: ", "a \"b\" ", "\r\n\r\n" },
	{ "names with addresses", "To: ", "a@x =?utf-8?q?b=40y?= (c@z) <d@w", "\r\n\r\n" },
	{ "encoded words that never end", "To: ", "=?utf-8?q?x,", "\r\n\r\n" },
	{ "quotes and brackets", "To: ", "\"<\\", "\r\n\r\n" },
	{ "quotes in brackets", "To: ", "<\"\\\"", "\r\n\r\n" },
	{ "domain literals", "To: ", "a@[", "\r\n\r\n" },
	{ "encoded entries", "To: ", "=?utf-8?q?a=40x?=,", "\r\n\r\n" },
	{ "a long encoded entry", "To: ", "=?utf-8?q?a=40x?= ", "\r\n\r\n" },
	{ "open quotes and names", "To: \"", "\"a@x\" <b@x>", "\r\n\r\n" },
	{ "comments in an encoding", HEAD TEXT "--b\r\nContent-Transfer-Encoding: ", "(\"\\",
	    "\r\n\r\nx" },
	{ "encodings", HEAD TEXT "--b\r\nContent-Type: message/rfc822\r\n",
	    "Content-Transfer-Encoding: base64\r\n", "\r\nx" },
	{ "message-id lines", HEAD "--b\r\n\r\nSender: s@x\n", "Message-ID: <1>\nTo: a@x\n",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "an entry that never ends", OLD "Sender: s@x\nRecipients:\n", "\"a\n",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "entries that are none", OLD "Sender: s@x\nRecipients:\n", "a\n",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "entries", OLD "Sender: s@x\nRecipients:\n", "<SMTP:a@x>\n",
	    "\r\n" PART "A: b\r\n\r\nx" },
	{ "senders of 2003", OLD "", "Sender: \"a\n", "\r\n" PART "A: b\r\n\r\nx" },
	{ "equal signs in quoted-printable",
	    HEAD "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\r",
	    "\r\n" TEXT PART "A: b\r\n\r\nx" },
	{ "octets invalid in their charset",
	    HEAD "--b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n", "\x1b$B\xff",
	    "\r\n" TEXT PART "A: b\r\n\r\nx" },
	{ "cuts", HEAD TEXT PART, "X-MS-Exchange-Organization-BCC: a\r\n", "\r\n" },
	{ "nested reports", "", HEAD TEXT PART, "A: b\r\n\r\nx" },
	{ "base64",
	    HEAD TEXT
	    "--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	    "QTog=\n", "" },
	{ "protected parts", HEAD TEXT PART "Content-Type: multipart/mixed; boundary=p\n\n",
	    "--p\nA: b\n\n", "\r\n" PART "A: b\r\n\r\nx" },
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make(struct jm_buf *b, size_t k, size_t size)
{
	size_t n = strlen(row[k].body);
	int rc;

	jm_buf_reset(b);
	rc = jm_buf_add_span(b, jm_span_str(row[k].head), NULL);
	while (rc == 0 && b->len + n < size)
		rc = jm_buf_add_span(b, jm_span_str(row[k].body), NULL);
	rc |= jm_buf_add_span(b, jm_span_str(row[k].tail), NULL);
	if (rc != 0)
		tap_ok(false, "%s: the message is made", row[k].what);
}

/* The least CPU time of some runs. */
static double cost(struct jm_span message, int runs, const char **fault_r)
{
	struct jm_unwrap_options options = journaled_options();
	double best = 1e9, start;
	struct jm_unwrap u;

	while (runs-- > 0) {
		start = cpu_s();
		if (jm_unwrap(message, &options, &u, NULL) != 0) {
			*fault_r = "it fails";
			return best;
		}
		start = cpu_s() - start;
		best = start < best ? start : best;
		*fault_r = runs == 0 ? journaled_fault(message, &u) : NULL;
		jm_unwrap_release(&u);
	}
	return best;
}

static void test_linear(void)
{
	struct jm_buf b;
	double small, large;
	const char *fault;
	size_t k;

	jm_buf_init(&b, 64u << 20);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		make(&b, k, SMALL_BYTES);
		small = cost(jm_buf_span(&b), 5, &fault);
		tap_is_str(fault, NULL, "%s: sound", row[k].what);
		make(&b, k, SMALL_BYTES * TIMES);
		large = cost(jm_buf_span(&b), 2, &fault);
		tap_is_str(fault, NULL, "%s: sound when larger", row[k].what);
		for (int again = 0; again < 10 && large >= small * TIMES * 4 + 0.0005 * TIMES;
		     again++) /* a neighbour may have had the caches */
			large = cost(jm_buf_span(&b), 1, &fault);
		/* quadratic would be TIMES times TIMES; half a millisecond of grace for caches and
		 * page faults */
		if (!tap_ok(large < small * TIMES * 4 + 0.0005 * TIMES, "%s: cost grows with size",
			row[k].what))
			tap_diag("%u KB %.2f ms, %u KB %.2f ms", SMALL_BYTES / 1024, small * 1e3,
			    SMALL_BYTES * TIMES / 1024, large * 1e3);
	}
	jm_buf_release(&b);
}

/* Caps: each of these reaches one; the message stays whole. */
static void test_limits(void)
{
	static const struct {
		const char *what;
		size_t row, bytes;
		bool whole;
	} limit[] = {
		{ "recipients", 18, 12u << 20, true },
		{ "a report text", 19, 17u << 20, true },
		{ "a subject", 8, 2u << 20, true },
		{ "a Content-Type", 12, 2u << 20, true },
		{ "cuts", 27, 10u << 20, false },
	};
	struct jm_unwrap_options options = journaled_options();
	struct jm_unwrap u;
	struct jm_buf b;
	size_t k;

	jm_buf_init(&b, 64u << 20);
	for (k = 0; k < sizeof limit / sizeof limit[0]; k++) {
		make(&b, limit[k].row, limit[k].bytes);
		tap_is_str(journaled_try(jm_buf_span(&b), &options, &u), NULL,
		    "too much of %s: sound", limit[k].what);
		tap_ok(u.limits > 0, "too much of %s: it is counted", limit[k].what);
		tap_ok(!limit[k].whole || (u.variant == JM_VARIANT_PLAIN && u.step_down),
		    "too much of %s: the message is kept whole", limit[k].what);
		jm_unwrap_release(&u);
	}
	jm_buf_release(&b);
}

int main(void)
{
	/* Keep freed memory: fresh pages cost more than the work, and only the large message needs
	 * them. */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	test_linear();
	test_limits();
	return tap_done();
}
