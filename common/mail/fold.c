/* SPDX-License-Identifier: BSD-2-Clause */
/* Case folding and the comparisons of searches. See fold.h. */
#include "common/mail/fold.h"

#include <stdint.h>
#include <wctype.h>

#include "common/mail/field.h"

void jm_fold_init(struct jm_fold *f)
{
	f->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void jm_fold_release(struct jm_fold *f)
{
	if (f->locale)
		freelocale(f->locale);
	f->locale = (locale_t)0;
}

/* Decode the character of 2 to 4 octets at p. Returns its length, 0 when there is none. Overlong
 * forms do no harm here: they fold to the character that they encode. */
static size_t fold_decode(const unsigned char *p, size_t n, uint32_t *c_r)
{
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = p[0] & (0x7fu >> len);

	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	*c_r = c;
	return len;
}

static size_t fold_encode(uint32_t c, unsigned char out[4])
{
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xc0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xe0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (unsigned char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (unsigned char)(0xf0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (unsigned char)(0x80 | (c & 0x3f));
	return 4;
}

int jm_fold_text(
    const struct jm_fold *f, struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	unsigned char *to;
	uint32_t c = 0;

	jm_buf_reset(out);
	/* The lower case of a letter of two octets may have three. */
	if (text.len > SIZE_MAX / 2)
		return jm_err_set(err, JM_E_LIMIT, "text of %zu bytes is too long", text.len);
	if (jm_buf_reserve(out, text.len * 2, err) != 0)
		return -1;
	to = out->p;
	for (size_t i = 0; i < text.len;) {
		size_t len = text.p[i] < 0x80 || !f->locale
		    ? 0
		    : fold_decode(text.p + i, text.len - i, &c);

		if (len == 0) {
			*to++ = jm_lower(text.p[i++]);
			continue;
		}
		to += fold_encode((uint32_t)towlower_l((wint_t)c, f->locale), to);
		i += len;
	}
	out->len = (size_t)(to - out->p);
	out->p[out->len] = 0;
	return 0;
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

/* The number of octets of the first character of s; 1 for an octet that is not UTF-8. */
static size_t fold_step(struct jm_span s)
{
	uint32_t c;
	size_t n = s.p[0] < 0x80 ? 1 : fold_decode(s.p, s.len, &c);

	return n > 0 ? n : 1;
}

bool jm_fold_fits(struct jm_span name, struct jm_span pattern)
{
	size_t n = 0, p = 0;
	/* the last "*" in the pattern, and where its match ends in the name so far */
	size_t back_p = SIZE_MAX, back_n = 0;

	if (jm_span_index(pattern, '*') == pattern.len &&
	    jm_span_index(pattern, '?') == pattern.len)
		return fold_within(name, pattern);
	while (n < name.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			back_p = p++;
			back_n = n;
		} else if (p < pattern.len && pattern.p[p] == '?') {
			n += fold_step(jm_span_sub(name, n, name.len));
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
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}
