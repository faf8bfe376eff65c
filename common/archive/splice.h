/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a deposit is stored already? */
#ifndef JM_ARCHIVE_SPLICE_H
#define JM_ARCHIVE_SPLICE_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"

/* Is all that was received stored already, or else the raw content (a slice of received; none: do
 * not look)? Fills *s_r (holder 0: no), after reading the stored bytes and comparing each. TEMP.
 * Any thread that has claimed the digests. */
int jm_splice_find(struct jm_archive *a, const struct jm_digests *s, struct jm_span received,
    struct jm_span raw, struct jm_splice *s_r, struct jm_err *err) JM_MUST_CHECK;

#endif
