/* SPDX-License-Identifier: BSD-2-Clause */
/* Quoting the lines of messages for an mbox file (mboxrd). mbox.h reads these files. Pure. Any
 * thread. */
#ifndef JM_MILTER_CTL_FILES_MBOX_QUOTE_H
#define JM_MILTER_CTL_FILES_MBOX_QUOTE_H

#include <stdbool.h>

#include "common/base/buf.h"

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
