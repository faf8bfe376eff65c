/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a message as it is shown: its parts, their order and charset, text that cannot be
 * shown. */
#include <stdio.h>
#include <unistd.h>

#include "common/view/html_text.h"
#include "common/view/preview.h"
#include "t/lib/tap.h"

#define MULTI(sub, b) "Content-Type: multipart/" sub "; boundary=" b "\n\n"
#define PART(b, type) "\n--" b "\nContent-Type: " type "\n\n"
#define END(b) "\n--" b "--\n"
#define PLAIN "text/plain"
#define HTML "text/html"

struct row {
	const char *message, *text;
	enum jm_preview_source source;
	unsigned attachments, hidden;
	const char *what;
};

static const struct row rows[] = {
	{ "\nhello\n", "hello\n", JM_PREVIEW_PLAIN, 0, 0, "plain text" },
	{ MULTI("mixed", "b") PART("b", HTML) "<p>real</p>" PART("b", PLAIN) "footer" END("b"),
	    "real\n\nfooter", JM_PREVIEW_HTML, 0, 0, "HTML, then a plain footer" },
	{ MULTI("mixed", "b") PART("b", PLAIN) "real" PART("b", HTML) "<p>footer</p>" END("b"),
	    "real\n\nfooter", JM_PREVIEW_HTML, 0, 0, "plain text, then a footer in HTML" },
	{ MULTI("mixed", "b") PART("b", PLAIN) "one\n" PART("b", "image/png") "x" PART(
	      "b", PLAIN) "\ntwo" PART("b", PLAIN) " \n" PART("b", PLAIN) "three" END("b"),
	    "one\n\n\ntwo\n\nthree", JM_PREVIEW_PLAIN, 1, 0, "several texts around a picture" },
	{ MULTI("alternative", "b") PART("b", PLAIN) "plain" PART("b", HTML) "<p>html" END("b"),
	    "plain", JM_PREVIEW_PLAIN, 0, 0, "an alternative" },
	{ MULTI("alternative", "b") PART("b", HTML) "<p>html" PART("b", PLAIN) "plain" END("b"),
	    "plain", JM_PREVIEW_PLAIN, 0, 0, "an alternative in the wrong order" },
	{ MULTI("alternative", "b") PART("b", PLAIN) " \n" PART("b", HTML) "<p>html" END("b"),
	    "html", JM_PREVIEW_HTML, 0, 0, "a blank plain text" },
	{ MULTI("alternative", "b") PART("b", PLAIN) " \n\xa0\n" PART("b", HTML) "<p>html" END("b"),
	    "html", JM_PREVIEW_HTML, 0, 0, "a plain text of blanks that do not break" },
	{ MULTI("alternative", "b")
		PART("b", PLAIN) "\xe3\x80\x80\xe2\x80\x8b" PART("b", HTML) "<p>html" END("b"),
	    "html", JM_PREVIEW_HTML, 0, 0, "a plain text of wide blanks" },
	{ MULTI("mixed", "m") "--m\n" MULTI("alternative", "b") PART("b", PLAIN) "plain" PART(
	      "b", HTML) "<p>html" END("b") PART("m", PLAIN) "footer" END("m"),
	    "plain\n\nfooter", JM_PREVIEW_PLAIN, 0, 0, "an alternative, then a footer" },
	{ MULTI("alternative", "a") PART("a", PLAIN) "plain\n--a\n" MULTI("related", "r")
		PART("r", HTML) "<p>html" PART("r", "image/png") "x" END("r") END("a"),
	    "plain", JM_PREVIEW_PLAIN, 1, 0, "related inside of alternative" },
	{ MULTI("related", "r") "--r\n" MULTI("alternative", "a") PART("a", PLAIN) "plain" PART(
	      "a", HTML) "<p>html" END("a") PART("r", "image/png") "x" END("r"),
	    "plain", JM_PREVIEW_PLAIN, 1, 0, "alternative inside of related" },
	{ MULTI("alternative", "a") "--a\n" MULTI("mixed", "m") PART("m", HTML) "<p>one" PART(
	      "m", "a/b") "x" PART("m", HTML) "<p>two" END("m") END("a"),
	    "one\n\ntwo", JM_PREVIEW_HTML, 1, 0, "mixed inside of alternative" },
	{ MULTI("alternative", "a") "--a\n" MULTI("alternative", "b") PART("b", PLAIN) "plain" PART(
	      "b", HTML) "<p>html" END("b") PART("a", HTML) "<p>rich" END("a"),
	    "rich", JM_PREVIEW_HTML, 0, 0, "alternative inside of alternative" },
	{ MULTI("mixed", "m") "--m\n" MULTI("alternative", "a") PART("a", PLAIN) "1" PART(
	      "a", HTML) "<p>x" END("a") "\n--m\n" MULTI("alternative", "a")
		PART("a", PLAIN) "2" PART("a", HTML) "<p>y" END("a") END("m"),
	    "1\n\n2", JM_PREVIEW_PLAIN, 0, 0, "two alternatives" },
	{ MULTI("signed", "s") "--s\n" MULTI("mixed", "m") PART("m", PLAIN) "text" PART(
	      "m", HTML) "<p>footer" END("m") PART("s", "application/pkcs7-signature") "x" END("s"),
	    "text\n\nfooter", JM_PREVIEW_HTML, 1, 0, "a signed message with a footer" },
	{ MULTI("mixed", "m") "--m\nContent-Type: multipart/mixed\n\nlost text" END("m"),
	    "lost text", JM_PREVIEW_PLAIN, 0, 0, "a multipart without a boundary" },
	{ MULTI("mixed", "m")
		PART("m", "message/rfc822") "Subject: s\n\ninner" PART("m", PLAIN) "outer" END("m"),
	    "outer", JM_PREVIEW_PLAIN, 1, 0, "text of an attached message is not ours" },
	/* text that cannot be shown */
	{ "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\nx", "",
	    JM_PREVIEW_NONE, 1, JM_PREVIEW_SMIME, "opaque S/MIME" },
	{ "Content-Type: application/octet-stream; name=smime.P7M\n\nx", "", JM_PREVIEW_NONE, 1,
	    JM_PREVIEW_SMIME, "S/MIME under another type" },
	{ MULTI("mixed", "b") PART("b", PLAIN) "text" PART("b", "application/ms-tnef") "x" END("b"),
	    "text", JM_PREVIEW_PLAIN, 1, JM_PREVIEW_TNEF, "winmail.dat" },
	{ MULTI("encrypted", "b") PART("b", "application/pgp-encrypted") "Version: 1" PART(
	      "b", "application/octet-stream; name=encrypted.asc") "x" END("b"),
	    "", JM_PREVIEW_NONE, 2, JM_PREVIEW_PGP, "PGP/MIME" },
	{ "\nhello\n-----BEGIN PGP MESSAGE-----\nx\n", "hello\n-----BEGIN PGP MESSAGE-----\nx\n",
	    JM_PREVIEW_PLAIN, 0, JM_PREVIEW_PGP, "PGP in the text" },
	{ MULTI("mixed", "b") PART("b", PLAIN) "protected" PART(
	      "b", "application/x-microsoft-rpmsg-message; name=message.rpmsg") "x" END("b"),
	    "protected", JM_PREVIEW_PLAIN, 1, JM_PREVIEW_RPMSG, "a rights-protected message" },
	{ MULTI("mixed", "b") PART("b", "message/rfc822") MULTI("mixed", "c")
		PART("c", "application/ms-tnef") "x" END("c") END("b"),
	    "", JM_PREVIEW_NONE, 2, 0, "winmail.dat in an attached message" },
	/* charsets */
	{ "Content-Type: text/html; charset=koi8-r\n\n<meta charset=koi8-r><p>\xf0", "П",
	    JM_PREVIEW_HTML, 0, 0, "HTML that names its charset" },
	{ "Content-Type: text/html; charset=utf-8\n\n<meta charset=us-ascii><p>\xc3\xb6", "ö",
	    JM_PREVIEW_HTML, 0, 0, "another charset than the declared one, which is right" },
	{ "Content-Type: text/html; charset=utf-8\n\n<meta charset=windows-1251><p>\xcf", "П",
	    JM_PREVIEW_HTML, 0, 0, "another charset than the declared one, which is wrong" },
	{ "Content-Type: text/html\n\n<?xml version=\"1.0\" encoding=\"koi8-r\"?><p>\xf0", "П",
	    JM_PREVIEW_HTML, 0, 0, "an XML prolog" },
	{ "Content-Type: text/html; charset=iso-8859-1\n\n\xef\xbb\xbf<p>\xc3\xb6", "ö",
	    JM_PREVIEW_HTML, 0, 0, "a byte order mark" },
	{ "Content-Type: text/html\n\n<meta charset=utf-16><p>\xc3\xb6", "ö", JM_PREVIEW_HTML, 0, 0,
	    "UTF-16 that cannot be" },
	{ "Content-Type: text/plain; charset=utf-8\n\n\xc3\xb6 \xff \xc3\xb6", "ö \xef\xbf\xbd ö",
	    JM_PREVIEW_PLAIN, 0, 0, "a bad octet in a text" },
	{ "Content-Type: text/html; charset=utf-8\n\n<p>\xc3\xb6 \xff <b>\xc3\xb6</b>",
	    "ö \xef\xbf\xbd ö", JM_PREVIEW_HTML, 0, 0, "a bad octet in HTML" },
};

