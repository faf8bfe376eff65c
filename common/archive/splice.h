/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding bytes of a deposit that are stored already. */
#ifndef JM_ARCHIVE_SPLICE_H
#define JM_ARCHIVE_SPLICE_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"

/* Find a stored copy of all received bytes, or else of raw, a slice of them (none: it is not looked
 * for). *s_r: the copy, after all its bytes were read back and compared; holder 0: there is no
 * copy. TEMP, CORRUPT. Any thread that has claimed the digests in s. */
int jm_splice_find(struct jm_archive *a, const struct jm_digests *s, struct jm_span received,
    struct jm_span raw, struct jm_splice *s_r, struct jm_err *err) JM_MUST_CHECK;

/* Find an archived report with the bytes, the transport and the service of d. 1 with *seq_r, after
 * its bytes were read back and compared; 0: no readable report has them; -1: TEMP, CORRUPT. Any
 * thread that has claimed the digests in s. */
int jm_splice_earlier(struct jm_archive *a, const struct jm_digests *s, const struct jm_deposit *d,
    uint64_t *seq_r, struct jm_err *err) JM_MUST_CHECK;

#endif
