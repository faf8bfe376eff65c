/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk's reserve: deposits are refused before the disk is full, so that everything that must be
 * written then still can be. */
#ifndef JM_ARCHIVE_DISK_H
#define JM_ARCHIVE_DISK_H

#include "common/archive/archive.h"

/* Is there room for more_bytes besides the reserve? Notes an event when the disk becomes low, and
 * when it is not any more. TEMP: there is none. Any thread. */
int jm_disk_check(struct jm_archive *a, uint64_t more_bytes, struct jm_err *err) JM_MUST_CHECK;

#endif
