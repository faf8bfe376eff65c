/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding UTF-8, and the characters that are escaped. See visible.h. */
#include "common/base/visible.h"

#include <stdbool.h>
#include <stdio.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Controls, and what a reader cannot see: from, to. */
static const uint32_t hidden[][2] = {
	{ 0x0, 0x1f },
	{ 0x7f, 0x9f },
	{ 0xad, 0xad },     /* soft hyphen */
	{ 0x34f, 0x34f },   /* grapheme joiner */
	{ 0x61c, 0x61c },   /* Arabic letter mark */
	{ 0x115f, 0x1160 }, /* Hangul fillers */
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f }, /* no width; marks of direction */
	{ 0x2028, 0x202e }, /* separators; embeddings and overrides of direction */
	{ 0x2060, 0x206f }, /* isolates of direction among them */
	{ 0x3164, 0x3164 },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffc },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

/*
 * Decode one UTF-8 character (RFC 3629): its value in *c_r, its length as the return; 0 when p does
 * not begin with a well-formed one.
 */
static size_t visible_decode(const unsigned char *p, size_t n, uint32_t *c_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, i;
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*c_r = c;
	return len;
}

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < N(hidden); i++)
		if (c >= hidden[i][0] && c <= hidden[i][1])
			return true;
	return false;
}

uint32_t jm_visible_next(struct jm_span *s, char out[JM_VISIBLE_BYTES])
{
	uint32_t c = 0;
	size_t len = visible_decode(s->p, s->len, &c);

	if (len == 0) {
		snprintf(out, JM_VISIBLE_BYTES, "\\x%02x", s->p[0]);
		*s = jm_span_sub(*s, 1, s->len);
		return 0;
	}
	if (!is_hidden(c)) {
		memcpy(out, s->p, len);
		out[len] = '\0';
	} else if (c == '\t' || c == '\n' || c == '\r') {
		snprintf(out, JM_VISIBLE_BYTES, "\\%c", c == '\t' ? 't' : c == '\n' ? 'n' : 'r');
		c = 0;
	} else {
		snprintf(out, JM_VISIBLE_BYTES, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
		c = 0;
	}
	*s = jm_span_sub(*s, len, s->len);
	return c;
}
