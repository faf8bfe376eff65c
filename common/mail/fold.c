/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Folding by ICU, and the comparisons of searches. Most text is ASCII, which is folded here; ICU
 * gets each run of other characters, with the ASCII character before it, which a mark may join. See
 * fold.h.
 */
#include "common/mail/fold.h"

#include <pthread.h>
#include <stdint.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "common/mail/field.h"

/* The octets of "*" and "?" in a pattern of jm_fold_pattern(). They occur in no UTF-8. */
#define ANY 0xff
#define ONE 0xfe

#define RUN_UNITS 256 /* a longer run is cut */
#define GROWTH 18     /* times, at most: U+FDFA becomes 18 characters */
#define DOT_ABOVE 0x307
#define DOTLESS_I 0x131

enum fold_kind { FOLD_SEARCH, FOLD_LOWER };

/* A text while it is folded. */
struct folding {
	const UNormalizer2 *form;
	enum fold_kind kind;
	UChar run[RUN_UNITS];
	int32_t n;
	struct jm_buf *out;
	struct jm_err *err;
};

static int fold_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory to compare texts");
}

/* Make the letters i of Turkish one: no dot above an i, no dotless i. Returns the new length, or
 * the negative of it when text has changed: it may not be composed any more. */
static int32_t fold_i(UChar *text, int32_t n)
{
	int32_t to = 0;
	bool changed = false;

	for (int32_t at = 0; at < n; at++) {
		if (text[at] == DOT_ABOVE && to > 0 && text[to - 1] == 'i')
			continue;
		changed |= text[at] == DOTLESS_I;
		text[to++] = text[at] == DOTLESS_I ? 'i' : text[at];
	}
	return changed || to < n ? -to : n;
}

/* Bring f->run into its form, in text. Returns its length, or -1. */
static int32_t fold_form(struct folding *f, UChar text[RUN_UNITS * GROWTH])
{
	UErrorCode code = U_ZERO_ERROR;
	int32_t n = unorm2_normalize(f->form, f->run, f->n, text, RUN_UNITS * GROWTH, &code);

	if (U_SUCCESS(code) && f->kind == FOLD_SEARCH && (n = fold_i(text, n)) < 0) {
		UChar other[RUN_UNITS * GROWTH];

		u_memcpy(other, text, -n);
		n = unorm2_normalize(f->form, other, -n, text, RUN_UNITS * GROWTH, &code);
	}
	if (code == U_BUFFER_OVERFLOW_ERROR ||
	    (U_FAILURE(code) && code != U_MEMORY_ALLOCATION_ERROR))
		return jm_err_set(f->err, JM_E_BUG, "ICU: %s", u_errorName(code));
	return U_SUCCESS(code) ? n : fold_no_memory(f->err);
}

/* Fold the run and append it. */
static int fold_run(struct folding *f)
{
	UChar text[RUN_UNITS * GROWTH];
	int32_t n, at = 0, len;
	uint32_t c;

	if (f->n == 0)
		return 0;
	n = fold_form(f, text);
	f->n = 0;
	if (n < 0 || jm_buf_reserve(f->out, (size_t)n * 3, f->err) != 0)
		return -1;
	while (at < n) {
		c = text[at++];
		if (U16_IS_LEAD(c) && at < n)
			c = (uint32_t)U16_GET_SUPPLEMENTARY(c, text[at++]);
		if (f->kind == FOLD_LOWER)
			c = (uint32_t)u_foldCase((UChar32)c, U_FOLD_CASE_DEFAULT);
		len = 0;
		U8_APPEND_UNSAFE(f->out->p + f->out->len, len, c);
		f->out->len += (size_t)len;
	}
	f->out->p[f->out->len] = 0;
	return 0;
}

/* Take the run of other characters at text.p + at, and the ASCII character before them. Returns
 * where it ends; 0 with f->err. */
