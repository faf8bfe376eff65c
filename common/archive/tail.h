/* SPDX-License-Identifier: BSD-2-Clause */
/* The open end of the log: beginning and ending volumes. Only the committer uses it; before it
 * runs, the start. */
#ifndef JM_ARCHIVE_TAIL_H
#define JM_ARCHIVE_TAIL_H

#include "common/archive/state.h"

/* Make the next volume, in which the next group is written. TEMP: the tail is unchanged. */
int jm_tail_roll(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Make the next volume from a record whose body was written beforehand. t is stamped as the next
 * record, at the start of the next volume. TEMP: the tail is unchanged. */
int jm_tail_adopt(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

/* The number that the next volume will have. */
uint64_t jm_tail_next_volume(struct jm_archive *a);

/* Close the last volume. The next group goes into a new one. */
void jm_tail_leave(struct jm_archive *a);

/* After a failed write or sync: make the tail ready for a group again. TEMP: it is not ready. */
int jm_tail_mend(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

#endif
