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

static const struct {
	const char *label;
	struct jm_span in;
	const char *want;
} charset_row[] = {
	{ "", S("abc"), "abc" },
	{ "us-ascii", S("caf\xc3\xa9"), "caf\xc3\xa9" },
	{ "us-ascii", S("caf\xe9"), "caf\xc3\xa9" },
	{ "", S("\x80\x81\xe9"), "\xe2\x82\xac\xc2\x81\xc3\xa9" },
	{ "utf-8", S("\xef\xbb\xbfx"), "x" },
	{ "utf-8", S("\xed\xa0\x80"), "\xc3\xad\xc2\xa0\xe2\x82\xac" },
	{ "ISO-8859-1", S("\xe9\x80\x81"), "\xc3\xa9\xe2\x82\xac\xc2\x81" },
	{ "windows-1252", S("\x80"), "\xe2\x82\xac" },
	{ "windows-1252", S("\x80\x81"), "\xe2\x82\xac\xc2\x81" },
	{ "koi8-r", S("\xf0"), "\xd0\x9f" },
	{ "iso-2022-jp", S("\x1b$B%3\x1b(B"), "\xe3\x82\xb3" },
	{ "iso-2022-jp", S("\xe9"), "\xc3\xa9" },
	{ "gb2312", S("\x84\x31\xa4\x37"), "\xef\xbf\xbd" },
	{ "ks_c_5601-1987", S("\xb0\xa1"), "\xea\xb0\x80" },
	{ "big5", S("\xa4\xa4"), "\xe4\xb8\xad" },
	{ "Shift_JIS", S("\x83\x5c\\~\x81\x60"), "\xe3\x82\xbd\\~\xef\xbd\x9e" },
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
	/* sets of vendors */
	{ "shift_jis", S("\x87\x8a\xfa\x40"), "㈱ⅰ" },
	{ "euc-jp", S("\xbb\xcd\xad\xea"), "四㈱" },
	{ "iso-2022-jp", S("\x1b$B;M-j\x1b(B."), "四㈱." },
	{ "iso-2022-jp", S("\x1b(IC=D\x1b(B"), "ﾃｽﾄ" },
	{ "iso-2022-jp",
	    S("a\x0e"
	      "C=D\x0f."),
	    "aﾃｽﾄ." },
	{ "iso-2022-jp", S("\x1b$By!\x1b$(D0!\x1b(J\\"), "纊丂\\" },
	{ "iso-2022-jp-2", S("\x1b$AVP\x1b$(C0!\x1b.A\x1bNi"), "中가é" },
	{ "iso-2022-kr",
	    S("\x1b$)C\n\x0e"
	      "0!\x0fx"),
	    "\n가x" },
	{ "iso-2022-cn", S("\x1b$)A\x0eVP\x0fx"), "中x" },
	{ "hz-gb-2312", S("~{VPND~} a~~b"), "中文 a~b" },
	{ "euc-kr", S("\xb0\xa1\x81\x41"), "가갂" },
	{ "big5", S("\xa4\xa4\xf9\xd6"), "中碁" },
	{ "iso-8859-9", S("\x80\xfe"), "€ş" },
	{ "tis-620", S("\xa1\x85"), "ก…" },
	{ "iso-8859-11", S("\xa1"), "ก" },
	/* one bad character */
	{ "utf-8", S("\xc3\xa9\xe9 \xc3\xa9"), "é\xef\xbf\xbd é" },
	{ "utf-8", S("\xe9t\xe9 \xc3\xa9"), "été Ã©" },
	{ "euc-jp", S("\xbb\xcd\xff\xbb\xcd\x8f"), "四\xef\xbf\xbd四\xef\xbf\xbd" },
	{ "shift_jis", S("\x83\x5c\x83 \x83\x5c\xa0\x83\x5c"), "ソ\xef\xbf\xbd ソ\xef\xbf\xbdソ" },
	{ "iso-2022-jp", S("\x1b$B;M;\x1b(B a \x1b$B;M\x1b(B"), "四\xef\xbf\xbd a 四" },
	{ "iso-2022-jp", S("\x1b$B;M\nTo: a"), "四\nTo: a" },
	{ "iso-2022-jp", S("\x1b$B;M\xff;M\x1b(B."), "四\xef\xbf\xbd四." },
	{ "gb2312", S("\xd6\xd0\xff\xd6\xd0\x81"), "中\xef\xbf\xbd中\xef\xbf\xbd" },
	{ "big5", S("\xa4\xa4\xff\xa4\xa4"), "中\xef\xbf\xbd中" },
	{ "utf-16",
	    S("\0"
	      "a\xd8\0\0"
	      "b\0c"),
	    "a\xef\xbf\xbd"
	    "bc" },
	{ "utf-7", S("+AOk-+AO\xff\xff +AOkA6Q-"), "é\xef\xbf\xbd\xef\xbf\xbd éé" },
	/* labels */
	{ " \"Shift_JIS\" ", S("\x87\x8a"), "㈱" },
	{ "MS_Kanji", S("\x87\x8a"), "㈱" },
	{ "Windows-31J", S("\x87\x8a"), "㈱" },
	{ "x-euc-jp", S("\xad\xea"), "㈱" },
	{ "cp50221", S("\x1b(IC\x1b(B"), "ﾃ" },
	{ "KOREAN", S("\xb0\xa1"), "가" },
	{ "KSC5601", S("\xb0\xa1"), "가" },
	{ "x-gbk", S("\xd6\xd0"), "中" },
	{ "GB_2312-80", S("\xd6\xd0"), "中" },
	{ "cp-850", S("\x84"), "ä" },
	{ "IBM850", S("\x84"), "ä" },
	{ "windows1251", S("\xcf"), "П" },
	{ "win-1251", S("\xcf"), "П" },
	{ "ISO_8859-2:1987", S("\xb1"), "ą" },
	{ "iso8859_15", S("\xa4"), "€" },
	{ "8859-15", S("\xa4"), "€" },
	{ "iso-8859-8-i", S("\xe0"), "א" },
	{ "csISOLatin1", S("\x80"), "€" },
	{ "utf8", S("\xc3\xa9\xff"), "é\xef\xbf\xbd" },
	{ "'utf-8'*de", S("\xc3\xa9\xff"), "é\xef\xbf\xbd" },
	{ "utf-16",
	    S("\0"
	      "a\0b"),
	    "ab" },
	{ "unicode", S("a\0b"), "a\xef\xbf\xbd" },
	{ "utf-16", S("plain"), "plain" },
	{ "unicode-1-1-utf-7", S("+AOk-"), "é" },
	{ "x-mac-roman", S("\x8e"), "é" },
	{ "x-mac-cyrillic", S("\x80"), "А" },
	{ "unknown-8bit", S("\xe9"), "é" },
	{ "x-unknown", S("\xc3\xa9"), "é" },
	{ "default_charset", S("\xe9"), "é" },
	{ "iso-8859-1", S("\xef\xbb\xbf\xc3\xa9"), "é" },
};

