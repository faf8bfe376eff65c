/* SPDX-License-Identifier: BSD-2-Clause */
/* Transfer decodings (R6), charsets (R7), encoded words (R10). */
#include "common/mail/charset.h"
#include "common/mail/decode.h"
#include "common/mail/word.h"
#include "t/lib/tap.h"

#define S(text) \
	{ \
		(const unsigned char *)(text), sizeof(text) - 1 \
	}

static void test_decode(void)
{
	static const struct {
		bool qp;
		struct jm_span in, want;
		const char *what;
	} row[] = {
		{ false, S(""), S(""), "nothing" },
		{ false, S("QUJD"), S("ABC"), "a group" },
		{ false, S("QUI="), S("AB"), "padding" },
		{ false, S("QUI"), S("AB"), "no padding" },
		{ false, S("QUJDQ"), S("ABC"), "a digit too many" },
		{ false, S(" Q\r\nU-J\0D!"), S("ABC"), "octets outside the alphabet are skipped" },
		{ false, S("QQ==QUJD"), S("A\x04\x14$"),
		    "padding in the middle is skipped as well" },
		{ false, S("////++++"), S("\xff\xff\xff\xfb\xef\xbe"), "the last two digits" },
		{ true, S("a=3Db=3db"), S("a=b=b"), "pairs" },
		{ true, S("a=\r\nb=\nc=\r\r\nd"), S("abcd"), "soft breaks" },
		{ true, S("a="), S("a"), "a soft break at the end of the data" },
		{ true, S("a=4"), S("a=4"), "half a pair" },
		{ true, S("=zz=="), S("=zz="), "no pairs" },
		{ true, S("a \t\r\nb_c\0"), S("a \t\r\nb_c\0"),
		    "white space, underscore and NUL stay" },
		{ true, S("a=\rb\nc"), S("a=\rb\nc"), "a bare CR is no line end" },
	};
	unsigned char out[64];
	size_t k, n;

	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		n = row[k].qp ? jm_decode_qp(row[k].in, out) : jm_decode_base64(row[k].in, out);
		tap_is_mem(out, n, row[k].want.p, row[k].want.len, "%s: %s",
		    row[k].qp ? "quoted-printable" : "base64", row[k].what);
		tap_is_int((long long)(row[k].qp ? jm_decode_qp(row[k].in, NULL)
						 : jm_decode_base64(row[k].in, NULL)),
		    (long long)n, "counting agrees");
	}
}

static void test_charset(void)
{
	static const struct {
		const char *label;
		struct jm_span in;
		const char *want;
	} row[] = {
		{ "", S("abc"), "abc" },
		{ "us-ascii", S("caf\xc3\xa9"), "caf\xc3\xa9" },
		{ "us-ascii", S("caf\xe9"), "caf\xc3\xa9" },
		{ "", S("\x80\x81\xe9"), "\xe2\x82\xac\xc2\x81\xc3\xa9" },
		{ "utf-8", S("\xef\xbb\xbfx"), "x" },
		{ "utf-8", S("\xed\xa0\x80"), "\xc3\xad\xc2\xa0\xe2\x82\xac" },
		{ "ISO-8859-1", S("\xe9\x80"), "\xc3\xa9\xc2\x80" },
		{ "windows-1252", S("\x80"), "\xe2\x82\xac" },
		{ "windows-1252", S("\x80\x81"), "\xe2\x82\xac\xc2\x81" },
		{ "koi8-r", S("\xf0"), "\xd0\x9f" },
		{ "iso-2022-jp", S("\x1b$B%3\x1b(B"), "\xe3\x82\xb3" },
		{ "iso-2022-jp", S("\xe9"), "\xc3\xa9" },
		{ "gb2312", S("\x84\x31\xa4\x37"), "\xef\xbf\xbd" },
		{ "ks_c_5601-1987", S("\xb0\xa1"), "\xea\xb0\x80" },
		{ "big5", S("\xa4\xa4"), "\xe4\xb8\xad" },
		{ "Shift_JIS", S("\x83\x5c\\~\x81\x60"), "\xe3\x82\xbd\\~\xe3\x80\x9c" },
		{ "x-sjis", S("\x83\x5c\\"), "\xe3\x82\xbd\\" },
		{ "utf-16",
		    S("\xff\xfe"
		      "a\0"),
		    "a" },
		{ "utf-16le", S("\x00\xd8"), "\xc3\x98" },
		{ "utf-7", S("a+AOk-"), "a\xc3\xa9" },
		{ "no-such-charset", S("\xe9"), "\xc3\xa9" },
		{ "utf-16//IGNORE", S("\xe9"), "\xc3\xa9" },
		{ "../../x", S("\xc3\xa9"), "\xc3\xa9" },
	};
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_buf_reset(&got);
		if (jm_charset_decode(row[k].in, jm_span_str(row[k].label), &got, NULL) != 0)
			tap_ok(false, "decode fails");
		if (k == 18) /* the NUL of the broken UTF-16 text stays */
			tap_is_mem(
			    got.p, got.len, "\0\xc3\x98", 3, "half a surrogate pair is no UTF-16");
		else
			tap_is_str(jm_buf_str(&got), row[k].want, "row %zu, label \"%s\"", k,
			    row[k].label);
	}
	jm_buf_release(&got);
}

