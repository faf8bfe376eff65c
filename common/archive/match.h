/* SPDX-License-Identifier: BSD-2-Clause */
/* Match keys: finding the item that a report would join. Any thread. */
#ifndef JM_ARCHIVE_MATCH_H
#define JM_ARCHIVE_MATCH_H

#include "common/archive/archive.h"
#include "common/base/digest.h"

/* Find the item with a match key. 1 with *item_r; 0: there is no such item; -1: TEMP, CORRUPT. */
int jm_archive_match_key(struct jm_archive *a, const unsigned char key[JM_SHA256_BYTES],
    uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

/* Find the item with the match key of report seq, after all durable records are applied. 1 with
 * *item_r; 0: there is no such item; -1: TEMP, CORRUPT (also when the report cannot be read). */
int jm_archive_match(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

#endif
