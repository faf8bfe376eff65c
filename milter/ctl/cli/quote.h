/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in commands that people paste into a shell. Pure. */
#ifndef JM_MILTER_CTL_CLI_QUOTE_H
#define JM_MILTER_CTL_CLI_QUOTE_H

#include "common/base/buf.h"

/* Append a word, quoted for a shell where it has to be. Control characters are written as escapes
 * ($'\x1b', for bash). LIMIT, TEMP. */
int jm_ctl_quote(struct jm_buf *b, const char *word, struct jm_err *err) JM_MUST_CHECK;

#endif
