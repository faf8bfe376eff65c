/* SPDX-License-Identifier: BSD-2-Clause */
/* mbox files: finding the messages in one, and quoting their lines, both ways. Pure. Any thread. */
#ifndef JM_MILTER_CTL_FILES_MBOX_H
#define JM_MILTER_CTL_FILES_MBOX_H

#include "common/base/buf.h"

enum jm_mbox_quoting {
	JM_MBOX_RD,   /* lines that have "From " after any number of ">" lose one ">" */
	JM_MBOX_O,    /* ">From " loses its ">" */
	JM_MBOX_NONE, /* nothing is changed */
};

/* True when the bytes begin like an mbox file. */
bool jm_mbox_is(struct jm_span all);

/*
 * Read the message at *at (0: the first) into message, whose content is replaced, and move *at
 * after it. The From_ line and the empty line before the next one are not part of the message; all
 * else is exact but for the quoting. 1 with a message, 0 at the end, -1: LIMIT, TEMP.
 */
int jm_mbox_next(struct jm_span all, size_t *at, enum jm_mbox_quoting quoting,
    struct jm_buf *message, struct jm_err *err) JM_MUST_CHECK;

/*
 * A message that is being quoted (mboxrd), piece by piece. Each line that has "From " after any
 * number of ">" get one more ">".
 */
struct jm_mbox_quoter {
	bool line;     /* this line has only ">" so far */
	unsigned held; /* octets of "From " that were read and not written yet */
};

/* Begin a message. */
void jm_mbox_quoter_start(struct jm_mbox_quoter *q);

/* Append a piece of the message, quoted, to out. 0, or -1: LIMIT, TEMP. */
int jm_mbox_quote(struct jm_mbox_quoter *q, struct jm_span piece, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;

/* End the message: append the octets that were held back. 0, or -1: LIMIT, TEMP. */
int jm_mbox_quote_end(
    struct jm_mbox_quoter *q, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
