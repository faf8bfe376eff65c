/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A span: bytes that someone else owns. Mail is handled as spans throughout. NUL is a byte like any
 * other, and no str*() function is ever applied to a span. p == NULL means "none", which is not the
 * same as empty. Pure functions, any thread.
 */
#ifndef JM_BASE_SPAN_H
#define JM_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct jm_span {
	const unsigned char *p;
	size_t len;
};

/* A span over a NUL-terminated string, without the NUL; none for NULL. */
static inline struct jm_span jm_span_str(const char *s)
{
	return (struct jm_span){ (const unsigned char *)s, s ? strlen(s) : 0 };
}

/* A span over len bytes at p. */
static inline struct jm_span jm_span_of(const void *p, size_t len)
{
	return (struct jm_span){ p, len };
}

/* The part of s from offset off, at most len bytes; empty when off is past the end. */
static inline struct jm_span jm_span_sub(struct jm_span s, size_t off, size_t len)
{
	if (off > s.len)
		off = s.len;
	if (len > s.len - off)
		len = s.len - off;
	if (s.len > 0) /* NULL + 0 is undefined */
		s.p += off;
	return (struct jm_span){ s.p, len };
}

/* True when s is "none". */
static inline bool jm_span_none(struct jm_span s)
{
	return !s.p;
}

/* True when both have the same bytes; none equals empty. */
bool jm_span_eq(struct jm_span a, struct jm_span b);

/* True when both are equal but for the case of ASCII letters; no locale. */
bool jm_span_eq_nocase(struct jm_span a, struct jm_span b);

/* True when s begins with prefix, but for the case of ASCII letters. */
bool jm_span_starts_nocase(struct jm_span s, struct jm_span prefix);

/* s without SP and HTAB at both ends. */
struct jm_span jm_span_trim(struct jm_span s);

/* The offset of the first byte c in s; s.len when s does not have it. */
size_t jm_span_index(struct jm_span s, unsigned char c);

/* The offset of the last byte c in s; s.len when s does not have it. */
size_t jm_span_rindex(struct jm_span s, unsigned char c);

/* c in lower case when it is an ASCII letter, else c. */
static inline unsigned char jm_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

#endif
