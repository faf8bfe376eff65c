/* SPDX-License-Identifier: BSD-2-Clause */
/* The removal of journal headers (rule R14) as a list of cuts; the bytes never change. */
#ifndef JM_JOURNAL_STRIP_H
#define JM_JOURNAL_STRIP_H

#include "common/journal/unwrap.h"

#define JM_STRIP_CUTS 262144u /* cap on the cuts; further fields stay in the message */

/* Set cuts (in arena), cuts_n and size_bytes of *content from its raw bytes; without remove there
 * are no cuts. *limited_r is true when there are more fields than JM_STRIP_CUTS or than arena has
 * room for. Returns 0, or -1 with err filled (TEMP). */
int jm_strip(struct jm_content *content, bool remove, struct jm_arena *arena, bool *limited_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
