/* SPDX-License-Identifier: BSD-2-Clause */
/* mbox files: where messages begin and end, their quoting, undone and done. Pure; knows no archive.
 */
#ifndef JM_MILTER_CTL_FILES_MBOX_H
#define JM_MILTER_CTL_FILES_MBOX_H

#include "common/base/buf.h"

enum jm_mbox_quoting {
	JM_MBOX_RD,   /* lines of any number of ">" and "From " lose one ">" */
	JM_MBOX_O,    /* ">From " loses its ">" */
	JM_MBOX_NONE, /* nothing is changed */
};

/* True when the bytes begin as an mbox does. */
bool jm_mbox_is(struct jm_span all);

/*
 * The message behind *at (0: the first) into message, which is replaced; *at moves behind it. 1, 0
 * at the end, -1: LIMIT, TEMP. The From_ line and the empty line before the next one are no part of
 * it; all else is exact but for the quoting.
 */
int jm_mbox_next(struct jm_span all, size_t *at, enum jm_mbox_quoting quoting,
    struct jm_buf *message, struct jm_err *err) JM_MUST_CHECK;

/* Quoting (mboxrd): lines of any number of ">" and "From " get one more ">". All zeros but line:
 * the start of a message. */
struct jm_mbox_quoter {
	bool line;     /* nothing but ">" in this line until now */
	unsigned held; /* octets of "From " that were seen and not passed on yet */
};

void jm_mbox_quoter_start(struct jm_mbox_quoter *q);
/* Append a piece of the message, quoted, to out. LIMIT, TEMP. */
int jm_mbox_quote(struct jm_mbox_quoter *q, struct jm_span piece, struct jm_buf *out,
    struct jm_err *err) JM_MUST_CHECK;
/* Append what was held back at its end. */
int jm_mbox_quote_end(
    struct jm_mbox_quoter *q, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
