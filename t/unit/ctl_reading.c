/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of search, show and export: folding, parts and their names, HTML, sizes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mail/fold.h"
#include "common/mail/part.h"
#include "milter/ctl/cli/criteria.h"
#include "common/view/html_text.h"
#include "common/view/preview.h"
#include "t/lib/tap.h"

static const struct {
	const char *text, *words;
	bool want;
} words[] = {
	{ "Quarterly REPORT, final", "report quarter", true },
	{ "Quarterly report", "report annual", false },
	{ "anything", "", true },
	{ "Größe der Brücke", "BRÜCKE gröss", true },
	{ "Größe der Brücke", "brucke", false },
	{ "Größe der Brücke", "BRÜCKE grö", true },
	{ "ПРИВЕТ", "привет", true },
	{ "ΣΟΦΙΑ", "σοφια", true },
	{ "\xff\xfe odd", "ODD", true },
	{ "short", "a much longer word", false },
	{ "Ⱥ", "ⱥ", true },
	{ "U\xcc\x88"
	  "bersicht",
	    "übersicht", true }, /* decomposed, as on a Mac */
	{ "Übersicht",
	    "u\xcc\x88"
	    "bersicht",
	    true },
	{ "e\xcc\x82\xcc\xa3", "e\xcc\xa3\xcc\x82", true }, /* two marks in any order */
	{ "e\xcc\xa3\xcc\x82", "ệ", true },
	{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "한", true }, /* Hangul in jamo */
	{ "Ｒｅｐｏｒｔ　２", "report 2", true },               /* wide letters, digits, blank */
	{ "ｶﾞｲﾄﾞ", "ガイド", true },
	{ "oﬃce ﬁnal", "OFFICE final", true },
	{ "STRASSE", "straße", true },
	{ "Straße", "strasse", true },
	{ "İSTANBUL", "istanbul", true },
	{ "I\xcc\x87STANBUL", "istanbul", true },
	{ "ısparta", "ISPARTA", true },
	{ "İ\xcc\x81stı\xcc\x81", "\xc3\xadst\xc3\xad", true }, /* composed without the dot */
	{ "ΣΟΦΙΑΣ", "σοφιας", true },
	{ "soft\xc2\xadhyphen zero\xe2\x80\x8bwidth", "softhyphen zerowidth", true },
	{ "\xff"
	  "U\xcc\x88\xfe",
	    "Ü", true },
	{ "10\xc2\xa0€", "10 €", true },
	{ "vom 10\xc2\xa0€", "vom€", false },
};
static const struct {
	const char *name, *pattern;
	bool want;
} names[] = {
	{ "plan.xlsx", "plan", true },
	{ "plan.xlsx", "*.xlsx", true },
	{ "plan.xlsx.exe", "*.xlsx", false },
	{ "a.b", "?.b", true },
	{ "ab.b", "?.b", false },
	{ "ü.txt", "?.txt", true },
	{ "u\xcc\x88.txt", "?.txt", true },
	{ "g\xcc\x88.txt", "?.txt", true }, /* there is no composed form */
	{ "g\xcc\x88.txt", "g.txt", false },
	{ "👍🏽.txt", "?.txt", true },
	{ "\xff.txt", "?.txt", true },
	{ "Ｐｌａｎ？.PDF", "plan？.pdf", true },
	{ "plan1.pdf", "plan？.pdf", false }, /* the wide form has no meaning */
	{ "myplan?.pdf", "plan？", true },
	{ "U\xcc\x88"
	  "bersicht.PDF",
	    "Ü*.pdf", true },
	{ "abc", "a*b*c", true },
	{ "aXbYc", "a*b*c", true },
	{ "acb", "a*b*c", false },
	{ "", "*", true },
	{ "", "?", false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "*a*a*a*a*a*a*a*a*b", false },
};

static void test_fold(void)
{
	struct jm_buf text, other;
	struct jm_err err;

	jm_buf_init(&text, 4096);
	jm_buf_init(&other, 4096);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		tap_ok(jm_fold_text(jm_span_str(words[i].text), &text, &err) == 0 &&
			jm_fold_text(jm_span_str(words[i].words), &other, &err) == 0 &&
			jm_fold_has_words(jm_buf_span(&text), jm_buf_span(&other)) == words[i].want,
		    "\"%s\" %s \"%s\"", words[i].text, words[i].want ? "has" : "has not",
		    words[i].words);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		tap_ok(jm_fold_text(jm_span_str(names[i].name), &text, &err) == 0 &&
			jm_fold_pattern(jm_span_str(names[i].pattern), &other, &err) == 0 &&
			jm_fold_fits(jm_buf_span(&text), jm_buf_span(&other)) == names[i].want,
		    "\"%s\" %s %s", names[i].name, names[i].want ? "fits" : "does not fit",
		    names[i].pattern);
	jm_buf_release(&text);
	jm_buf_release(&other);
}