static void test_caps(void)
{
	static unsigned char text[1000];
	struct jm_err err = { JM_E_NONE };
	struct jm_buf got;

	memset(text, 0xe9, sizeof text);
	jm_buf_init(&got, 1500);
	tap_ok(jm_charset_decode(
		   jm_span_of(text, sizeof text), jm_span_str("iso-8859-1"), &got, &err) != 0 &&
		err.kind == JM_E_LIMIT,
	    "text that grows past the cap is a limit");
	err.kind = JM_E_NONE;
	jm_buf_reset(&got);
	tap_ok(jm_charset_replace(
		   jm_span_of(text, sizeof text), jm_span_str("utf-8"), &got, &err) != 0 &&
		err.kind == JM_E_LIMIT,
	    "so are too many replacement characters");
	jm_buf_release(&got);
}

static void test_words(void)
{
	static const struct {
		const char *in, *want;
	} row[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xe9", "\xef\xbf\xbd" },
		{ "=?utf-8?q?caf=C3=A9?=", "caf\xc3\xa9" },
		{ "=?UTF-8?B?Y2Fmw6k=?=", "caf\xc3\xa9" },
		{ "=?iso-8859-1?Q?a_b=E9?=", "a b\xc3\xa9" },
		{ "a =?utf-8?q?b?= c", "a b c" },
		{ "=?utf-8?q?a?= =?utf-8?q?b?=", "ab" },
		{ "=?utf-8?q?a?= \t =?iso-8859-1?q?=E9?=", "a\xc3\xa9" },
		{ "=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b" },
		{ "=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\xc3\xa9" },
		{ "x=?utf-8?q?y?=z", "xyz" },
		{ "=?utf-8*en?q?a?=", "a" },
		{ "=?no-such?q?=E9?=", "\xc3\xa9" },
		{ "=?utf-8?q?=E9x?=", "\xef\xbf\xbdx" },
		{ "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
		{ "=?utf-8?q?a", "=?utf-8?q?a" },
		{ "=?", "=?" },
		{ "=?=?=?utf-8?q?a?=", "=?=?a" },
		{ "=?utf-8?q?"
		  "?=",
		    "" },
		{ "\xc3\xa9 =?utf-8?q?b?= \xc3\xa9", "\xc3\xa9 b \xc3\xa9" },
		{ "=?us-ascii?q?=E9?=", "\xef\xbf\xbd" },
		{ "=?gb2312?B?1tDOxA==?=", "\xe4\xb8\xad\xe6\x96\x87" },
		{ "=?iso-2022-jp?B?GyRCJTMbKEI=?=", "\xe3\x82\xb3" },
		{ "=?utf-8?q?a b?=", "a b" },
		{ "=?iso-8859-1?q?=E9?= =?koi8-r?q?=F0?=", "\xc3\xa9\xd0\x9f" },
	};
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_buf_reset(&got);
		if (jm_word_decode(jm_span_str(row[k].in), &got, NULL) != 0)
			tap_ok(false, "word fails");
		tap_is_str(jm_buf_str(&got), row[k].want, "word %s", row[k].in);
	}
	jm_buf_release(&got);
}

int main(void)
{
	test_decode();
	test_charset();
	test_caps();
	test_words();
	return tap_done();
}
