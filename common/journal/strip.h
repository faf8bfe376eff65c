/* SPDX-License-Identifier: BSD-2-Clause */
/* The removal of journal headers (rule R14), as a list of cuts. The bytes themselves are never
 * changed. */
#ifndef JM_JOURNAL_STRIP_H
#define JM_JOURNAL_STRIP_H

#include "common/journal/unwrap.h"

#define JM_STRIP_CUTS 262144u /* past it, fields stay: a limit */

/* Fill content->cuts (in arena) and size_bytes from content->raw; remove false: no cuts.
 * *limited_r: there were more fields than JM_STRIP_CUTS or than the arena holds. TEMP. */
int jm_strip(struct jm_content *content, bool remove, struct jm_arena *arena, bool *limited_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