/* Each part as "depth kind name[a]; ". */
static int tell(void *ctx, const struct jm_part *p, struct jm_err *err)
{
	int rc = jm_buf_printf(ctx, err, "%u %s ", p->depth, p->kind[0] ? p->kind : "?");

	if (rc == 0)
		rc = jm_span_none(p->name) ? jm_buf_add(ctx, "-", 1, err)
					   : jm_buf_add_span(ctx, p->name, err);
	return rc < 0
	    ? -1
	    : jm_buf_printf(ctx, err, "%s %d; ", p->attachment ? "!" : "", (int)jm_part_bytes(p));
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n--b\n"

static const struct {
	const char *message, *want, *what;
} part_rows[] = {
	{ "Subject: x\n\nhello\n", "0 text/plain - 6; ", "a plain message" },
	{ "", "0 text/plain - 0; ", "nothing" },
	{ MIXED "\ntext\n--b\nContent-Type: application/pdf; name=\"a.pdf\"\n"
		"Content-Transfer-Encoding: base64\n\nQUJD\n--b--\n",
	    "0 text/plain - 4; 0 application/pdf a.pdf! 3; ", "an attachment" },
	{ MIXED "Content-Disposition: attachment; filename*=utf-8''%e2%82%ac%20rates.txt\n\n"
		"x\n--b--\n",
	    "0 text/plain € rates.txt! 1; ", "RFC 2231" },
	{ MIXED "Content-Disposition: attachment; filename*0*=iso-8859-1'de'gr%FC; "
		"filename*1=n.txt\n\nx\n--b--\n",
	    "0 text/plain grün.txt! 1; ", "RFC 2231 in pieces" },
	{ MIXED "Content-Disposition: attachment; filename=\"=?utf-8?b?w7w=?=.txt\"\n\nx\n"
		"--b--\n",
	    "0 text/plain ü.txt! 1; ", "an encoded word" },
	{ MIXED "Content-Disposition: attachment; filename=\"\xfc.txt\"\n\nx\n--b--\n",
	    "0 text/plain ü.txt! 1; ", "raw Latin-1" },
	{ MIXED "Content-Type: message/rfc822\n\nSubject: =?utf-8?q?inn=C3=A9r?=\n"
		"Content-Type: text/csv; name=t.csv\n\n1,2\n--b--\n",
	    "0 message/rfc822 innér! 71; 1 text/csv t.csv! 3; ",
	    "an attached message and what is in it" },
	{ "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b--\n",
	    "0 message/rfc822 one! 15; 1 text/plain - 1; ", "a digest" },
	{ "Content-Type: multipart/mixed\n\nno boundary\n", "0 text/plain - 12; ",
	    "a multipart without boundary" },
	{ "Content-Type: multipart/mixed; boundary=\"\"\n\n\n--x \nContent-Type: text/html\n\n"
	  "one\n--x\n\ntwo\n--x--\n",
	    "0 text/html - 3; 0 text/plain - 3; ", "an empty boundary" },
	{ "Content-Type: multipart/mixed; boundary=y\n\n--x\nContent-Type: text/html\n\n1\n--x--\n",
	    "0 text/html - 1; ", "another boundary than that of the body" },
	{ "Content-Type: multipart/mixed; boundary=\"b \"\n\n--b \n\none\n--b\t\n\ntwo\n--b-- \n",
	    "0 text/plain - 3; 0 text/plain - 3; ", "white space around a boundary" },
	{ MIXED "Content-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\n\ntwo\n"
		"--b--\n--b\n\nthree\n--b--\n",
	    "0 text/plain - 3; 0 text/plain - 3; 0 text/plain - 5; ", "the same boundary inside" },
	{ MIXED "Content-Type: image/png\nContent-Description: =?koi8-r?q?=F0?=\n\nx\n--b--\n",
	    "0 image/png П! 1; ", "a description as name" },
	{ MIXED "Content-Description: text\n\nx\n--b--\n", "0 text/plain - 1; ",
	    "a description of text" },
	{ MIXED "Content-Type: text/plain; charset=koi8-r\n\nx\n--b\nContent-Type: image/png; "
		"name=\xf0.png\n\nx\n--b--\n",
	    "0 text/plain - 1; 0 image/png П.png! 1; ", "raw octets in a name" },
	{ MIXED "Content-Type: a/b; name=n.png\nContent-Disposition: attachment; "
		"filename=\"f.png\"; filename=g.png\n\nx\n--b--\n",
	    "0 a/b f.png! 1; ", "several names" },
	{ MIXED "Content-Type: a/b; name=n.png\nContent-Disposition: attachment; "
		"filename=\"\"\n\nx\n--b--\n",
	    "0 a/b n.png! 1; ", "an empty file name" },
	{ MIXED "Content-Type: a/b; name=\"../../etc/x\"\n\nx\n--b--\n", "0 a/b ../../etc/x! 1; ",
	    "a name with slashes" },
	{ MIXED "Content-Disposition: attachment; filename*0=\"=?UTF-8?Q?a_=F0=9F=98=81=F0?=\n "
		"=?UTF-8?Q?=9F=98=8\"; filename*1=\"1.docx?=\"\n\nx\n--b--\n",
	    "0 text/plain a 😁😁.docx! 1; ", "encoded words in pieces" },
	{ MIXED
	    "Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%FF%C3%9Fe\n\nx\n--b--\n",
	    "0 text/plain Grö\xef\xbf\xbd"
	    "ße! 1; ",
	    "a bad octet in a name" },
	{ MIXED "Content-Disposition: attachment; filename=\"a very\n\tlong name\"\n\nx\n--b--\n",
	    "0 text/plain a very long name! 1; ", "a folded name" },
	{ MIXED "Content-Type: image/png\n\nx\n--b--\n", "0 image/png -! 1; ",
	    "a picture without a name" },
};

static void test_parts(void)
{
	struct jm_buf out;
	struct jm_err err;

	jm_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < sizeof part_rows / sizeof part_rows[0]; i++) {
		size_t n = strlen(part_rows[i].message);

		jm_buf_reset(&out);
		tap_ok(jm_parts_walk(jm_span_of(part_rows[i].message, n), tell, &out, &err) == 0,
		    "%s: walked", part_rows[i].what);
		tap_is_str(jm_buf_str(&out), part_rows[i].want, "%s", part_rows[i].what);
		for (size_t cut = 0; cut < n; cut++) {
			jm_buf_reset(&out);
			if (jm_parts_walk(jm_span_of(part_rows[i].message, cut), tell, &out, &err) <
			    0)
				tap_ok(
				    false, "%s, cut at %zu: %s", part_rows[i].what, cut, err.text);
		}
	}
	jm_buf_release(&out);
}

