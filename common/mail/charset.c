/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversion to UTF-8 by iconv, and what is tried when a label is missing or wrong. Labels are read
 * by label.c, transfer encodings by decode.c. See charset.h. */
#include "common/mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>

#include "common/mail/iso2022.h"
#include "common/mail/label.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define SETS_MAX 12                /* of one text in ISO 2022 */

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

/* As jm_charset_scrub(); *bad counts the invalid parts. */
static int scrub(struct jm_span text, struct jm_buf *out, size_t *bad, struct jm_err *err)
{
	size_t from = 0, k = 0, n, part;

	while (k < text.len) {
		n = utf8_at(text, k, &part);
		if (n > 0) {
			k += n;
			continue;
		}
		(*bad)++;
		if (jm_buf_add(out, text.p + from, k - from, err) != 0 ||
		    jm_buf_add(out, REPLACEMENT, 3, err) != 0)
			return -1;
		k += part;
		from = k;
	}
	return jm_buf_add(out, text.p ? text.p + from : NULL, text.len - from, err);
}

int jm_charset_scrub(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	size_t bad = 0;

	return scrub(text, out, &bad, err);
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

/* How the octets of a set form characters, as far as it matters for what to skip. */
enum form {
	FORM_SINGLE,
	FORM_PAIRS,
	FORM_SHIFT_JIS,
	FORM_EUC_JP,
	FORM_GB18030,
	FORM_UTF7,
	FORM_16,
	FORM_32
};

static enum form form_of(const char *name)
{
	static const struct {
		const char *name;
		enum form form;
	} rows[] = {
		{ "CP932", FORM_SHIFT_JIS },
		{ "EUC-JP", FORM_EUC_JP },
		{ "EUC-JISX0213", FORM_EUC_JP },
		{ "GB18030", FORM_GB18030 },
		{ "CP949", FORM_PAIRS },
		{ "CP950", FORM_PAIRS },
		{ "BIG5", FORM_PAIRS },
		{ "JOHAB", FORM_PAIRS },
		{ "EUC-TW", FORM_PAIRS },
		{ "UTF-7", FORM_UTF7 },
		{ "UTF-16", FORM_16 },
		{ "UCS-2", FORM_16 },
		{ "UTF-32", FORM_32 },
		{ "UCS-4", FORM_32 },
	};

	for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
		if (jm_span_starts_nocase(jm_span_str(name), jm_span_str(rows[k].name)))
			return rows[k].form;
	return FORM_SINGLE;
}

/* The length of the bad character at p. The octets of a character that is not assigned go together;
 * ASCII after a first octet is text of its own. */
static size_t bad_length(enum form form, const unsigned char *p, size_t left)
{
	size_t n = 1;

	switch (form) {
	case FORM_SINGLE:
	case FORM_UTF7:
		return 1;
	case FORM_16:
		return left < 2 ? left : 2;
	case FORM_32:
		return left < 4 ? left : 4;
	case FORM_SHIFT_JIS:
		n = (p[0] >= 0x81 && p[0] <= 0x9f) || (p[0] >= 0xe0 && p[0] <= 0xfc) ? 2 : 1;
		break;
	case FORM_EUC_JP:
		n = p[0] == 0x8f ? 3 : p[0] == 0x8e || (p[0] >= 0xa1 && p[0] <= 0xfe) ? 2 : 1;
		break;
	case FORM_GB18030:
	case FORM_PAIRS:
		if (form == FORM_GB18030 && left >= 4 && p[1] >= '0' && p[1] <= '9' &&
		    p[2] >= 0x81 && p[3] >= '0' && p[3] <= '9')
			return 4;
		n = p[0] >= 0x81 && p[0] <= 0xfe ? 2 : 1;
		break;
	}
	for (size_t k = 1; k < n; k++)
		if (k >= left || p[k] < 0x80)
			return k;
	return n;
}

/* Convert text with cd and append it to out, with U+FFFD for each bad character, which *bad
 * counts. */
static int run_iconv(iconv_t cd, enum form form, struct jm_span text, struct jm_buf *out,
    size_t *bad, struct jm_err *err)
{
	char *in = (char *)(uintptr_t)text.p, *to;
	size_t left = text.len, room, skip, step = text.len + 32;
	bool flushed = false;
	int cause;

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
		skip = left > 0 ? bad_length(form, (const unsigned char *)in, left) : 0;
		(*bad)++;
		if (jm_buf_add(out, REPLACEMENT, 3, err) != 0)
			return -1;
		flushed = flushed || skip == 0;
		if (form == FORM_UTF7) /* leave base64 */
			(void)iconv(cd, NULL, NULL, NULL, NULL);
		in += skip;
		left -= skip;
	}
	return 0;
}

