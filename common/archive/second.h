/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second catalog in DIR/tmp, to compare the archive's with. There is one folder for it, and one
 * verify.json, so one verification of an archive runs at a time: it takes both at its start.
 */
#ifndef JM_ARCHIVE_SECOND_H
#define JM_ARCHIVE_SECOND_H

#include "common/archive/archive.h"
#include "common/catalog/catalog.h"

/* Take both for one verification. TEMP: another one has them. Any thread. */
int jm_second_take(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Give them back after it. */
void jm_second_give_back(struct jm_archive *a);

/* Open it, new and empty; only between these two. TEMP. */
int jm_second_open(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err) JM_MUST_CHECK;

/* Does the disk have room for one as large as the archive's, and more_bytes, without touching the
 * reserve? No message shall be answered 4xx for it. */
bool jm_second_has_room(const struct jm_archive *a, uint64_t more_bytes);

/* Remove it, also one that was left by a process that died. */
void jm_second_sweep(const struct jm_archive *a);

#endif
