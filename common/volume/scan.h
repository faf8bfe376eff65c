/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * At the start: which volumes are there, and what do their headers say? Fills the list and the UUID
 * of a struct jm_volumes. Damage is noted in the list; the caller decides what it means. Before any
 * thread runs.
 */
#ifndef JM_VOLUME_SCAN_H
#define JM_VOLUME_SCAN_H

#include "common/volume/volumes.h"

/* Put every volume of the folder into the list, ascending, with nothing but its number. No folder:
 * an empty list. TEMP. */
int jm_scan_list(struct jm_volumes *v, struct jm_err *err) JM_MUST_CHECK;

/* Told what the scan changed on the disk, as a sentence for people. 0, or -1 with err. */
typedef int jm_scan_changed(void *ctx, const char *text, struct jm_err *err);

/* Read the header of every listed volume. known: the UUID as a catalog has it; NULL: not known. A
 * last volume without header and record (its making was cut short) is removed, and changed() gets a
 * text. CORRUPT: the archive's UUID cannot be found. TEMP. */
int jm_scan_headers(struct jm_volumes *v, const unsigned char *known, jm_scan_changed *changed,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