static int convert_iconv(const char *name, struct jm_span text, struct jm_buf *out, bool *known_r,
    size_t *bad, struct jm_err *err)
{
	iconv_t cd = iconv_open("UTF-8", name);
	int rc;

	*known_r = cd != (iconv_t)-1;
	if (!*known_r)
		return errno == ENOMEM ? jm_err_sys(err, JM_E_TEMP, "cannot open a charset") : 0;
	rc = run_iconv(cd, form_of(name), text, out, bad, err);
	iconv_close(cd); /* fails only for a bad descriptor */
	return rc;
}

/* Converters for the sets of a text in ISO 2022, opened when needed. */
struct sets {
	const char *name[SETS_MAX];
	iconv_t cd[SETS_MAX];
	size_t n;
};

/* The converter from the set name; (iconv_t)-1 with err filled. */
static iconv_t sets_open(struct sets *s, const char *name, struct jm_err *err)
{
	iconv_t cd = (iconv_t)-1;

	for (size_t k = 0; k < s->n; k++)
		if (strcmp(s->name[k], name) == 0)
			return s->cd[k];
	if (s->n < SETS_MAX)
		cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1) {
		jm_err_sys(err, JM_E_TEMP, "cannot open the charset %s", name);
	} else {
		s->name[s->n] = name;
		s->cd[s->n++] = cd;
	}
	return cd;
}

/* Append a run in ASCII. Octets above 127 are bad. */
static int add_ascii(struct jm_span text, struct jm_buf *out, size_t *bad, struct jm_err *err)
{
	for (size_t k = 0; k < text.len; k++) {
		if (text.p[k] < 0x80 ? jm_buf_add_byte(out, text.p[k], err)
				     : jm_buf_add(out, REPLACEMENT, 3, err))
			return -1;
		*bad += text.p[k] >= 0x80;
	}
	return 0;
}

static int convert_2022(
    struct jm_span text, bool hz, struct jm_buf *out, size_t *bad, struct jm_err *err)
{
	struct sets sets = { .n = 0 };
	struct jm_iso2022 w;
	struct jm_buf run;
	const char *name;
	iconv_t cd;
	int rc;

	jm_buf_init(&run, 3 * text.len + 16);
	jm_iso2022_start(&w, text, hz);
	while ((rc = jm_iso2022_next(&w, &run, &name, err)) == 1) {
		if (!name)
			rc = add_ascii(jm_buf_span(&run), out, bad, err);
		else if ((cd = sets_open(&sets, name, err)) == (iconv_t)-1)
			rc = -1;
		else
			rc = run_iconv(cd, form_of(name), jm_buf_span(&run), out, bad, err);
		if (rc != 0)
			break;
	}
	for (size_t k = 0; k < sets.n; k++)
		iconv_close(sets.cd[k]);
	jm_buf_release(&run);
	return rc;
}

static bool is_ascii(struct jm_span text)
{
	size_t k;

	for (k = 0; k < text.len; k++)
		if (text.p[k] >= 0x80)
			return false;
	return true;
}