static void test_charset(void)
{
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof charset_row / sizeof charset_row[0]; k++) {
		jm_buf_reset(&got);
		if (jm_charset_decode(
			charset_row[k].in, jm_span_str(charset_row[k].label), &got, NULL) != 0)
			tap_ok(false, "decode fails");
		if (k == 18) /* the NUL of the broken UTF-16 text stays */
			tap_is_mem(
			    got.p, got.len, "\0\xc3\x98", 3, "half a surrogate pair is no UTF-16");
		else
			tap_is_str(jm_buf_str(&got), charset_row[k].want, "row %zu, label \"%s\"",
			    k, charset_row[k].label);
	}
	jm_buf_release(&got);
}

/* Lines before and after bad octets stay, whatever the charset. */
static void test_islands(void)
{
	static const struct {
		const char *label, *text, *want;
	} row[] = {
		{ "utf-8", "ö", "ö" },
		{ "shift_jis", "\x87\x8a", "㈱" },
		{ "euc-jp", "\xad\xea", "㈱" },
		{ "iso-2022-jp", "\x1b$B-j\x1b(B", "㈱" },
		{ "euc-kr", "\xb0\xa1", "가" },
		{ "gb2312", "\xd6\xd0", "中" },
		{ "big5", "\xa4\xa4", "中" },
		{ "iso-8859-7", "\xe1", "α" },
		{ "koi8-r", "\xf0", "П" },
		{ "utf-7", "+AOk-", "é" },
	};
	static const char *const bad[] = { "\xff", "\xff\xff", "\x80 \xff", "\xfe\xff\xfd" };
	struct jm_span got;
	struct jm_buf in, out;

	jm_buf_init(&in, 4096);
	jm_buf_init(&out, 4096);
	for (size_t k = 0; k < sizeof row / sizeof row[0]; k++)
		for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
			struct jm_span want = jm_span_str(row[k].want);

			jm_buf_reset(&in);
			jm_buf_reset(&out);
			if (jm_buf_printf(
				&in, NULL, "%s\n%s\n%s", row[k].text, bad[b], row[k].text) != 0 ||
			    jm_charset_replace(
				jm_buf_span(&in), jm_span_str(row[k].label), &out, NULL) != 0)
				tap_ok(false, "replace fails");
			got = jm_buf_span(&out);
			tap_ok(got.len >= 2 * want.len &&
				jm_span_eq(jm_span_sub(got, 0, want.len), want) &&
				jm_span_eq(jm_span_sub(got, got.len - want.len, got.len), want),
			    "%s: bad octets %zu spoil no other line: %s", row[k].label, b,
			    jm_buf_str(&out));
		}
	jm_buf_release(&in);
	jm_buf_release(&out);
}

