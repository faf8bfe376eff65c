/* SPDX-License-Identifier: BSD-2-Clause */
/* Match keys: which item would a report join? */
#ifndef JM_ARCHIVE_MATCH_H
#define JM_ARCHIVE_MATCH_H

#include "common/archive/archive.h"
#include "common/base/digest.h"

/* The item with a match key: 1 with *item_r, 0: there is none, -1: TEMP, CORRUPT. Any thread. */
int jm_archive_match_key(struct jm_archive *a, const unsigned char key[JM_SHA256_BYTES],
    uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

/* The item with the match key of report seq. -1 also when the report cannot be read (CORRUPT). */
int jm_archive_match(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

#endif
