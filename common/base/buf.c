/* SPDX-License-Identifier: BSD-2-Clause */
/* Growable buffers with a cap. See buf.h. */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void jm_buf_init(struct jm_buf *b, size_t max_bytes)
{
	*b = (struct jm_buf){ .max_bytes = max_bytes };
}

void jm_buf_release(struct jm_buf *b)
{
	free(b->p);
	b->p = NULL;
	b->len = b->cap = 0;
}

void jm_buf_reset(struct jm_buf *b)
{
	b->len = 0;
	if (b->p)
		b->p[0] = 0;
}

int jm_buf_reserve(struct jm_buf *b, size_t n, struct jm_err *err)
{
	size_t cap = b->cap ? b->cap : 256;
	unsigned char *p;

	if (n > b->max_bytes || b->len > b->max_bytes - n)
		return jm_err_set(err, JM_E_LIMIT, "buffer of %zu bytes is full", b->max_bytes);
	if (b->p && b->cap - b->len > n)
		return 0;
	while (cap - b->len <= n) /* the NUL needs one more */
		cap = cap < 1024 * 1024 ? cap * 2 : cap + cap / 2;
	if (cap > b->max_bytes + 1)
		cap = b->max_bytes + 1;
	p = realloc(b->p, cap);
	if (!p)
		return jm_err_set(err, JM_E_TEMP, "out of memory for a buffer of %zu bytes", cap);
	b->p = p;
	b->cap = cap;
	return 0;
}

int jm_buf_add(struct jm_buf *b, const void *p, size_t n, struct jm_err *err)
{
	if (jm_buf_reserve(b, n, err) != 0)
		return -1;
	if (n)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = 0;
	return 0;
}

int jm_buf_add_span(struct jm_buf *b, struct jm_span s, struct jm_err *err)
{
	return jm_buf_add(b, s.p, s.len, err);
}

int jm_buf_add_byte(struct jm_buf *b, unsigned char c, struct jm_err *err)
{
	return jm_buf_add(b, &c, 1, err);
}

int jm_buf_printf(struct jm_buf *b, struct jm_err *err, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return jm_err_set(err, JM_E_BUG, "format \"%s\"", fmt);
	if (jm_buf_reserve(b, (size_t)n, err) != 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

struct jm_span jm_buf_span(const struct jm_buf *b)
{
	return (struct jm_span){ b->p ? b->p : (const unsigned char *)"", b->len };
}

const char *jm_buf_str(const struct jm_buf *b)
{
	return b->p ? (const char *)b->p : "";
}
