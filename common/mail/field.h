/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Header fields (RFC 5322 2.2, rule R1): walking a header block, finding a field, unfolding a value
 * and removing its comments.
 *
 * Only LF ends a line; a CR directly before it belongs to the line end. The meaning of fields is
 * known elsewhere (mime.h, address.h, date.h, word.h). Pure functions, any thread.
 */
#ifndef JM_MAIL_FIELD_H
#define JM_MAIL_FIELD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* The usual cap of a caller's buffer for one value. */
#define JM_FIELD_VALUE_BYTES (1024u * 1024u)

/* One field, as slices of the data that is walked. */
struct jm_field {
	struct jm_span name;  /* none for a line that is not a field (mbox "From ") */
	struct jm_span value; /* from the colon to the last line end, with its folds; none, too */
	struct jm_span all;   /* with all continuation lines and line ends */
};

/* A walk through the header block at the top of data. */
struct jm_fields {
	struct jm_span data; /* borrowed */
	size_t pos;          /* once the walk has ended: where the body begins */
	bool complete;       /* the block ended with an empty line, not with the data */
};

/* Begin a walk at the top of data, which is borrowed until the walk is over. */
void jm_fields_start(struct jm_fields *w, struct jm_span data);

/* Get the next field or other line, in order. Returns false at the end of the block; then w->pos
 * and w->complete are set. */
bool jm_fields_next(struct jm_fields *w, struct jm_field *f_r);

/* Find the first field with this name (ASCII case ignored) in the header block at the top of data.
 * Returns false when there is no such field; then *f_r has no meaning. */
bool jm_field_find(struct jm_span data, const char *name, struct jm_field *f_r);

/*
 * Remove the line ends in value, and white space at both ends. *value_r is a slice of value when
 * there is no fold, else the content of fold, which is replaced. Returns 0, or -1 with err filled:
 * LIMIT past the cap of fold, TEMP.
 */
int jm_field_unfold(struct jm_span value, struct jm_buf *fold, struct jm_span *value_r,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * Append an unfolded value to out without its comments (RFC 5322 3.2.2: nested, with backslash
 * pairs; not in quoted strings). A parenthesis that is never closed begins no comment. Returns 0,
 * or -1 with err filled: LIMIT past the cap of out, TEMP.
 */
int jm_field_uncomment(struct jm_span value, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* True for SP, HTAB and the other white space of ASCII, which careless mail has around tokens. */
static inline bool jm_field_is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The offset of the first octet at or after k that is no such white space. */
static inline size_t jm_field_skip_space(struct jm_span s, size_t k)
{
	while (k < s.len && jm_field_is_space(s.p[k]))
		k++;
	return k;
}

/* The offset after the comment whose "(" is at k, with those inside it; 0: it is never closed. */
size_t jm_field_comment_end(struct jm_span s, size_t k);

/* s without this white space at both ends. */
struct jm_span jm_field_strip(struct jm_span s);

#endif