static void test_rows(void)
{
	struct jm_preview v;
	struct jm_err err;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		size_t n = strlen(r->message);

		tap_ok(jm_preview_read(jm_span_of(r->message, n), true, &v, &err) == 0, "%s: read",
		    r->what);
		tap_is_str(jm_buf_str(&v.text), r->text, "%s", r->what);
		tap_ok(v.source == r->source && v.hidden == r->hidden && !v.text_cut &&
			v.attachments_n == r->attachments,
		    "%s: source %d, hidden %u, %zu attachments", r->what, v.source, v.hidden,
		    v.attachments_n);
		jm_preview_release(&v);
		for (size_t cut = 0; cut < n; cut++) {
			if (jm_preview_read(jm_span_of(r->message, cut), true, &v, &err) != 0)
				tap_ok(false, "%s, cut at %zu: %s", r->what, cut, err.text);
			jm_preview_release(&v);
		}
	}
}

/* The raw octets of a header are in the charset of the message. */
static void test_headers(void)
{
	static const char message[] = "Subject: \xef\xd4\xde\xa3\xd4\n" MULTI("mixed", "b")
	    PART("b", HTML "; charset=koi8-r") "x" END("b");
	struct jm_preview v;
	struct jm_err err;

	tap_ok(jm_preview_read(jm_span_str(message), true, &v, &err) == 0 &&
		jm_span_eq(v.headers[0].value, jm_span_str("Отчёт")),
	    "a raw subject");
	jm_preview_release(&v);
}