static size_t fold_other(struct folding *f, struct jm_span text, size_t at)
{
	const uint8_t *s = text.p;
	size_t next = at;
	UChar32 c;

	do {
		U8_NEXT(s, next, text.len, c);
		if (c < 0) { /* no UTF-8: the octets as they are */
			if (fold_run(f) != 0 || jm_buf_add(f->out, s + at, next - at, f->err) != 0)
				return 0;
		} else {
			/* Cut a long run where nothing joins, or else anywhere. */
			if (f->n > RUN_UNITS - 2 ||
			    (f->n > RUN_UNITS / 2 && unorm2_hasBoundaryBefore(f->form, c)))
				if (fold_run(f) != 0)
					return 0;
			U16_APPEND_UNSAFE(f->run, f->n, c);
		}
		at = next;
	} while (at < text.len && s[at] >= 0x80);
	return fold_run(f) == 0 ? at : 0;
}

/* The folded form of the letters of common scripts that have one letter as their form, so that ICU
 * need not be asked each time; 0 for others. */
static uint16_t simple[0x600];
static pthread_once_t simple_once = PTHREAD_ONCE_INIT;

static void find_simple(void)
{
	UErrorCode code = U_ZERO_ERROR;
	const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&code);
	UChar to[GROWTH];

	for (UChar c = 0x80; U_SUCCESS(code) && c < sizeof simple / sizeof simple[0]; c++) {
		int32_t n = unorm2_normalize(form, &c, 1, to, GROWTH, &code);

		if (U_SUCCESS(code) && n == 1 && unorm2_hasBoundaryBefore(form, c) &&
		    u_getCombiningClass(to[0]) == 0)
			simple[c] = to[0] == DOTLESS_I ? 'i' : to[0];
	}
}

/* The simple form of the character of two octets at text.p + at; 0: there is no simple one. */
static uint16_t simple_at(struct jm_span text, size_t at)
{
	const unsigned char *p = text.p + at;

	if (at + 1 >= text.len || p[0] < 0xc2 || p[0] >= 0xd8 || (p[1] & 0xc0) != 0x80)
		return 0;
	return simple[(p[0] & 0x1f) << 6 | (p[1] & 0x3f)];
}

/* Append the character at text.p + at if it is simple and the next one does not join it. */
static bool add_simple(struct folding *f, struct jm_span text, size_t at)
{
	uint16_t c = simple_at(text, at);

	if (c == 0 || (at + 2 < text.len && text.p[at + 2] >= 0x80 && simple_at(text, at + 2) == 0))
		return false;
	U8_APPEND_UNSAFE(f->out->p, f->out->len, (uint32_t)c);
	return true;
}

/* Append the ASCII characters that text begins with. Returns their number. */
static size_t add_ascii(struct jm_span text, struct jm_buf *out)
{
	unsigned char *to = out->p + out->len;
	size_t n = 0;

	for (; n < text.len && text.p[n] < 0x80; n++)
		to[n] = jm_lower(text.p[n]);
	out->len += n;
	return n;
}

/* Append text, folded. */
static int fold_add(
    enum fold_kind kind, struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	struct folding f;
	UErrorCode code = U_ZERO_ERROR;
	size_t at = 0;

	f.kind = kind;
	f.out = out;
	f.err = err;
	f.n = 0;
	f.form = NULL;
	if (text.len > INT32_MAX)
		return jm_err_set(err, JM_E_LIMIT, "text of %zu bytes is too long", text.len);
	if (kind == FOLD_SEARCH)
		pthread_once(&simple_once, find_simple);
	/* A letter of two octets may become one of three. */
	if (jm_buf_reserve(out, text.len + text.len / 2, err) != 0)
		return -1;
	while (at < text.len) {
		at += add_ascii(jm_span_sub(text, at, text.len), out);
		if (at == text.len)
			break;
		if (kind == FOLD_SEARCH && add_simple(&f, text, at)) {
			at += 2;
			continue;
		}
		if (at > 0 && text.p[at - 1] < 0x80) {
			f.run[f.n++] = text.p[at - 1];
			out->len--;
		}
		if (!f.form)
			f.form = kind == FOLD_SEARCH ? unorm2_getNFKCCasefoldInstance(&code)
						     : unorm2_getNFCInstance(&code);
		if (U_FAILURE(code))
			return fold_no_memory(err);
		at = fold_other(&f, text, at);
		if (at == 0 || jm_buf_reserve(out, (text.len - at) * 3 / 2, err) != 0)
			return -1;
	}
	out->p[out->len] = 0;
	return 0;
}

