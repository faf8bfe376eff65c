/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIME structure (RFC 2045 5.1, RFC 2046 5.1; rules R3 to R5): Content-Type and its parameters, the
 * parts of a multipart. Decoding of what is in a part lives in decode.h and charset.h.
 */
#ifndef JM_MAIL_MIME_H
#define JM_MAIL_MIME_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_MIME_KIND_BYTES 80

struct jm_mime_type {
	char kind[JM_MIME_KIND_BYTES]; /* "multipart/mixed", lower case; "" when longer than fits */
	struct jm_buf text;            /* the value without comments; owned */
};

/* Make *t empty; call once, before jm_mime_type_parse(). */
void jm_mime_type_init(struct jm_mime_type *t);

/* Free what t owns. */
void jm_mime_type_release(struct jm_mime_type *t);

/* Take an unfolded Content-Type value apart. value none: there is no such field, which means
 * text/plain. t may be used again and again. LIMIT past JM_FIELD_VALUE_BYTES, TEMP. */
int jm_mime_type_parse(
    struct jm_mime_type *t, struct jm_span value, struct jm_err *err) JM_MUST_CHECK;

/*
 * The first parameter of that name (ASCII case ignored), its quotes and backslash pairs undone,
 * into out (content replaced). Nothing or an unclosed quoted string gives an empty value. False in
 * *found_r when there is none. LIMIT, TEMP.
 */
int jm_mime_type_param(const struct jm_mime_type *t, const char *name, struct jm_buf *out,
    bool *found_r, struct jm_err *err) JM_MUST_CHECK;

/* True when kind begins with "multipart/". */
bool jm_mime_type_is_multipart(const struct jm_mime_type *t);

/* A walk through the parts of a multipart body. */
struct jm_multipart {
	struct jm_span body, boundary; /* borrowed */
	size_t pos;                    /* where the next line begins */
	bool open;                     /* a part begins at pos */
	bool closed;                   /* the closing delimiter was seen, or the end of the data */
};

/* Begin a walk; boundary must not be empty. */
void jm_multipart_start(struct jm_multipart *m, struct jm_span body, struct jm_span boundary);

/* The next part, header and content, as a slice of body; without the line end that belongs to the
 * delimiter. False after the last. */
bool jm_multipart_next(struct jm_multipart *m, struct jm_span *part_r);

#endif