static bool is_set(const char *name, const char *set)
{
	return strcmp(name, set) == 0;
}

/* Does text begin with the byte order mark of UTF-16? */
static bool has_wide_mark(struct jm_span text)
{
	return text.len >= 2 && (text.p[0] ^ text.p[1]) == 1 && text.p[0] >= 0xfe;
}

/* The order of octets in UTF-16 that does not say it: the half with more zeros is the high one. */
static const char *name_of_utf16(struct jm_span text)
{
	size_t zeros[2] = { 0, 0 };

	if (has_wide_mark(text))
		return JM_LABEL_UTF16;
	for (size_t k = 0; k < text.len; k++)
		zeros[k % 2] += text.p[k] == 0;
	return zeros[0] + zeros[1] == 0 && jm_charset_is_utf8(text) ? JM_LABEL_UTF8
	    : zeros[0] > zeros[1]                                   ? "UTF-16BE"
								    : "UTF-16LE";
}

/* Replace what is not UTF-8 from offset from on: some of iconv's sets let surrogates through. */
static int mend(struct jm_buf *out, size_t from, size_t *bad, struct jm_err *err)
{
	struct jm_span made = jm_span_sub(jm_buf_span(out), from, out->len);
	struct jm_buf copy;
	int rc;

	if (jm_charset_is_utf8(made))
		return 0;
	(*bad)++;
	jm_buf_init(&copy, made.len);
	rc = jm_buf_add_span(&copy, made, err);
	out->len = from;
	if (rc == 0)
		rc = jm_charset_scrub(jm_buf_span(&copy), out, err);
	jm_buf_release(&copy);
	return rc;
}

/* Append text, in the charset of that name, to out; *bad_r: the number of its bad characters, for
 * each of which there is an U+FFFD. *known_r: the charset is known; else nothing is appended. */
static int convert(struct jm_span text, const char *name, struct jm_buf *out, bool *known_r,
    size_t *bad_r, struct jm_err *err)
{
	size_t from = out->len;

	*bad_r = 0;
	*known_r = true;
	if (is_set(name, JM_LABEL_UTF16))
		name = name_of_utf16(text);
	if (is_set(name, JM_LABEL_UTF8))
		return scrub(text, out, bad_r, err);
	if (is_set(name, JM_LABEL_1252))
		return add_cp1252(text, out, err);
	if (is_set(name, JM_LABEL_2022) || is_set(name, JM_LABEL_HZ)
		? convert_2022(text, is_set(name, JM_LABEL_HZ), out, bad_r, err)
		: convert_iconv(name, text, out, known_r, bad_r, err))
		return -1;
	return *known_r ? mend(out, from, bad_r, err) : 0;
}

/* The name of a usable label; "US-ASCII", which says nothing about octets above 127, for others. */
static void name_of(struct jm_span label, char name_r[JM_LABEL_BYTES])
{
	if (!jm_label_name(label, name_r))
		memcpy(name_r, JM_LABEL_ASCII, sizeof JM_LABEL_ASCII);
}

/* Append text whose charset is not known. */
static int add_guessed(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	return jm_charset_is_utf8(text) ? jm_buf_add_span(out, text, err)
					: add_cp1252(text, out, err);
}

/* Are more characters of text, which was converted from the charset of that name, bad than good?
 * ASCII counts only in charsets with several octets for it. */
static bool is_mostly_bad(struct jm_span text, const char *name, size_t bad)
{
	enum form form = form_of(name);
	size_t n = 0;

	for (size_t k = 0; k < text.len; k++)
		n += text.p[k] >= 0xc0 || (text.p[k] < 0x80 && form >= FORM_16);
	return n - bad < bad;
}

static void drop_marks(struct jm_buf *out, size_t from)
{
	size_t skip = 0;

	while (out->len - from - skip >= 3 && memcmp(out->p + from + skip, "\xef\xbb\xbf", 3) == 0)
		skip += 3;
	if (skip > 0) {
		memmove(out->p + from, out->p + from + skip, out->len - from - skip);
		out->len -= skip;
		out->p[out->len] = 0;
	}
}

