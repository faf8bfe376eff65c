/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversion to UTF-8: aliases of labels, iconv, and what is tried when a label is missing or
 * wrong. Transfer encodings are decode.c's. See charset.h. */
#include "common/mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>

#define LABEL_BYTES 64
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Labels that mean something else in mail than to iconv, or that iconv does not know. */
static const struct {
	const char *label, *iconv_name;
} alias[] = {
	{ "gb2312", "GB18030" },
	{ "gbk", "GB18030" },
	{ "big5", "CP950" },
	{ "ks_c_5601-1987", "CP949" },
	{ "x-sjis", "SHIFT_JIS" },
	{ "unicode-1-1-utf-7", "UTF-7" },
	{ "iso-8859-8-i", "ISO-8859-8" },
};

/* windows-1252 at 0x80..0x9f. 0: undefined; then the octet is read as in ISO 8859-1. */
static const unsigned short cp1252[32] = {
	0x20ac,
	0,
	0x201a,
	0x0192,
	0x201e,
	0x2026,
	0x2020,
	0x2021,
	0x02c6,
	0x2030,
	0x0160,
	0x2039,
	0x0152,
	0,
	0x017d,
	0,
	0,
	0x2018,
	0x2019,
	0x201c,
	0x201d,
	0x2022,
	0x2013,
	0x2014,
	0x02dc,
	0x2122,
	0x0161,
	0x203a,
	0x0153,
	0,
	0x017e,
	0x0178,
};

static bool is_cont(struct jm_span s, size_t k, unsigned char lo, unsigned char hi)
{
	return k < s.len && s.p[k] >= lo && s.p[k] <= hi;
}

/* The length of the UTF-8 character at k; 0 when it is invalid, then *bad_r is the length of its
 * maximal valid part, at least 1. */
static size_t utf8_at(struct jm_span s, size_t k, size_t *bad_r)
{
	unsigned char c = s.p[k], lo = 0x80, hi = 0xbf;
	size_t n, j;

	*bad_r = 1;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		lo = 0xa0;
	else if (c == 0xed)
		hi = 0x9f;
	else if (c == 0xf0)
		lo = 0x90;
	else if (c == 0xf4)
		hi = 0x8f;
	for (j = 1; j < n; j++) {
		if (!is_cont(s, k + j, lo, hi))
			return 0;
		*bad_r = j + 1;
		lo = 0x80;
		hi = 0xbf;
	}
	return n;
}

bool jm_charset_is_utf8(struct jm_span text)
{
	size_t k = 0, n, bad;

	while (k < text.len) {
		n = utf8_at(text, k, &bad);
		if (n == 0)
			return false;
		k += n;
	}
	return true;
}

int jm_charset_scrub(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	size_t from = 0, k = 0, n, bad;

	while (k < text.len) {
		n = utf8_at(text, k, &bad);
		if (n > 0) {
			k += n;
			continue;
		}
		if (jm_buf_add(out, text.p + from, k - from, err) != 0 ||
		    jm_buf_add(out, REPLACEMENT, 3, err) != 0)
			return -1;
		k += bad;
		from = k;
	}
	return jm_buf_add(out, text.p ? text.p + from : NULL, text.len - from, err);
}

static int add_codepoint(struct jm_buf *out, unsigned c, struct jm_err *err)
{
	unsigned char b[3];
	size_t n = 0;

	if (c < 0x80) {
		b[n++] = (unsigned char)c;
	} else if (c < 0x800) {
		b[n++] = (unsigned char)(0xc0 | c >> 6);
		b[n++] = (unsigned char)(0x80 | (c & 0x3f));
	} else {
		b[n++] = (unsigned char)(0xe0 | c >> 12);
		b[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		b[n++] = (unsigned char)(0x80 | (c & 0x3f));
	}
	return jm_buf_add(out, b, n, err);
}

static int add_cp1252(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	size_t k;

	for (k = 0; k < text.len; k++) {
		unsigned c = text.p[k];

		if (c >= 0x80 && c < 0xa0 && cp1252[c - 0x80])
			c = cp1252[c - 0x80];
		if (add_codepoint(out, c, err) != 0)
			return -1;
	}
	return 0;
}

/* Put the name for iconv into name_r. False when the label is empty, too long, or has octets that
 * could make it more than a name ("//IGNORE", a path). */
static bool iconv_name(struct jm_span label, char name_r[LABEL_BYTES])
{
	const char *name = NULL;
	size_t k;

	if (label.len == 0 || label.len >= LABEL_BYTES)
		return false;
	for (k = 0; k < sizeof alias / sizeof alias[0]; k++)
		if (jm_span_eq_nocase(label, jm_span_str(alias[k].label)))
			name = alias[k].iconv_name;
	if (name) {
		memcpy(name_r, name, strlen(name) + 1);
		return true;
	}
	for (k = 0; k < label.len; k++) {
		unsigned char c = jm_lower(label.p[k]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
			c == '.' || c == ':' || c == '+'))
			return false;
		name_r[k] = (char)c;
	}
	name_r[k] = '\0';
	return true;
}

/* Convert text with cd and append it to out. At an invalid octet: with replace, write U+FFFD and
 * continue, else stop. *valid_r: there was none. */
