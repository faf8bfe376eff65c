/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the log ends, for copies and followers. */
#ifndef JM_ARCHIVE_TIP_H
#define JM_ARCHIVE_TIP_H

#include "common/archive/archive.h"

/* {uuid, format, seq, volume, offset, sha256 (of the last record)}, of what is in the catalog. The
 * caller owns it. TEMP. Any thread. */
int jm_archive_tip(struct jm_archive *a, json_t **tip_r, struct jm_err *err) JM_MUST_CHECK;

#endif
