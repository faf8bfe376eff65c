/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of the log, for copies and followers. */
#ifndef JM_ARCHIVE_TIP_H
#define JM_ARCHIVE_TIP_H

#include "common/archive/archive.h"

/* Get {uuid, format, seq, volume, offset, sha256 (of the last record)} for the end of the catalog,
 * after all durable records are applied. The caller owns *tip_r. TEMP. Any thread. */
int jm_archive_tip(struct jm_archive *a, json_t **tip_r, struct jm_err *err) JM_MUST_CHECK;

/* The same for the end of the acknowledged records, also when the catalog cannot be brought up.
 * Does not wait. The caller owns *end_r. TEMP. Any thread. */
int jm_archive_end(struct jm_archive *a, json_t **end_r, struct jm_err *err) JM_MUST_CHECK;

#endif