int jm_charset_decode(
    struct jm_span text, struct jm_span label, struct jm_buf *out, struct jm_err *err)
{
	size_t from = out->len, bad = 0;
	char name[JM_LABEL_BYTES];
	bool known = false;

	if (text.len == 0)
		return 0;
	name_of(label, name);
	if (jm_span_starts_nocase(text, jm_span_str("\xef\xbb\xbf")) && jm_charset_is_utf8(text))
		memcpy(name, JM_LABEL_UTF8, sizeof JM_LABEL_UTF8);
	if (!is_set(name, JM_LABEL_ASCII) && convert(text, name, out, &known, &bad, err) != 0)
		return -1;
	if (!known && has_wide_mark(text)) {
		memcpy(name, JM_LABEL_UTF16, sizeof JM_LABEL_UTF16);
		if (convert(text, name, out, &known, &bad, err) != 0)
			return -1;
	}
	/* A wrong label gives more bad characters than good ones, a damaged text the contrary. */
	if (!known ||
	    (bad > 0 &&
		((jm_charset_is_utf8(text) && !is_ascii(text)) ||
		    is_mostly_bad(jm_span_of(out->p + from, out->len - from), name, bad)))) {
		out->len = from;
		if (add_guessed(text, out, err) != 0)
			return -1;
	}
	drop_marks(out, from);
	return 0;
}

int jm_charset_replace(
    struct jm_span text, struct jm_span label, struct jm_buf *out, struct jm_err *err)
{
	char name[JM_LABEL_BYTES];
	bool known = false;
	size_t bad;

	if (text.len == 0)
		return 0;
	name_of(label, name);
	if (!is_set(name, JM_LABEL_ASCII) && convert(text, name, out, &known, &bad, err) != 0)
		return -1;
	return known ? 0 : add_guessed(text, out, err);
}

int jm_charset_fits(struct jm_span text, struct jm_span label, bool *fits_r, struct jm_err *err)
{
	char name[JM_LABEL_BYTES];
	struct jm_buf out;
	size_t bad = 0;
	int rc;

	name_of(label, name);
	if (is_set(name, JM_LABEL_ASCII)) {
		*fits_r = is_ascii(text);
		return 0;
	}
	jm_buf_init(&out, 4 * text.len + 64);
	rc = convert(text, name, &out, fits_r, &bad, err);
	*fits_r = *fits_r && bad == 0;
	jm_buf_release(&out);
	return rc;
}

/* Can text of a header be in this charset? Its ASCII must be ASCII. */
static int has_ascii(struct jm_span label, bool *has_r, struct jm_err *err)
{
	struct jm_span sample = jm_span_str("Az09 =?+-");
	char name[JM_LABEL_BYTES];
	struct jm_buf out;
	int rc;

	name_of(label, name);
	jm_buf_init(&out, 256);
	rc = jm_charset_replace(sample, label, &out, err);
	*has_r = form_of(name) < FORM_UTF7 && jm_span_eq(jm_buf_span(&out), sample);
	jm_buf_release(&out);
	return rc;
}

int jm_charset_raw(
    struct jm_span text, struct jm_span label, struct jm_buf *out, struct jm_err *err)
{
	size_t from = out->len, bad = 0;
	bool usable;

	if (is_ascii(text) && jm_iso2022_is(text)) {
		if (convert(text, JM_LABEL_2022, out, &usable, &bad, err) != 0)
			return -1;
		if (bad == 0)
			return 0;
		out->len = from;
	}
	if (jm_charset_is_utf8(text))
		return jm_buf_add_span(out, text, err);
	if (has_ascii(label, &usable, err) != 0)
		return -1;
	return jm_charset_decode(text, usable ? label : jm_span_of(NULL, 0), out, err);
}