static int run_iconv(iconv_t cd, struct jm_span text, bool replace, struct jm_buf *out,
    bool *valid_r, struct jm_err *err)
{
	char *in = (char *)(uintptr_t)text.p, *to;
	size_t left = text.len, room, step = text.len + 32;
	bool flushed = false;
	int cause;

	*valid_r = true;
	while (!flushed) {
		if (step > out->max_bytes - out->len)
			step = out->max_bytes - out->len;
		if (step < 16)
			return jm_err_set(err, JM_E_LIMIT, "decoded text is larger than %zu bytes",
			    out->max_bytes);
		if (jm_buf_reserve(out, step, err) != 0)
			return -1;
		to = (char *)out->p + out->len;
		room = step;
		flushed = left == 0;
		cause = iconv(cd, flushed ? NULL : &in, flushed ? NULL : &left, &to, &room) ==
			(size_t)-1
		    ? errno
		    : 0;
		out->len += step - room;
		out->p[out->len] = 0;
		if (cause == 0)
			continue;
		if (cause == E2BIG) {
			flushed = false;
			step = step < 4096 ? 4096 : step;
			continue;
		}
		*valid_r = false;
		if (!replace)
			return 0;
		flushed = false;
		if (jm_buf_add(out, REPLACEMENT, 3, err) != 0)
			return -1;
		if (cause == EINVAL || left <= 1) { /* text ends within a character */
			left = 0;
			continue;
		}
		in++;
		left--;
	}
	return 0;
}

/* glibc converts 0x5c and 0x7e of Shift_JIS to YEN SIGN and OVERLINE, but writers mean ASCII. No
 * other octets give these two characters, so they can be mapped back. */
static void mend_shift_jis(struct jm_buf *out, size_t from)
{
	size_t n = from, k = from;

	while (k < out->len) {
		const unsigned char *p = out->p + k;

		if (out->len - k >= 2 && p[0] == 0xc2 && p[1] == 0xa5) {
			out->p[n++] = '\\';
			k += 2;
		} else if (out->len - k >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] == 0xbe) {
			out->p[n++] = '~';
			k += 3;
		} else {
			out->p[n++] = out->p[k++];
		}
	}
	out->len = n;
	out->p[n] = 0;
}

static bool is_shift_jis(const char *name)
{
	return jm_span_eq_nocase(jm_span_str(name), jm_span_str("shift_jis")) ||
	    jm_span_eq_nocase(jm_span_str(name), jm_span_str("shift-jis")) ||
	    jm_span_eq_nocase(jm_span_str(name), jm_span_str("sjis"));
}

/* Append text, in the charset label, to out. *known_r: iconv knows the charset. *valid_r: it does,
 * and text is valid in it. */
static int charset_convert(struct jm_span text, struct jm_span label, bool replace,
    struct jm_buf *out, bool *known_r, bool *valid_r, struct jm_err *err)
{
	char name[LABEL_BYTES];
	size_t from = out->len;
	iconv_t cd;
	int rc;

	*known_r = *valid_r = false;
	if (!iconv_name(label, name))
		return 0;
	cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1)
		return errno == ENOMEM ? jm_err_sys(err, JM_E_TEMP, "cannot open a charset") : 0;
	*known_r = true;
	rc = run_iconv(cd, text, replace, out, valid_r, err);
	iconv_close(cd); /* fails only for a bad descriptor */
	if (rc != 0)
		return -1;
	if (is_shift_jis(name))
		mend_shift_jis(out, from);
	if (!jm_charset_is_utf8(jm_span_of(out->p + from, out->len - from)))
		*valid_r = false; /* some of iconv's charsets let surrogates through */
	return 0;
}

static bool is_ascii(struct jm_span text)
{
	size_t k;

	for (k = 0; k < text.len; k++)
		if (text.p[k] >= 0x80)
			return false;
	return true;
}

/* True for labels that need no iconv. Not all other charsets are supersets of ASCII, so ASCII
 * octets alone are no reason to skip iconv. */
static bool is_unicode_or_ascii(struct jm_span label)
{
	return label.len == 0 || jm_span_eq_nocase(label, jm_span_str("us-ascii")) ||
	    jm_span_eq_nocase(label, jm_span_str("utf-8"));
}

int jm_charset_decode(
    struct jm_span text, struct jm_span label, struct jm_buf *out, struct jm_err *err)
{
	size_t from = out->len, skip = 0;
	bool known, valid = false;

	if (text.len == 0)
		return 0;
	if (!is_unicode_or_ascii(label) &&
	    charset_convert(text, label, false, out, &known, &valid, err) != 0)
		return -1;
	if (!valid) {
		out->len = from;
		if (jm_charset_is_utf8(text) ? jm_buf_add_span(out, text, err)
					     : add_cp1252(text, out, err))
			return -1;
	}
	while (out->len - from - skip >= 3 && memcmp(out->p + from + skip, "\xef\xbb\xbf", 3) == 0)
		skip += 3;
	if (skip > 0) {
		memmove(out->p + from, out->p + from + skip, out->len - from - skip);
		out->len -= skip;
		out->p[out->len] = 0;
	}
	return 0;
}

int jm_charset_replace(
    struct jm_span text, struct jm_span label, struct jm_buf *out, struct jm_err *err)
{
	size_t from = out->len;
	bool known, valid;

	if (text.len == 0)
		return 0;
	if (is_unicode_or_ascii(label))
		return is_ascii(text) ? jm_buf_add_span(out, text, err)
				      : jm_charset_scrub(text, out, err);
	if (charset_convert(text, label, true, out, &known, &valid, err) != 0)
		return -1;
	if (known && (valid || jm_charset_is_utf8(jm_span_of(out->p + from, out->len - from))))
		return 0;
	out->len = from;
	return jm_charset_is_utf8(text) ? jm_buf_add_span(out, text, err)
					: add_cp1252(text, out, err);
}
