/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk's reserve: deposits are refused before the disk is full, so that the records that must
 * still be written have room. */
#ifndef JM_ARCHIVE_DISK_H
#define JM_ARCHIVE_DISK_H

#include "common/archive/archive.h"

/* Check that the disk has room for more_bytes besides the reserve. Notes an event when the disk
 * becomes low, and when it is no longer low. TEMP: there is not enough room. Any thread. */
int jm_disk_check(struct jm_archive *a, uint64_t more_bytes, struct jm_err *err) JM_MUST_CHECK;

/* The bytes that are free on the archive's disk; 0: not known. Any thread. */
uint64_t jm_disk_free(const struct jm_archive *a);

#endif
