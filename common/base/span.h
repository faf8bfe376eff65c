/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A span: bytes that belong to someone else. Mail is handled as spans throughout; NUL is a byte
 * like any other, and no str*() function ever touches one. p == NULL means "none" (not the same as
 * empty).
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

/* A span over a NUL-terminated string (without the NUL); for literals and settings. */
static inline struct jm_span jm_span_str(const char *s)
{
	return (struct jm_span){ (const unsigned char *)s, s ? strlen(s) : 0 };
}

static inline struct jm_span jm_span_of(const void *p, size_t len)
{
	return (struct jm_span){ p, len };
}

/* The part of s from offset off, at most len bytes; an offset past the end gives an empty span. */
static inline struct jm_span jm_span_sub(struct jm_span s, size_t off, size_t len)
{
	if (off > s.len)
		off = s.len;
	if (len > s.len - off)
		len = s.len - off;
	return (struct jm_span){ s.p ? s.p + off : NULL, len };
}

static inline bool jm_span_none(struct jm_span s)
{
	return !s.p;
}

/* Byte equality. */
bool jm_span_eq(struct jm_span a, struct jm_span b);

/* Equality without regard to the case of the ASCII letters; no locale. */
bool jm_span_eq_nocase(struct jm_span a, struct jm_span b);

/* True when s begins with prefix, ASCII case ignored. */
bool jm_span_starts_nocase(struct jm_span s, struct jm_span prefix);

/* s without SP and HTAB at both ends. */
struct jm_span jm_span_trim(struct jm_span s);

/* Offset of byte c in s, or s.len when it is not there. */
size_t jm_span_index(struct jm_span s, unsigned char c);

/* Offset of the last byte c in s, or s.len when it is not there. */
size_t jm_span_rindex(struct jm_span s, unsigned char c);

/* ASCII lower case of one byte. */
static inline unsigned char jm_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

#endif
