/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying the volumes' bytes for a backup, while deposits continue: all acknowledged bytes that the
 * copy does not have yet. Volumes only grow, and a sealed volume never changes, so a copy of their
 * valid parts is always an earlier state of the archive. receive.h is the other end.
 */
#ifndef JM_UPKEEP_COPY_H
#define JM_UPKEEP_COPY_H

#include "common/archive/archive.h"

/*
 * Copy the bytes after tip, the end of an earlier copy (see common/archive/tip.h); NULL: all bytes.
 * on_object gets {copy: "volume", volume, offset, bytes} before the bytes of each volume, and
 * {copy: "end", uuid, seq} at the end; sink gets the bytes; both get ctx. USAGE: the copy is not
 * from an earlier state of this archive. CORRUPT: the archive is damaged. TEMP, or a visitor's
 * error. Any thread.
 */
int jm_archive_copy(struct jm_archive *a, const json_t *tip, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