static void test_raw(void)
{
	static const struct {
		const char *label, *in, *want;
	} row[] = {
		{ "",
		    "Gr\xf6\xdf"
		    "e",
		    "Größe" },
		{ "koi8-r", "\xef\xd4\xde\xa3\xd4", "Отчёт" },
		{ "koi8-r", "Größe", "Größe" },
		{ "utf-8",
		    "Gr\xf6\xdf"
		    "e \x80",
		    "Größe €" },
		{ "utf-8",
		    "Gr\xc3\xb6\xdf"
		    "e",
		    "Grö\xef\xbf\xbd"
		    "e" },
		{ "shift_jis", "\x87\x8a", "㈱" },
		{ "iso-2022-jp",
		    "Gr\xf6\xdf"
		    "e",
		    "Größe" },
		{ "", "\x1b$B-j\x1b(B", "㈱" },
		{ "", "\x1b[1m\x1b(x", "\x1b[1m\x1b(x" },
		{ "utf-16",
		    "Gr\xf6\xdf"
		    "e",
		    "Größe" },
		{ "ibm037",
		    "Gr\xf6\xdf"
		    "e",
		    "Größe" },
		{ "utf-7", "a+AOk- \xf6", "a+AOk- ö" },
		{ "no-such", "\xf6", "ö" },
	};
	struct jm_buf got;
	size_t k;

	jm_buf_init(&got, 4096);
	for (k = 0; k < sizeof row / sizeof row[0]; k++) {
		jm_buf_reset(&got);
		if (jm_charset_raw(jm_span_str(row[k].in), jm_span_str(row[k].label), &got, NULL) !=
		    0)
			tap_ok(false, "raw text fails");
		tap_is_str(
		    jm_buf_str(&got), row[k].want, "raw text %zu, label \"%s\"", k, row[k].label);
	}
	jm_buf_release(&got);
}

static void test_fits(void)
{
	static const struct {
		const char *label, *in;
		bool want;
	} row[] = {
		{ "utf-8", "ö", true },
		{ "utf-8", "\xf6", false },
		{ "us-ascii", "a", true },
		{ "us-ascii", "ö", false },
		{ "", "a", true },
		{ "iso-8859-1", "\xf6", true },
		{ "shift_jis", "\x83", false },
		{ "no-such", "a", false },
	};
	bool fits;

	for (size_t k = 0; k < sizeof row / sizeof row[0]; k++)
		tap_ok(jm_charset_fits(
			   jm_span_str(row[k].in), jm_span_str(row[k].label), &fits, NULL) == 0 &&
			fits == row[k].want,
		    "fits, label \"%s\", row %zu", row[k].label, k);
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
		{ "\xe9", "\xd0\x98" }, /* the message is in KOI8-R */
		{ "\xe9 =?utf-8?q?=C3=A9?= \xe9", "И é И" },
		{ "=?utf-8?q?a=C3=A9?= \xc3\xa9", "aé é" },
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
		{ "=?us-ascii?q?=E9?=", "é" },
		{ "=?euc-jp?q?=BB=CD=FF=BB=CD?=", "四\xef\xbf\xbd四" },
		{ "=?ms_kanji?b?h4o=?=", "㈱" },
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
		if (jm_word_decode(jm_span_str(row[k].in), jm_span_str("koi8-r"), &got, NULL) != 0)
			tap_ok(false, "word fails");
		tap_is_str(jm_buf_str(&got), row[k].want, "word %s", row[k].in);
	}
	jm_buf_release(&got);
}

int main(void)
{
	test_decode();
	test_charset();
	test_islands();
	test_raw();
	test_fits();
	test_caps();
	test_words();
	return tap_done();
}
