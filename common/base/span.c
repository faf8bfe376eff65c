/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing, trimming and searching spans. See span.h. */
#include "common/base/span.h"

bool jm_span_eq(struct jm_span a, struct jm_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool jm_span_eq_nocase(struct jm_span a, struct jm_span b)
{
	return a.len == b.len && jm_span_starts_nocase(a, b);
}

bool jm_span_starts_nocase(struct jm_span s, struct jm_span prefix)
{
	size_t i;

	if (s.len < prefix.len)
		return false;
	for (i = 0; i < prefix.len; i++)
		if (jm_lower(s.p[i]) != jm_lower(prefix.p[i]))
			return false;
	return true;
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

struct jm_span jm_span_trim(struct jm_span s)
{
	while (s.len && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

size_t jm_span_index(struct jm_span s, unsigned char c)
{
	const unsigned char *at = s.len ? memchr(s.p, c, s.len) : NULL;

	return at ? (size_t)(at - s.p) : s.len;
}

size_t jm_span_rindex(struct jm_span s, unsigned char c)
{
	const unsigned char *at = s.len ? memrchr(s.p, c, s.len) : NULL;

	return at ? (size_t)(at - s.p) : s.len;
}
