/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second catalog in DIR/tmp, to compare with the archive's own. There is one folder for it, and
 * one verify.json, so one verification of an archive runs at a time: it takes both at its start.
 */
#ifndef JM_ARCHIVE_SECOND_H
#define JM_ARCHIVE_SECOND_H

#include "common/archive/archive.h"
#include "common/catalog/catalog.h"

/* Take the folder and verify.json for one verification, which gives them back. TEMP: another
 * verification has them. Any thread. */
int jm_second_take(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Give the folder and verify.json back. */
void jm_second_give_back(struct jm_archive *a);

/* Open a new and empty second catalog, after jm_second_take(). The caller closes *c_r and then
 * sweeps. TEMP, CORRUPT. */
int jm_second_open(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err) JM_MUST_CHECK;

/* Does the disk have room for a catalog as large as the archive's, and for more_bytes, besides the
 * reserve? No message shall be answered 4xx because of a second catalog. */
bool jm_second_has_room(const struct jm_archive *a, uint64_t more_bytes);

/* Remove the second catalog, also one that a crash left. It must not be open. */
void jm_second_sweep(const struct jm_archive *a);

#endif
