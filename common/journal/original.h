/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The octets that a subject was decoded from. They are kept with the metadata when the subject is
 * in another charset than UTF-8 and ASCII, or is damaged, so that a later version can decode them
 * better. Pure functions, any thread.
 */
#ifndef JM_JOURNAL_ORIGINAL_H
#define JM_JOURNAL_ORIGINAL_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/buf.h"

#define JM_ORIGINAL_BYTES 4096 /* of longer subjects nothing is kept */

struct jm_original {
	struct jm_span octets;  /* none: the subject is as it was written */
	struct jm_span charset; /* of the report text or the message; empty when none is declared */
	bool header;            /* from a header field: octets may have encoded words */
};

/* Keep a copy of octets and charset in *o, if octets may be decoded differently some day; else *o
 * stays as it is. Returns 0, or -1 with err filled (LIMIT, TEMP). */
int jm_original_keep(struct jm_original *o, const struct jm_original *from, struct jm_arena *arena,
    struct jm_err *err) JM_MUST_CHECK;

/* The value of the first Subject line of a report text (rule R8) in its own charset; none when
 * there is no such line, as in UTF-16. */
struct jm_span jm_original_line(struct jm_span text);

/* Append the subject, decoded, to out. Returns 0, or -1 with err filled: LIMIT past the cap of out,
 * TEMP. */
int jm_original_decode(
    const struct jm_original *o, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
