/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header fields (RFC 5322 2.2, rule R1): walking a header block, finding a field, unfolding and
 * uncommenting a value.
 *
 * Only LF ends a line; a CR right before it belongs to the line end. What a field means lives
 * elsewhere (mime, address, date).
 */
#ifndef JM_MAIL_FIELD_H
#define JM_MAIL_FIELD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

#define JM_FIELD_VALUE_BYTES \
	(1024u * 1024u) /* what callers give their buffers for one value, unless they need more */

struct jm_field {
	struct jm_span name;  /* none for a line that is no field (mbox "From ") */
	struct jm_span value; /* between the colon and the last line end; folds still in it */
	struct jm_span all;   /* with all continuation lines and line ends */
};

/* A walk through the header block at the top of data. */
struct jm_fields {
	struct jm_span data; /* borrowed */
	size_t pos;          /* once the walk has ended: where the body begins */
	bool complete;       /* an empty line ended the block (not the end of the data) */
};

/* Begin a walk at the top of data (borrowed until the walk is over). */
void jm_fields_start(struct jm_fields *w, struct jm_span data);

/* The next field or other line, in order. False at the end of the block; then w->pos and
 * w->complete tell the rest. */
bool jm_fields_next(struct jm_fields *w, struct jm_field *f_r);

/* The first field of that name (ASCII case ignored) in the header block at the top of data. */
bool jm_field_find(struct jm_span data, const char *name, struct jm_field *f_r);

/*
 * A value without its line ends and without white space at both ends. *value_r points into the
 * message when there is no fold, else into fold, whose content is replaced. LIMIT past fold's cap,
 * TEMP.
 */
int jm_field_unfold(struct jm_span value, struct jm_buf *fold, struct jm_span *value_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Append an unfolded value to out without its comments (RFC 5322 3.2.2: nested, backslash pairs;
 * none in quoted strings). An unclosed comment swallows the rest. LIMIT, TEMP. */
int jm_field_uncomment(struct jm_span value, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* SP, HTAB and the other white space of ASCII: what may stand around tokens in careless mail. */
static inline bool jm_field_is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* s without such white space at both ends. */
struct jm_span jm_field_strip(struct jm_span s);

#endif
