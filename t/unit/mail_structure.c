/* SPDX-License-Identifier: BSD-2-Clause */
/* Header fields (R1), tokens, Content-Type (R3), the parts of a multipart (R4, R5). */
#include "common/mail/field.h"
#include "common/mail/mime.h"
#include "common/mail/token.h"
#include "t/lib/tap.h"

#define S(text) \
	{ \
		(const unsigned char *)(text), sizeof(text) - 1 \
	}

/* Each line of a walk as "[name=value]", "[]" for a line that is no field; then "|" and the body,
 * "|-" without an empty line. */
static void show_fields(struct jm_span data, struct jm_buf *out)
{
	struct jm_fields w;
	struct jm_field f;
	struct jm_span v;
	struct jm_buf fold;
	size_t sum = 0;
	int rc = 0;

	jm_buf_init(&fold, 4096);
	jm_buf_reset(out);
	jm_fields_start(&w, data);
	while (jm_fields_next(&w, &f)) {
		sum += f.all.len;
		rc |= jm_field_unfold(f.value, &fold, &v, NULL);
		rc |= jm_buf_printf(out, NULL,
		    jm_span_none(f.name) ? "[" : "[%.*s=", (int)f.name.len, (const char *)f.name.p);
		if (!jm_span_none(f.name))
			rc |= jm_buf_add_span(out, v, NULL);
		rc |= jm_buf_add_byte(out, ']', NULL);
	}
	rc |= jm_buf_add_byte(out, '|', NULL);
	rc |= w.complete ? jm_buf_add_span(out, jm_span_sub(data, w.pos, data.len), NULL)
			 : jm_buf_add_byte(out, '-', NULL);
	tap_ok(rc == 0 && sum <= w.pos && w.pos <= data.len, "the walk stays inside");
	jm_buf_release(&fold);
}

static void test_fields(void)
{
	static const struct {
		struct jm_span data;
		const char *want, *what;
	} row[] = {
		{ { NULL, 0 }, "|-", "no data" },
		{ S("\n"), "|", "an empty header" },
		{ S("\r\nbody"), "|body", "an empty header with CRLF" },
		{ S("a: b\r\n\r\nbody"), "[a=b]|body", "one field" },
		{ S("a: b"), "[a=b]|-", "no line end" },
		{ S("a: b\r"), "[a=b]|-", "a CR at the end of the data" },
		{ S("a:b\nC \t:\td \n\n"), "[a=b][C=d]|",
		    "white space around the colon and at the end" },
		{ S("a:\r\n b\r\n\tc\r\n\r\n"), "[a=b\tc]|", "folds" },
		{ S("a: b\n \n\t\n\nx"), "[a=b]|x", "continuation lines of white space only" },
		{ S("From x\nb\n c: d\ne: f\n\n"), "[][][e=f]|",
		    "lines that are no fields, with their continuation" },
		{ S(": x\na b: c\n\n"), "[][]|", "names that are none" },
		{ S("\xc3\xa9: x\n\n"), "[]|", "a name with octets above 126" },
		{ S(" a: b\nc: d\n\n"), "[][c=d]|", "white space at the very start" },
		{ S("a: b\rc: d\r\r\n\n"), "[a=b\rc: d]|", "a CR elsewhere is an ordinary octet" },
		{ S("a: b\r\n\r\r\n\r\n"), "[a=b][]|", "CR CR LF is no empty line" },
	};
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		show_fields(row[k].data, &got);
		tap_is_str(jm_buf_str(&got), row[k].want, "fields: %s", row[k].what);
	}
	jm_buf_release(&got);
}

static void test_uncomment(void)
{
	static const struct {
		const char *in, *want;
	} row[] = {
		{ "", "" },
		{ "a", "a" },
		{ "a(b)c", "ac" },
		{ "a(b(c)d)e", "ae" },
		{ "a(b\\)c)d", "ad" },
		{ "\"(a)\"b", "\"(a)\"b" },
		{ "\"\\\"(\"(x)", "\"\\\"(\"" },
		{ "a(b", "a(b" },
		{ "a(b)c(d (e)", "ac(d (e)" },
		{ "a)b", "a)b" },
		{ "a\\(b)c", "a\\c" },
		{ "(a)(b)", "" },
		{ "x(\"(\")y)z", "xz" },
	};
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 256);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_buf_reset(&got);
		if (jm_field_uncomment(jm_span_str(row[k].in), &got, NULL) != 0)
			tap_ok(false, "uncomment fails");
		tap_is_str(jm_buf_str(&got), row[k].want, "uncomment %s", row[k].in);
	}
	jm_buf_release(&got);
}