static void test_html(void)
{
	static const struct {
		struct jm_span html;
		const char *text;
	} html[] = {
#define S(text) { (const unsigned char *)(text), sizeof(text) - 1 }
		{ S("<p>a\0b</p><p>c"), "a b\n\nc" },
		{ S("<p>a\1\b\x1f b</p><p>c"), "a b\n\nc" },
		{ S("<p>a\xef\xbf\xbe"
		    "b\xef\xbf\xbf</p><p>c"),
		    "a\xef\xbf\xbd"
		    "b\xef\xbf\xbd\n\nc" },
		{ S("<p>&#0;a&#xD800;b&#99999999;c&nosuch;d&amp e&#x;f&;g&"),
		    "abc&nosuch;d&amp ef&;g&" },
		{ S("<p>&#128; &#147;x&#148; &#129;"), "€ “x” \xc2\x81" },
		{ S("<meta http-equiv=Content-Type content='text/html; charset=gb2312'><p>季度"),
		    "季度" },
		{ S("<?xml version='1.0' encoding='utf-16'?><p>ö"), "ö" },
		{ S("a < b and c <- d"), "a < b and c <- d" },
	};
	struct jm_buf out, big;
	struct jm_err err;
	bool cut;

	jm_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < sizeof html / sizeof html[0]; i++) {
		jm_buf_reset(&out);
		tap_ok(jm_html_to_text(html[i].html, &out, &cut, &err) == 0 && !cut, "HTML %zu", i);
		tap_is_str(jm_buf_str(&out), html[i].text, "its text");
	}
	/* Characters of every length at every place of the parser's pieces. */
	jm_buf_init(&big, 1u << 20);
	for (size_t shift = 0; shift < 8; shift++) {
		size_t want = 0;

		jm_buf_reset(&big);
		jm_buf_reset(&out);
		if (jm_buf_add(&big, "<p>xxxxxxxx", 3 + shift, &err) != 0)
			break;
		for (size_t k = 0; k < 3000; k++)
			want += jm_buf_add_span(&big, jm_span_str("ö季😁-"), &err) == 0 ? 10 : 0;
		tap_ok(jm_html_to_text(jm_buf_span(&big), &out, &cut, &err) == 0 &&
			out.len == shift + want &&
			jm_span_eq(jm_buf_span(&out), jm_span_sub(jm_buf_span(&big), 3, big.len)),
		    "long text, shifted by %zu", shift);
	}
	jm_buf_release(&out);
	jm_buf_release(&big);
}

/* Nothing goes to standard error. */
static void test_silence(FILE *heard)
{
	tap_is_int(ftell(heard), 0, "nothing is written to standard error");
}

int main(void)
{
	FILE *heard = tmpfile();
	int saved = dup(2);

	if (!heard || saved < 0 || dup2(fileno(heard), 2) < 0)
		return 1;
	test_rows();
	test_headers();
	test_html();
	fseek(heard, 0, SEEK_END);
	dup2(saved, 2);
	test_silence(heard);
	fclose(heard);
	close(saved);
	return tap_done();
}
