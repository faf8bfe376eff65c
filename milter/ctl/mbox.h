/* SPDX-License-Identifier: BSD-2-Clause */
/* mbox files: where messages begin and end, and what their quoting hides. Pure; knows no archive. */
#ifndef JM_MILTER_CTL_MBOX_H
#define JM_MILTER_CTL_MBOX_H

#include "common/base/buf.h"

enum jm_mbox_quoting {
	JM_MBOX_RD,			/* lines of any number of ">" and "From " lose one ">" */
	JM_MBOX_O,			/* ">From " loses its ">" */
	JM_MBOX_NONE,			/* nothing is changed */
};

/* True when the bytes begin as an mbox does. */
bool jm_mbox_is(struct jm_span all);

/*
 * The message behind *at (0: the first) into message, which is replaced; *at moves behind it. 1, 0 at the end, -1: LIMIT, TEMP. The From_ line and
 * the empty line before the next one are no part of it; all else is exact but for the quoting.
 */
int jm_mbox_next(struct jm_span all, size_t *at, enum jm_mbox_quoting quoting, struct jm_buf *message, struct jm_err *err) JM_MUST_CHECK;

#endif