/* Multiparts in each other, deeper than the walk goes. */
static void test_deep_parts(void)
{
	struct jm_buf out, seen;
	struct jm_err err;

	jm_buf_init(&out, 1u << 20);
	jm_buf_init(&seen, 1u << 20);
	for (int i = 0; i < 5000; i++)
		if (jm_buf_add(
			&out, "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 47, &err) < 0)
			break;
	tap_ok(jm_parts_walk(jm_buf_span(&out), tell, &seen, &err) == 0, "5,000 levels");
	jm_buf_release(&seen);
	jm_buf_release(&out);
}

static void test_html(void)
{
	static const struct {
		const char *html, *want;
	} rows[] = {
		{ "<p>one</p><p>two &amp; three</p>", "one\n\ntwo & three" },
		{ "<body>a<br>b<div>c</div>d", "a\nb\nc\nd" },
		{ "<html><head><title>no</title><style>p{}</style></head>"
		  "<body>yes<script>alert(1)</script></body></html>",
		    "yes" },
		{ "  white \n space  ", "white space" },
		{ "<pre>a\n  b</pre>", "a\n  b" },
		{ "<ul><li>x<li>y</ul>", "- x\n- y" },
		{ "<a href=\"http://e.example/x\">here</a>", "here <http://e.example/x>" },
		{ "<a href=\"mailto:a@b.c\">a@b.c</a>", "a@b.c" },
		{ "<a href=\"http://evil.example\">http://good.example</a>",
		    "http://good.example <http://evil.example>" },
		{ "<img src=\"http://t.example/p.gif\" alt=\"logo\">x", "[logo]x" },
		{ "<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3" },
		{ "&lt;b&gt; &#233; &euro;", "<b> é €" },
		{ "unclosed <b", "unclosed" },
		{ "<body>1 < 2", "1 < 2" },
		{ "", "" },
	};
	struct jm_buf out;
	struct jm_err err;
	bool cut;

	jm_buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		jm_buf_reset(&out);
		tap_ok(jm_html_to_text(jm_span_str(rows[i].html), &out, &cut, &err) == 0 && !cut,
		    "read: %s", rows[i].html);
		tap_is_str(jm_buf_str(&out), rows[i].want, "its text");
		for (size_t n = 0; n < strlen(rows[i].html); n++) {
			jm_buf_reset(&out);
			if (jm_html_to_text(jm_span_of(rows[i].html, n), &out, &cut, &err) < 0)
				tap_ok(false, "%s cut at %zu: %s", rows[i].html, n, err.text);
		}
	}
	jm_buf_release(&out);
}

/* Texts that are too deep or too long, and the declared charset. */
static void test_html_limits(void)
{
	struct jm_buf out, html;
	struct jm_err err;
	bool cut;

	jm_buf_init(&out, 4096);
	jm_buf_init(&html, 4u << 20);
	for (int i = 0; i < 60000; i++)
		if (jm_buf_add(&html, "<div>x</p>", 10, &err) < 0)
			break;
	jm_buf_reset(&out);
	tap_ok(jm_html_to_text(jm_buf_span(&html), &out, &cut, &err) == 0 && cut && out.len > 0,
	    "60,000 levels are read so far, and that is said");
	jm_buf_reset(&html);
	for (int i = 0; i < 60000; i++)
		if (jm_buf_add(&html, "text ", 5, &err) < 0)
			break;
	jm_buf_reset(&out);
	tap_ok(jm_html_to_text(jm_buf_span(&html), &out, &cut, &err) == 0 && cut &&
		out.len > 4000 && out.len <= 4096,
	    "more than there is room for, too");
	tap_ok(jm_span_eq(jm_html_charset(jm_span_str(
			      "<meta http-equiv=x content=\"text/html; charset=koi8-r\">")),
		   jm_span_str("koi8-r")),
	    "a declared charset");
	tap_ok(jm_html_charset(jm_span_str("<p>charset</p>")).len == 0, "none");
	tap_ok(jm_span_eq(jm_html_charset(jm_span_str("<?xml version='1.0' encoding='big5'?><p>")),
		   jm_span_str("big5")) &&
		jm_span_eq(
		    jm_html_charset(jm_span_str(
			"<!-- <meta charset=a> --><link charset=b><META\nCHARSET = \"c\" >")),
		    jm_span_str("c")) &&
		jm_html_charset(jm_span_str("<meta charset=utf-16>")).len == 0,
	    "in a prolog; not in comments and links; UTF-16 is wrong");
	jm_buf_release(&out);
	jm_buf_release(&html);
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		long long want;
	} rows[] = {
		{ "0", 0 },
		{ "20000", 20000 },
		{ "5k", 5000 },
		{ "10M", 10000000 },
		{ "1G", 1000000000 },
		{ "2T", 2000000000000 },
		{ "", -1 },
		{ "k", -1 },
		{ "1K", -1 },
		{ "-1", -1 },
		{ "1.5M", -1 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775807k", -1 },
	};
	uint64_t n;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		n = 0;
		tap_is_int(jm_criteria_size(rows[i].text, &n) == 0 ? (long long)n : -1,
		    rows[i].want, "size \"%s\"", rows[i].text);
	}
}

