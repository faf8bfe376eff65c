/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable byte buffer that is created with a cap. Reaching the cap is an error of kind
 * JM_E_LIMIT, never a bigger buffer. The bytes are always followed by a NUL that is not counted, so
 * that text may be handed to libc.
 */
#ifndef JM_BASE_BUF_H
#define JM_BASE_BUF_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_buf {
	unsigned char *p; /* owned; NULL while nothing was added */
	size_t len, cap;
	size_t max_bytes; /* len never exceeds it */
};

/* Make *b empty with the given cap. Nothing is allocated. */
void jm_buf_init(struct jm_buf *b, size_t max_bytes);

/* Free the bytes; *b is empty afterwards and may be used again. */
void jm_buf_release(struct jm_buf *b);

/* Forget the content, keep the memory. */
void jm_buf_reset(struct jm_buf *b);

/* Append n bytes. LIMIT past the cap, TEMP without memory; then nothing was appended. */
int jm_buf_add(struct jm_buf *b, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Append a span. */
int jm_buf_add_span(struct jm_buf *b, struct jm_span s, struct jm_err *err) JM_MUST_CHECK;

/* Append one byte. */
int jm_buf_add_byte(struct jm_buf *b, unsigned char c, struct jm_err *err) JM_MUST_CHECK;

/* Append formatted text. */
int jm_buf_printf(struct jm_buf *b, struct jm_err *err, const char *fmt, ...)
    JM_PRINTF(3, 4) JM_MUST_CHECK;

/* Make room for n more bytes, to be written at b->p + b->len by the caller, who then adds to
 * b->len. */
int jm_buf_reserve(struct jm_buf *b, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* The content as a span; valid until the next call that changes b. */
struct jm_span jm_buf_span(const struct jm_buf *b);

/* The content as a NUL-terminated string ("" when empty). */
const char *jm_buf_str(const struct jm_buf *b);

#endif
