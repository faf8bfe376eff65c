/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable byte buffer with a cap. Reaching the cap is an error (LIMIT), never a larger buffer.
 * Once something was added, the bytes are followed by a NUL that is not counted, so that text may
 * be passed to libc. One thread at a time for one buffer.
 */
#ifndef JM_BASE_BUF_H
#define JM_BASE_BUF_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_buf {
	unsigned char *p; /* owned; NULL while nothing was added */
	size_t len, cap;  /* bytes in use; bytes allocated */
	size_t max_bytes; /* cap on len */
};

/* Make *b empty, with a cap of max_bytes. Nothing is allocated. */
void jm_buf_init(struct jm_buf *b, size_t max_bytes);

/* Free the bytes; *b is empty and may be used again. */
void jm_buf_release(struct jm_buf *b);

/* Drop the content but keep the memory. */
void jm_buf_reset(struct jm_buf *b);

/* Append n bytes from p. Returns 0, or -1 with err filled and nothing appended: LIMIT past the cap,
 * TEMP without memory. */
int jm_buf_add(struct jm_buf *b, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Append a span; otherwise like jm_buf_add(). */
int jm_buf_add_span(struct jm_buf *b, struct jm_span s, struct jm_err *err) JM_MUST_CHECK;

/* Append one byte; otherwise like jm_buf_add(). */
int jm_buf_add_byte(struct jm_buf *b, unsigned char c, struct jm_err *err) JM_MUST_CHECK;

/* Append formatted text (printf(3)); otherwise like jm_buf_add(). BUG for a format that libc
 * refuses. */
int jm_buf_printf(struct jm_buf *b, struct jm_err *err, const char *fmt, ...)
    JM_PRINTF(3, 4) JM_MUST_CHECK;

/* Make room for n more bytes and a NUL at b->p + b->len. The caller writes them and adds to b->len.
 * Returns 0, or -1 with err filled (LIMIT, TEMP). */
int jm_buf_reserve(struct jm_buf *b, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* The content as a span, never "none"; valid until the next call that changes b. */
struct jm_span jm_buf_span(const struct jm_buf *b);

/* The content as a string with a NUL, "" when empty; valid until the next call that changes b. */
const char *jm_buf_str(const struct jm_buf *b);

#endif
