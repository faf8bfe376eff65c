/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail files: grades of lines, kinds of files, the messages of mbox files of all kinds, and mbox
 * quoting whole and cut at every octet. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "milter/ctl/files/mbox.h"
#include "milter/ctl/files/mbox_quote.h"
#include "milter/ctl/files/source.h"
#include "t/lib/tap.h"

#define WINDOW 262144 /* that of the reader: messages must not change at its edge */

static const struct {
	const char *line;
	enum jm_from_line want;
} from_lines[] = {
	{ "From ann@example.com Thu Nov 22 09:00:00 2029", JM_FROM_DATED },
	{ "From ann@example.com Thu Nov 22 09:00:00 2029\r\n", JM_FROM_DATED },
	{ "From ann@example.com Thu Nov  2 09:00:00 2029 \n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00 2029\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00 EST 2029\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 MET DST 2029\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 -0700 2029\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 2029 PST\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 2029 +0100\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 1992 remote from host\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 92\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 09:00:00 19100\n", JM_FROM_DATED },
	{ "From - Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From - Sat Apr 12 2025 15:59:28\n", JM_FROM_DATED },
	{ "From MAILER-DAEMON Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From ???@??? Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From  Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From \"ann smith\"@example.com Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From ann at example.com  Thu Nov 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From 123@xxx Thu Nov 22 09:00:00 +0000 2029\n", JM_FROM_DATED },
	{ "From ann Thu, 22 Nov 2029 09:00:00 +0100 (CET)\n", JM_FROM_DATED },
	{ "From ann Thu Nov 22 2029 09:00:00 GMT+0100 (Central European Time)\n", JM_FROM_DATED },
	{ "From ann 22-Nov-2029 09:00:00 +0100\n", JM_FROM_DATED },
	{ "From ann 2029-11-22 09:00:00\n", JM_FROM_DATED },
	{ "From ann 2029-11-22T09:00:00Z\n", JM_FROM_DATED },
	{ "From ann 22/11/2029 09:00\n", JM_FROM_DATED },
	{ "From ann 11/22/2029 9:00:00 AM\n", JM_FROM_DATED },
	{ "From ann\tThursday November 22 09:00:00 2029\n", JM_FROM_DATED },
	{ "From Ann Smith Thu Nov 22 09:00:00 2029\n", JM_FROM_LOOSE },
	{ "From ann Thu Nov 22 09:00:00 2029 more words\n", JM_FROM_LOOSE },
	{ "From our trip on Thu Nov 22 09:00 2029 we came back\n", JM_FROM_LOOSE },
	{ "From Russia with love\n", JM_FROM_UNDATED },
	{ "From ann@example.com\n", JM_FROM_UNDATED },
	{ "From john.doe@example.com 2025-06-15\n", JM_FROM_UNDATED },
	{ "From Monday at 10:00 on\n", JM_FROM_UNDATED },
	{ "From ann Thu Nov 22 2029\n", JM_FROM_UNDATED },
	{ "From ann Thu Nov 22 99:00:00 2029\n", JM_FROM_UNDATED },
	{ "From \n", JM_FROM_UNDATED },
	{ "From", JM_FROM_NOT },
	{ "From: ann@example.com\n", JM_FROM_NOT },
	{ "from ann Thu Nov 22 09:00:00 2029\n", JM_FROM_NOT },
	{ ">From ann Thu Nov 22 09:00:00 2029\n", JM_FROM_NOT },
	{ "", JM_FROM_NOT },
};

static void test_from_lines(void)
{
	char copy[200];

	for (size_t i = 0; i < sizeof from_lines / sizeof from_lines[0]; i++) {
		size_t n = strlen(from_lines[i].line);

		tap_is_int(jm_mail_line_from(jm_span_str(from_lines[i].line)), from_lines[i].want,
		    "%.70s", from_lines[i].line);
		/* cut, and without anything after it that could be read */
		for (size_t cut = 0; cut < n; cut++) {
			char *end = malloc(cut + 1);

			memcpy(end, from_lines[i].line, cut);
			(void)jm_mail_line_from(jm_span_of(end, cut));
			free(end);
		}
	}
	memset(copy, 'a', sizeof copy);
	memcpy(copy, "From ", 5);
	for (size_t i = 5; i < sizeof copy; i += 2)
		copy[i] = ' ';
	tap_is_int(
	    jm_mail_line_from(jm_span_of(copy, sizeof copy)), JM_FROM_UNDATED, "a hundred words");
}