static void test_tokens(void)
{
	static const struct {
		const char *in, *want;
		bool alone;
	} row[] = {
		{ "", "", true },
		{ "base64", "base64", true },
		{ " Base64 ", "base64", true },
		{ "base64;", "base64", true },
		{ "base64; x=y z", "base64", true },
		{ "base64 (by (the \\) gateway))", "base64", true },
		{ "(a)(b\r\n ;) base64", "base64", true },
		{ "\r\n\tbase64\r\n (x)", "base64", true },
		{ "\"base64\"", "base64", true },
		{ "\" bas\\e64 \"; x", "base64", true },
		{ "\"base64", "base64", true },
		{ "base64\"", "base64", false },
		{ ": base64", "base64", true },
		{ "base64 (never closed", "base64", true },
		{ "(never closed base64", "never", false },
		{ "base(x)64", "base", false },
		{ "8 bit", "8", false },
		{ "base64, 7bit", "base64", false },
		{ "; base64", "", true },
		{ "(base64)", "", true },
		{ "\"\\\"\\\"\\\"", "", true },
	};
	struct jm_token t;

	for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_token_read(jm_span_str(row[k].in), 0, &t);
		tap_is_str(t.text, row[k].want, "token of %s", row[k].in);
		tap_is_int(t.alone, row[k].alone, "it is alone: %d", row[k].alone);
		tap_ok(t.end <= strlen(row[k].in), "it ends inside");
	}
}

static void test_transfer(void)
{
	static const struct {
		const char *header;
		enum jm_transfer coding;
		bool odd;
	} row[] = {
		{ "", JM_TRANSFER_IDENTITY, false },
		{ "Content-Transfer-Encoding: BASE64\n", JM_TRANSFER_BASE64, false },
		{ "content-transfer-encoding:\n (x)\n quoted-printable;\n", JM_TRANSFER_QP, false },
		{ "Content-Transfer-Encoding: binary\n", JM_TRANSFER_IDENTITY, false },
		{ "Content-Transfer-Encoding:\n", JM_TRANSFER_UNKNOWN, true },
		{ "Content-Transfer-Encoding: 8 bit\n", JM_TRANSFER_UNKNOWN, true },
		{ "Content-Transfer-Encoding: x-uuencode\n", JM_TRANSFER_UNKNOWN, true },
		{ "Content-Transfer-Encoding: base-64\n", JM_TRANSFER_UNKNOWN, true },
		{ "Content-Transfer-Encoding: base64 7bit\n", JM_TRANSFER_BASE64, true },
		{ "Content-Transfer-Encoding: base64\nA: b\nContent-Transfer-Encoding: base64\n",
		    JM_TRANSFER_BASE64, false },
		{ "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n",
		    JM_TRANSFER_IDENTITY, false },
		{ "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n",
		    JM_TRANSFER_IDENTITY, true },
		{ "Content-Transfer-Encoding: utf8\nContent-Transfer-Encoding: base64\n",
		    JM_TRANSFER_BASE64, true },
		{ "A: b\n\nContent-Transfer-Encoding: base64\n", JM_TRANSFER_IDENTITY, false },
	};

	for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
		struct jm_transfer_fields c = jm_transfer_of(jm_span_str(row[k].header));

		tap_is_int(c.coding, row[k].coding, "coding of %s", row[k].header);
		tap_is_int(c.odd, row[k].odd, "it is odd: %d", row[k].odd);
	}
}

