/* SPDX-License-Identifier: BSD-2-Clause */
/* Showing one item with all its facts. They are read from the records, not from the catalog. */
#ifndef JM_QUERY_ITEM_H
#define JM_QUERY_ITEM_H

#include "common/archive/archive.h"

/* Get item id with its contents, its recipients (each with the reports that name it) and its
 * reports. A report that cannot be read is listed with its problem, and the item is marked
 * "damaged". The caller owns *item_r. NOTFOUND, TEMP, CORRUPT (the catalog). Any thread. */
int jm_archive_show(
    struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_archive_show(), without waiting for the applier. */
int jm_item_read(
    struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;

/* Find the item of report seq. 1 with *item_r; 0: there is no such report; -1: TEMP, CORRUPT. */
int jm_archive_item_of(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

#endif