static void test_header_lines(void)
{
	static const struct {
		const char *line;
		enum jm_header_line want;
	} rows[] = {
		{ "Subject: x\n", JM_HEADER_USUAL },
		{ "RECEIVED:\r\n", JM_HEADER_USUAL },
		{ "X-UIDL: 1\n", JM_HEADER_USUAL },
		{ "Resent-From: a\n", JM_HEADER_USUAL },
		{ "Date : now\n", JM_HEADER_USUAL },
		{ ">From ann\n", JM_HEADER_USUAL },
		{ "Foo: x\n", JM_HEADER_FIELD },
		{ "http://example.com\n", JM_HEADER_FIELD },
		{ "two words: x\n", JM_HEADER_NOT },
		{ ": x\n", JM_HEADER_NOT },
		{ " Subject: x\n", JM_HEADER_NOT },
		{ "Subject\n", JM_HEADER_NOT },
		{ "\n", JM_HEADER_NOT },
		{ "", JM_HEADER_NOT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		tap_is_int(jm_mail_line_header(jm_span_str(rows[i].line)), rows[i].want,
		    "a header line? %.30s", rows[i].line);
}

#define TEXT(s) s, sizeof(s) - 1
#define FROM_X "From x Thu Nov 22 09:00:00 2029\n"

static void test_kinds(void)
{
	static const struct {
		const char *head;
		size_t n;
		enum jm_source want, as_message;
	} rows[] = {
		{ TEXT(FROM_X "Subject: x\n"), JM_SOURCE_MBOX, JM_SOURCE_MESSAGE },
		{ TEXT("\xef\xbb\xbf\r\n\n" FROM_X), JM_SOURCE_MBOX, JM_SOURCE_MESSAGE },
		{ TEXT("From ann\nSubject: x\n"), JM_SOURCE_MBOX, JM_SOURCE_MESSAGE },
		{ TEXT("From the desk\nof Ann\n"), JM_SOURCE_OTHER, JM_SOURCE_MESSAGE },
		{ TEXT("From x Thu Nov 22 09:00:00 2029\rSubject: x\r"), JM_SOURCE_OTHER,
		    JM_SOURCE_MESSAGE },
		{ TEXT("\n\nFoo: bar\nSubject: x\n\n"), JM_SOURCE_MESSAGE, JM_SOURCE_MESSAGE },
		{ TEXT("odd line\nSubject: x\n\n"), JM_SOURCE_MESSAGE, JM_SOURCE_MESSAGE },
		{ TEXT("Subject: x\rTo: y\r\r"), JM_SOURCE_MESSAGE, JM_SOURCE_MESSAGE },
		{ TEXT("Foo: bar\n\nSubject: x\n"), JM_SOURCE_OTHER, JM_SOURCE_MESSAGE },
		{ TEXT("12345\nSubject: x\n"), JM_SOURCE_OTHER, JM_SOURCE_MESSAGE },
		{ TEXT("JMV\0\nSubject: x\n\n"), JM_SOURCE_OTHER, JM_SOURCE_MESSAGE },
		{ TEXT("text\n"), JM_SOURCE_OTHER, JM_SOURCE_MESSAGE },
		{ TEXT("\0\0\0\0"), JM_SOURCE_OTHER, JM_SOURCE_MESSAGE },
		{ TEXT("\x1f\x8b\x08zipped"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("PK\3\4zipped"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("!BDN"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("\1\1\1\1\nSubject: x\n"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("BABYL OPTIONS: -*- rmail -*-\n"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("\xff\xfeS\0u\0b\0"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
		{ TEXT("S\0u\0b\0"), JM_SOURCE_OTHER, JM_SOURCE_OTHER },
	};
	const char *why;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct jm_span head = jm_span_of(rows[i].head, rows[i].n);

		tap_is_int(
		    jm_source_kind(head, false, &why), rows[i].want, "a file %.12s", rows[i].head);
		tap_ok((rows[i].want == JM_SOURCE_OTHER) == !!why, "%s",
		    why ? why : "no reason to leave it out");
		tap_is_int(jm_source_kind(head, true, &why), rows[i].as_message,
		    "the same, named as a message");
	}
	tap_ok(jm_source_is_eml("A.EML") && jm_source_is_eml(".eml") && !jm_source_is_eml("eml") &&
		!jm_source_is_eml("a.emlx"),
	    "names of messages");
	tap_ok(jm_source_is_index("dovecot.index.log", jm_span_str("x")) &&
		jm_source_is_index("Inbox.msf", jm_span_str("// <!-- <mdb:mork")) &&
		jm_source_is_index("._a.eml", jm_span_of("\0\5\x16\7x", 5)) &&
		!jm_source_is_index("._a.eml", jm_span_str("Subject: x\n")) &&
		!jm_source_is_index("dovecot.index.log", jm_span_str("Subject: x\n")) &&
		!jm_source_is_index("notes.txt", jm_span_str("x")),
	    "an index has no mail; mail under such a name is no index");
}

/* ---- the messages of a file ---- */

struct file {
	struct jm_span bytes;
	size_t reads; /* bytes that were read */
	uint64_t fails_at;
	struct jm_buf *doubts;
};

static void add(struct jm_buf *b, const void *p, size_t n)
{
	struct jm_err err;

	if (jm_buf_add(b, p, n, &err) != 0)
		tap_ok(false, "the buffer of the test is large enough");
}

static void put(struct jm_buf *b, const char *fmt, ...) JM_PRINTF(2, 3);
static void put(struct jm_buf *b, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add(b, text, (size_t)n);
}

static int read_file(void *ctx, uint64_t at, void *p, size_t n, struct jm_err *err)
{
	struct file *f = ctx;

	if (at + n > f->bytes.len || (f->fails_at > 0 && at + n > f->fails_at))
		return jm_err_set(err, JM_E_CORRUPT, "read at %llu", (unsigned long long)at);
	memcpy(p, f->bytes.p + at, n);
	f->reads += n;
	return 0;
}

static void note_doubt(void *ctx, uint64_t line, const char *reason)
{
	const struct file *f = ctx;

	(void)reason;
	put(f->doubts, "?%llu ", (unsigned long long)line);
}

/* All messages as "[LINE:...]", lines that are doubtful as "?LINE ". */
static const char *read_all(struct file *f, enum jm_mbox_quoting quoting, bool whole,
    uint64_t max_bytes, struct jm_buf *out)
{
	struct jm_mbox b = { .read = read_file,
		.size_bytes = f->bytes.len,
		.quoting = quoting,
		.whole = whole,
		.doubt = note_doubt,
		.ctx = f };
	struct jm_spool message;
	struct jm_span bytes;
	struct jm_err err;
	uint64_t line = 0;
	int rc = jm_mbox_start(&b, &err);

	f->doubts = out;
	f->reads = 0;
	jm_buf_reset(out);
	jm_spool_init(&message, "/tmp", max_bytes);
	while (rc == 0 && (rc = jm_mbox_next(&b, &message, &line, &err)) != 0) {
		put(out, "[%llu:", (unsigned long long)line);
		if (rc == 1 && jm_spool_view(&message, &bytes, &err) == 0)
			add(out, bytes.p, bytes.len);
		else if (err.kind == JM_E_LIMIT)
			put(out, "too large");
		else
			break;
		put(out, "]");
		rc = 0;
	}
	if (rc != 0)
		put(out, "%s", b.unreadable ? "unreadable" : err.text);
	jm_spool_release(&message);
	jm_mbox_release(&b);
	return jm_buf_str(out);
}

#define A "From a@x Thu Nov 22 09:00:00 2029\n"
#define B "From b@x Thu Nov 22 10:00:00 2029\n"

static const struct {
	const char *box, *want, *what;
} boxes[] = {
	{ A "S: 1\n\none\n\n" B "S: 2\n\ntwo\n", "[1:S: 1\n\none\n][6:S: 2\n\ntwo\n]",
	    "two messages" },
	{ A "S: 1\n\none\n" B "S: 2\n\ntwo\n\n", "[1:S: 1\n\none\n][5:S: 2\n\ntwo\n]",
	    "no empty line between them" },
	{ A "S: 1\n\none\n\n\n\n" B "S: 2\n\ntwo", "[1:S: 1\n\none\n\n\n][8:S: 2\n\ntwo]",
	    "three empty lines, and no line end at the end" },
	{ "\xef\xbb\xbf\n\r\n" A "S: 1\n\none\n\n\xef\xbb\xbf" B "S: 2\n\ntwo\n",
	    "[3:S: 1\n\none\n][8:S: 2\n\ntwo\n]",
	    "a byte order mark and empty lines before, and where files were joined" },
	{ "From a@x Thu Nov 22 09:00:00 2029\r\nS: 1\r\n\r\none\r\n\r\n" B "S: 2\n\ntwo\n",
	    "[1:S: 1\r\n\r\none\r\n][6:S: 2\n\ntwo\n]", "CRLF and LF" },
	{ A "S: 1\n\nDear\n\nFrom Russia with love\n\nend\n\n" B "S: 2\n\ntwo\n",
	    "[1:S: 1\n\nDear\n\nFrom Russia with love\n\nend\n][10:S: 2\n\ntwo\n]", "prose" },
	{ A "S: 1\n\n\nFrom bob\nTo: carl\n\n" B "S: 2\n",
	    "?5 [1:S: 1\n\n\nFrom bob\nTo: carl\n]"
	    "[8:S: 2\n]",
	    "a line without a date before a header is text, but doubtful" },
	{ A "S: 1\n\none\n" B "two\n\n" B "S: 3\n", "?5 [1:S: 1\n\none\n" B "two\n][8:S: 3\n]",
	    "as is a From_ line with nothing before and after it" },
	{ A "S: 1\n\none\n\n" B "two\n", "[1:S: 1\n\none\n][6:two\n]",
	    "a message without a header, after an empty line" },
	{ A "S: 1\n\none\n\nFrom Ann Smith Thu Nov 22 10:00:00 2029\nSubject: 2\n",
	    "[1:S: 1\n\none\n][6:Subject: 2\n]", "a sender of two words before a header" },
	{ "From a\nSubject: 1\n\none\n\nFrom b\nSubject: 2\n\nFrom c\nx\n",
	    "[1:Subject: 1\n\none\n][6:Subject: 2\n\nFrom c\nx\n]", "a file without dates" },
	{ A, "[1:]", "a From_ line alone" },
	{ A "\n" B "S: 2\n", "[1:][3:S: 2\n]", "a From_ line, an empty line, a message" },
	{ "", "", "nothing" },
	{ "\n\n", "", "empty lines" },
	{ A "S: 1\nContent-Length: 26\n\none\n\n" B "x\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 26\n\none\n][7:x\n][9:S: 2\n]",
	    "a Content-Length that leads to no From_ line" },
	{ A "S: 1\nContent-Length: 39\n\none\n\n" B "\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 39\n\none\n\n" B "][9:S: 2\n]",
	    "a Content-Length that leads past a From_ line" },
	{ A "S: 1\ncontent-length : 4\n\none\n" B "S: 2\nContent-Length: 4\n\ntwo\n",
	    "[1:S: 1\ncontent-length : 4\n\none\n][6:S: 2\nContent-Length: 4\n\ntwo\n]",
	    "mboxcl without empty lines" },
	{ A "S: 1\nContent-Length: 5\n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 5\n\none\n\n][7:S: 2\n]",
	    "a last empty line that Content-Length counts belongs to the message" },
	{ A "S: 1\nContent-Length: 3\n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 3\n\none\n][7:S: 2\n]", "the last line end is not counted" },
	{ A "S: 1\nContent-Length: 45\n\none\n\n" B "To: x\n\n" B "S: 2\n",
	    "?7 [1:S: 1\nContent-Length: 45\n\none\n\n" B "To: x\n][10:S: 2\n]",
	    "a message in a message is doubtful" },
	{ A "S: 1\nContent-Length: 47\n\none\n" B "To: x\n\nx\n" B "S: 2\n",
	    "?6 [1:S: 1\nContent-Length: 47\n\none\n" B "To: x\n\nx\n][10:S: 2\n]",
	    "also without an empty line before it" },
	{ A "S: 1\nContent-Length: 12345\n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 12345\n\none\n][7:S: 2\n]", "after the end" },
	{ A "S: 1\nContent-Length: 99999999999999999999\n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 99999999999999999999\n\none\n][7:S: 2\n]", "huge" },
	{ A "S: 1\nContent-Length: -4\n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: -4\n\none\n][7:S: 2\n]", "negative" },
	{ A "S: 1\nContent-Length: \n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: \n\none\n][7:S: 2\n]", "empty" },
	{ A "S: 1\nContent-Length: 4\nContent-Length: 9\n\none\n\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 4\nContent-Length: 9\n\none\n][8:S: 2\n]", "two values" },
	{ A "S: 1\nContent-Length: 4\nContent-Length: 39\n\none\n\n" B "\n" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 4\nContent-Length: 39\n\none\n][8:][10:S: 2\n]",
	    "two values, of which the last one leads to a From_ line" },
	{ A "S: 1\nContent-Length: 46\n\none\n\n" B "To: x\n\n" B "prose\n",
	    "[1:S: 1\nContent-Length: 46\n\none\n][7:To: x\n][10:prose\n]",
	    "a place with a From_ line, but no header" },
	{ A "S: 1\nContent-Length: 0\n\n" B "S: 2\n", "[1:S: 1\nContent-Length: 0\n\n][5:S: 2\n]",
	    "none" },
	{ A "S: 1\nContent-Length: 47\n\none\n\n" B "To: x\n\nx" B "S: 2\n",
	    "[1:S: 1\nContent-Length: 47\n\none\n][7:To: x\n\nx" B "S: 2\n]",
	    "a place that is no start of a line" },
	{ A "S: 1\n\n>From a\n>>From b\n\n", "[1:S: 1\n\nFrom a\n>From b\n]", "quoting" },
};

static void test_boxes(void)
{
	struct jm_buf out;

	jm_buf_init(&out, 1u << 22);
	for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
		struct file f = { .bytes = jm_span_str(boxes[i].box) };

		tap_is_str(read_all(&f, JM_MBOX_RD, false, 1u << 20, &out), boxes[i].want, "%s",
		    boxes[i].what);
	}
	jm_buf_release(&out);
}

/* The same files after a message that puts each of their bytes at the edge of the window. */
static void test_edge(void)
{
	struct jm_buf box, want, out;
	static char filler[WINDOW];
	size_t wrong = 0, n = 0;

	memset(filler, 'x', sizeof filler);
	jm_buf_init(&box, 1u << 20);
	jm_buf_init(&want, 1u << 20);
	jm_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
		size_t len = strlen(boxes[i].box);

		if (strncmp(boxes[i].box, A, sizeof A - 1) != 0)
			continue;
		for (size_t k = 0; k <= len; k += 7) {
			struct file f;
			const char *at;

			jm_buf_reset(&box);
			put(&box, A "S: 0\n\n");
			add(&box, filler, WINDOW - k - 2 - box.len);
			put(&box, "\n\n%s", boxes[i].box);
			f = (struct file){ .bytes = jm_buf_span(&box) };
			at = read_all(&f, JM_MBOX_RD, false, 1u << 20, &out);
			/* line numbers differ by four: compare the number of messages and the rest
			 */
			jm_buf_reset(&want);
			for (; *at; at++)
				if (*at == '[' || *at == '?')
					put(&want, "%c", *at);
			n = 0;
			for (const char *p = boxes[i].want; *p; p++)
				n += *p == '[' || *p == '?';
			wrong += want.len != n + 1;
		}
	}
	tap_is_int((long long)wrong, 0, "at every place of the window the messages are the same");
	jm_buf_release(&box);
	jm_buf_release(&want);
	jm_buf_release(&out);
}

static void test_whole(void)
{
	struct file f = { .bytes = jm_span_str("\nS: 1\n\n>From x\n\n" A "To: x\n\n") };
	struct jm_buf out;

	jm_buf_init(&out, 1u << 20);
	tap_is_str(read_all(&f, JM_MBOX_RD, true, 1u << 20, &out),
	    "?6 [1:\nS: 1\n\n>From x\n\n" A "To: x\n\n]",
	    "a file that is one message is exact, and a From_ line in it is doubtful");
	f.bytes = jm_span_str(A "S: 1\n\n1234567890\n\n" B "S: 2\n");
	tap_is_str(read_all(&f, JM_MBOX_RD, false, 10, &out), "[1:too large][6:S: 2\n]",
	    "a message that is too large does not end the file");
	f.fails_at = 40;
	tap_is_str(read_all(&f, JM_MBOX_RD, false, 100, &out), "[0:unreadable",
	    "a file that cannot be read to its end is reported");
	jm_buf_release(&out);
}

/* A Content-Length in each message that leads to the end costs the reading of that place.
 */
static void test_cost(void)
{
	struct jm_buf box, out;
	struct file f;
	int n = 20000;
	char marks[1001] = "";

	memset(marks, '>', sizeof marks - 1);
	jm_buf_init(&box, 1u << 24);
	jm_buf_init(&out, 1u << 24);
	for (int i = 0; i < n; i++)
		put(&box, A "S: x\nContent-Length: %d\n\nx\n\n", 60 * (n - i));
	f = (struct file){ .bytes = jm_buf_span(&box) };
	(void)read_all(&f, JM_MBOX_RD, false, 1u << 20, &out);
	tap_ok(f.reads < (size_t)n * 4096 + 3 * box.len, "%d lengths: %zu bytes of %zu are read", n,
	    f.reads, box.len);
	jm_buf_reset(&box);
	put(&box, A "S: x\n\n");
	for (int i = 0; i < 3000; i++)
		put(&box, "%s", marks);
	put(&box, "From x\n");
	f = (struct file){ .bytes = jm_buf_span(&box) };
	(void)read_all(&f, JM_MBOX_RD, false, 1u << 24, &out);
	tap_ok(out.len + sizeof A == box.len + 4 && f.reads < 3 * box.len,
	    "three million marks lose one, and are read twice");
	jm_buf_release(&box);
	jm_buf_release(&out);
}

static bool quote(struct jm_span text, size_t split, struct jm_buf *out)
{
	struct jm_mbox_quoter q;
	struct jm_err err;

	jm_buf_reset(out);
	jm_mbox_quoter_start(&q);
	return jm_mbox_quote(&q, jm_span_sub(text, 0, split), out, &err) == 0 &&
	    jm_mbox_quote(&q, jm_span_sub(text, split, text.len), out, &err) == 0 &&
	    jm_mbox_quote_end(&q, out, &err) == 0;
}

static void test_mbox(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "From x\n", ">From x\n" },
		{ ">From x\n", ">>From x\n" },
		{ "a\n>>>From \nb\n", "a\n>>>>From \nb\n" },
		{ "From\n", "From\n" },
		{ "FromX\n", "FromX\n" },
		{ "from x\n", "from x\n" },
		{ " From x\n", " From x\n" },
		{ ">>Fro\nFrom \r\n", ">>Fro\n>From \r\n" },
		{ "Fro", "Fro" },
		{ "From ", ">From " },
		{ "", "" },
		{ "F>From \n\nFrom a\n\n\n", "F>From \n\n>From a\n\n\n" },
		{ "a\rFrom b\n", "a\rFrom b\n" },
	};
	struct jm_buf out, box, back, want;
	struct jm_err err;

	jm_buf_init(&out, 4096);
	jm_buf_init(&box, 8192);
	jm_buf_init(&back, 8192);
	jm_buf_init(&want, 8192);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct jm_span text = jm_span_str(rows[i].text);
		bool same = true, ends = text.len == 0 || text.p[text.len - 1] == '\n';
		struct file f;

		for (size_t split = 0; split <= text.len; split++)
			same = quote(text, split, &out) &&
			    strcmp(jm_buf_str(&out), rows[i].want) == 0 && same;
		tap_ok(same, "quoted at every split: \"%.10s\"", rows[i].text);
		jm_buf_reset(&box);
		jm_buf_reset(&want);
		tap_ok(jm_buf_printf(&box, &err, A "%s%s\n" B "next\n\n", jm_buf_str(&out),
			   ends ? "" : "\n") == 0 &&
			jm_buf_printf(&want, &err, "[1:%s%s]", rows[i].text, ends ? "" : "\n") == 0,
		    "written");
		f = (struct file){ .bytes = jm_buf_span(&box) };
		(void)read_all(&f, JM_MBOX_RD, false, 8192, &back);
		tap_ok(strncmp(jm_buf_str(&back), jm_buf_str(&want), want.len) == 0 &&
			strstr(jm_buf_str(&back), ":next\n]"),
		    "and read back, with the next one");
	}
	jm_buf_release(&out);
	jm_buf_release(&box);
	jm_buf_release(&back);
	jm_buf_release(&want);
}

int main(void)
{
	test_from_lines();
	test_header_lines();
	test_kinds();
	test_boxes();
	test_edge();
	test_whole();
	test_cost();
	test_mbox();
	return tap_done();
}