static void test_types(void)
{
	static const struct {
		const char *in, *kind, *boundary;
	} row[] = {
		{ NULL, "text/plain", NULL },
		{ "", "", NULL },
		{ "multipart/mixed; boundary=abc", "multipart/mixed", "abc" },
		{ "Multipart / Mixed ;BOUNDARY = \"a b\"", "multipart/mixed", "a b" },
		{ "multipart/mixed; boundary=\"a\\\"b\\\\c\"; x=y", "multipart/mixed", "a\"b\\c" },
		{ "(c;)multipart/(x)mixed(y); (z) boundary(a)=(b)\"(q)\"(r)", "multipart/mixed",
		    "(q)" },
		{ "multipart/mixed; x=\"; boundary=no\"; boundary=yes", "multipart/mixed", "yes" },
		{ "multipart/mixed; boundary=first; boundary=second", "multipart/mixed", "first" },
		{ "multipart/mixed; junk; boundary=b", "multipart/mixed", "b" },
		{ "multipart/mixed; xboundary=b", "multipart/mixed", NULL },
		{ "multipart/mixed; boundary=", "multipart/mixed", NULL },
		{ "multipart/mixed; boundary=\"\"", "multipart/mixed", NULL },
		{ "multipart/mixed; boundary=\" \t\"", "multipart/mixed", NULL },
		{ "multipart/mixed; boundary=\"a b \t\"", "multipart/mixed", "a b" },
		{ "multipart/mixed; boundary=\"never closed ", "multipart/mixed", "never closed" },
		{ "multipart/mixed; boundary=\"never closed; x=y", "multipart/mixed",
		    "never closed" },
		{ "multipart/mixed boundary=b", "multipart/mixed", "b" },
		{ "multipart/mixed; charset=\"x\" boundary=\"b\"type=y", "multipart/mixed", "b" },
		{ "multipart/mixed; boundary*0*=us-ascii''%3D_a;boundary*1=b", "multipart/mixed",
		    "=_ab" },
		{ "\"Text/Plain\"", "text/plain", NULL },
		{ "message/rfc822 (never closed", "message/rfc822", NULL },
		{ "; boundary=b", "", "b" },
		{ "multipart/mixed; boundary=a;b", "multipart/mixed", "a" },
		{ "multipart/mixed; boundary=a b", "multipart/mixed", "a" },
		{ "text/this-subtype-is-longer-than-any-that-we-could-ever-be-looking-for-in-"
		  "a-journal-report",
		    "", NULL },
	};
	struct jm_mime_type t;
	struct jm_buf value;
	bool found;
	size_t k;

	jm_mime_type_init(&t);
	jm_buf_init(&value, 256);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		if (jm_mime_type_parse(&t, jm_span_str(row[k].in), NULL) != 0 ||
		    jm_mime_type_boundary(&t, &value, &found, NULL) != 0)
			tap_ok(false, "type fails");
		tap_is_str(t.kind, row[k].kind, "kind of %s", row[k].in ? row[k].in : "no field");
		tap_is_str(found ? jm_buf_str(&value) : NULL, row[k].boundary, "boundary of %s",
		    row[k].in ? row[k].in : "no field");
	}
	jm_mime_type_release(&t);
	jm_buf_release(&value);
}

static void test_parts(void)
{
	static const struct {
		const char *body, *boundary, *want, *what;
	} row[] = {
		{ "", "b", "", "no data" },
		{ "--b\r\na\r\n--b\r\nc\r\n--b--\r\n", "b", "[a][c]", "two parts" },
		{ "x\n--b\na\n--b--\n--b\nz\n", "b", "[a]", "preamble and epilogue" },
		{ "--b\na\n", "b", "[a\n]",
		    "no closing delimiter: up to the end, line end included" },
		{ "--b\na", "b", "[a]", "no closing delimiter, no line end" },
		{ "--b", "b", "[]", "an open delimiter at the very end" },
		{ "--b--\n--b\na\n", "b", "", "closed before it was opened" },
		{ "--b \t\na\n--b-- \t\n", "b", "[a]", "white space behind delimiters" },
		{ "--b\n--bx\n--b -\n--b- \n--b---\n--b\r\r\n--B\n --b\n--b--\n", "b",
		    "[--bx\n--b -\n--b- \n--b---\n--b\r\r\n--B\n --b]", "lookalikes" },
		{ "--b\r\n\r\n\r\n--b--", "b", "[\r\n]", "one line end belongs to the delimiter" },
		{ "--b\n--b\n\n--b--", "b", "[][]", "empty parts" },
		{ "--b\na\r--b--\n", "b", "[a\r--b--\n]", "a bare CR ends no line" },
		{ "----C--\na\n----C----\nz", "--C--", "[a]", "a boundary that ends in dashes" },
		{ "--b\r\na\r\n--b\r\r\nz\n--b\r--\r\n", "b\r", "[z]",
		    "a boundary that ends in CR takes none from the line end" },
		{ "--b\na\n--b--\r", "b", "[a\n--b--\r]",
		    "a CR without LF at the end is no white space" },
	};
	struct jm_multipart m;
	struct jm_span part;
	struct jm_buf got;
	size_t k;
	int rc = 0;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_buf_reset(&got);
		jm_multipart_start(&m, jm_span_str(row[k].body), jm_span_str(row[k].boundary));
		while (jm_multipart_next(&m, &part)) {
			rc |= jm_buf_add_byte(&got, '[', NULL);
			rc |= jm_buf_add_span(&got, part, NULL);
			rc |= jm_buf_add_byte(&got, ']', NULL);
		}
		tap_is_str(jm_buf_str(&got), row[k].want, "parts: %s", row[k].what);
		tap_ok(!jm_multipart_next(&m, &part) && rc == 0, "and then no more");
	}
	jm_buf_release(&got);
}

int main(void)
{
	test_fields();
	test_uncomment();
	test_tokens();
	test_transfer();
	test_types();
	test_parts();
	return tap_done();
}
