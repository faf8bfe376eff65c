/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIME structure (RFC 2045 5.1, RFC 2046 5.1, rules R3 to R5): Content-Type with its parameters,
 * and the parts of a multipart. The content of parts is decoded by decode.h and charset.h. Pure
 * functions, any thread.
 */
#ifndef JM_MAIL_MIME_H
#define JM_MAIL_MIME_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_MIME_KIND_BYTES 80

struct jm_mime_type {
	char kind[JM_MIME_KIND_BYTES]; /* "multipart/mixed", lower case; "" when it does not fit */
	struct jm_buf text;            /* the value without comments; owned */
	struct jm_buf value;           /* with its comments; owned */
};

/* Make *t empty; call it once, before jm_mime_type_parse(). */
void jm_mime_type_init(struct jm_mime_type *t);

/* Free what *t owns. */
void jm_mime_type_release(struct jm_mime_type *t);

/* Parse an unfolded Content-Type value into *t, whose content is replaced. value none means that
 * there is no such field: text/plain. Returns 0, or -1 with err filled: LIMIT past
 * JM_FIELD_VALUE_BYTES, TEMP. */
int jm_mime_type_parse(
    struct jm_mime_type *t, struct jm_span value, struct jm_err *err) JM_MUST_CHECK;

/* Put a parameter whose value is a token or a quoted string into out, whose content is replaced;
 * param.h says how it is read. Returns 0, or -1 with err filled: LIMIT past the cap of out, TEMP.
 */
int jm_mime_type_param(const struct jm_mime_type *t, const char *name, struct jm_buf *out,
    bool *found_r, struct jm_err *err) JM_MUST_CHECK;

/* The same for the name of a file. charset: replaced by the charset that the parameter declares, or
 * by nothing. */
int jm_mime_type_name(const struct jm_mime_type *t, const char *name, struct jm_buf *out,
    struct jm_buf *charset, bool *found_r, struct jm_err *err) JM_MUST_CHECK;

/* Put the boundary, without the white space at its end, into out. *found_r is false when there is
 * no boundary, or an empty one. As jm_mime_type_param() otherwise. */
int jm_mime_type_boundary(const struct jm_mime_type *t, struct jm_buf *out, bool *found_r,
    struct jm_err *err) JM_MUST_CHECK;

/* True when kind begins with "multipart/". */
bool jm_mime_type_is_multipart(const struct jm_mime_type *t);

/* A walk through the parts of a multipart body. */
struct jm_multipart {
	struct jm_span body, boundary; /* borrowed */
	size_t pos;                    /* where the next line begins */
	bool open;                     /* a part begins at pos */
	bool closed;                   /* the closing delimiter or the end of the data was seen */
};

/* Begin a walk. body and boundary are borrowed until the walk is over; boundary is not empty. */
void jm_multipart_start(struct jm_multipart *m, struct jm_span body, struct jm_span boundary);

/* Get the next part, header and content, as a slice of body, without the line end that belongs to
 * the delimiter. Returns false after the last part. */
bool jm_multipart_next(struct jm_multipart *m, struct jm_span *part_r);

#endif
