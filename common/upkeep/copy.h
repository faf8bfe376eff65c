/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volumes' bytes for a backup, beside deposits: what is acknowledged now and not in the copy
 * yet. Volumes only grow and a sealed one never changes, so a copy of their valid parts is always
 * the archive as it was at some moment. receive.h is the other end.
 */
#ifndef JM_UPKEEP_COPY_H
#define JM_UPKEEP_COPY_H

#include "common/archive/archive.h"

/*
 * The bytes after a tip (see common/archive/tip.h) that an earlier call's copy has; NULL: none.
 * on_object gets {copy: "volume", volume, offset, bytes} before the bytes of each, at the end
 * {copy: "end", uuid, seq}; sink gets the bytes; both share ctx. USAGE: the copy is not from this
 * archive's past. CORRUPT: the archive is damaged; TEMP; or a visitor's error. Any thread.
 */
int jm_archive_copy(struct jm_archive *a, const json_t *tip, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