int jm_fold_text(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	jm_buf_reset(out);
	return fold_add(FOLD_SEARCH, text, out, err);
}

int jm_fold_lower(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	return fold_add(FOLD_LOWER, text, out, err);
}

int jm_fold_pattern(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	size_t from = 0;
	int rc = 0;

	jm_buf_reset(out);
	for (size_t i = 0; rc == 0 && i <= text.len; i++) {
		if (i < text.len && text.p[i] != '*' && text.p[i] != '?')
			continue;
		rc = fold_add(FOLD_SEARCH, jm_span_sub(text, from, i - from), out, err);
		if (rc == 0 && i < text.len)
			rc = jm_buf_add_byte(out, text.p[i] == '*' ? ANY : ONE, err);
		from = i + 1;
	}
	return rc;
}

static bool joins(UChar32 c)
{
	return c >= 0x300 &&
	    (u_hasBinaryProperty(c, UCHAR_GRAPHEME_EXTEND) ||
		u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER));
}

bool jm_fold_has_marks(struct jm_span text)
{
	UChar32 c;

	for (size_t at = 0; at < text.len;) {
		U8_NEXT(text.p, at, text.len, c);
		if (joins(c))
			return true;
	}
	return false;
}

static bool fold_within(struct jm_span text, struct jm_span piece)
{
	return piece.len == 0 ||
	    (text.len >= piece.len && memmem(text.p, text.len, piece.p, piece.len));
}

bool jm_fold_has_words(struct jm_span text, struct jm_span words)
{
	size_t at = 0, from;

	while (at < words.len) {
		while (at < words.len && jm_field_is_space(words.p[at]))
			at++;
		for (from = at; at < words.len && !jm_field_is_space(words.p[at]);)
			at++;
		if (!fold_within(text, jm_span_sub(words, from, at - from)))
			return false;
	}
	return true;
}

/* The end of the character at s.p + at, with the marks that join it; an octet that is not UTF-8 is
 * a character. */
static size_t fold_step(struct jm_span s, size_t at)
{
	size_t next = at + 1;
	UChar32 c;

	if (s.p[at] >= 0x80) {
		next = at;
		U8_NEXT(s.p, next, s.len, c);
		if (c < 0)
			return at + 1;
	}
	for (at = next; at < s.len && s.p[at] >= 0x80; at = next) {
		U8_NEXT(s.p, next, s.len, c);
		if (!joins(c))
			break;
	}
	return at;
}

bool jm_fold_fits(struct jm_span name, struct jm_span pattern)
{
	size_t n = 0, p = 0;
	/* the last "*" in the pattern, and where its match ends in the name so far */
	size_t back_p = SIZE_MAX, back_n = 0;

	if (jm_span_index(pattern, ANY) == pattern.len &&
	    jm_span_index(pattern, ONE) == pattern.len)
		return fold_within(name, pattern);
	while (n < name.len) {
		if (p < pattern.len && pattern.p[p] == ANY) {
			back_p = p++;
			back_n = n;
		} else if (p < pattern.len && pattern.p[p] == ONE) {
			n = fold_step(name, n);
			p++;
		} else if (p < pattern.len && pattern.p[p] == name.p[n]) {
			n++;
			p++;
		} else if (back_p != SIZE_MAX) {
			p = back_p + 1;
			n = ++back_n;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == ANY)
		p++;
	return p == pattern.len;
}
