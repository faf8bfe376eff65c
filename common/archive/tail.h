/* SPDX-License-Identifier: BSD-2-Clause */
/* The open end of the log: volumes begin and end here. The committer's; before it runs, the
 * start's. */
#ifndef JM_ARCHIVE_TAIL_H
#define JM_ARCHIVE_TAIL_H

#include "common/archive/state.h"

/* Make the next volume and write there from now on. TEMP. */
int jm_tail_roll(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* A record whose body was written beforehand, stamped as the next record at the start of the next
 * volume, becomes that volume; nothing else changes when it fails. TEMP. */
int jm_tail_adopt(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

/* The number that the next volume will have. */
uint64_t jm_tail_next_volume(struct jm_archive *a);

/* Close the last volume; the next group goes into a new one. */
void jm_tail_leave(struct jm_archive *a);

/* After a failed write or sync: make the end fit for a group. TEMP. */
int jm_tail_mend(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

#endif
