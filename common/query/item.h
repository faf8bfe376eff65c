/* SPDX-License-Identifier: BSD-2-Clause */
/* One item with everything that is known of it, read from the records, not from the catalog. */
#ifndef JM_QUERY_ITEM_H
#define JM_QUERY_ITEM_H

#include "common/archive/archive.h"

/* Item id with its contents, recipients (each with the reports that named it) and reports. A report
 * that cannot be read is named with its problem, and the item is marked "damaged". The caller owns
 * it. NOTFOUND, TEMP. Any thread. */
int jm_archive_show(
    struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;

/* The same without waiting for the applier. */
int jm_item_read(
    struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err) JM_MUST_CHECK;

/* The item that report seq belongs to: 1 with *item_r, 0: there is no such report, -1. */
int jm_archive_item_of(
    struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err) JM_MUST_CHECK;

#endif