static void test_preview(void)
{
	static const char message[] =
	    "Received: from x for <hidden@example.com>\nBcc: hidden@example.com\n"
	    "Subject: =?iso-8859-1?q?gr=FCn?=\nFrom: a@b.c\n"
	    "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; "
	    "charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "gr=FCn\n--b\nContent-Type: text/html\n\n<b>no</b>\n--b--\n";
	struct jm_preview v, all;
	struct jm_err err;

	tap_ok(jm_preview_read(jm_span_str(message), false, &v, &err) == 0 &&
		jm_preview_read(jm_span_str(message), true, &all, &err) == 0,
	    "a message is read");
	tap_is_str(jm_buf_str(&v.text), "grün", "the plain text, decoded");
	tap_is_int((long long)v.headers_n, 3, "without fields that tell Bcc recipients");
	tap_is_int((long long)all.headers_n, 5, "with them when asked");
	tap_ok(v.headers_n > 0 && jm_span_eq(v.headers[0].value, jm_span_str("grün")),
	    "a header, decoded");
	jm_preview_release(&v);
	jm_preview_release(&all);
	for (size_t n = 0; n < sizeof message; n++) {
		if (jm_preview_read(jm_span_of(message, n), false, &v, &err) != 0)
			tap_ok(false, "cut at %zu: %s", n, err.text);
		jm_preview_release(&v);
	}
}

int main(void)
{
	test_fold();
	test_parts();
	test_deep_parts();
	test_html();
	test_html_limits();
	test_sizes();
	test_preview();
	return tap_done();
}
