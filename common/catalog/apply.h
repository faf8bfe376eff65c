/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Applying records: the catalog is a pure function of the records in their order. So it can be made
 * again at any time, with the same rows. common/archive/SCHEMA.md describes rows and keys.
 *
 * The function is pure as long as reading earlier reports is. A change that archives a report reads
 * the report's metadata again, through struct jm_recall (apply_types.h). When recall says that the
 * report cannot be read, the report is set aside, with the error's text as the reason. So recall
 * may say so only of bytes that stay unreadable, never of an error that may pass; and a volume that
 * was damaged or repaired since gives other rows. The clock, the settings and the grouping of
 * records into transactions have no effect on the rows.
 *
 * A transaction: begin, add records in order, finish (which commits) or abort. A catalog has one
 * writer at a time; the caller holds the catalog.
 */
#ifndef JM_CATALOG_APPLY_H
#define JM_CATALOG_APPLY_H

#include "common/catalog/apply_types.h"
#include "common/catalog/position.h"

/* Begin a transaction on c. recall is borrowed until finish or abort. *p_r ends with
 * jm_apply_finish() or jm_apply_abort(). TEMP, CORRUPT. */
int jm_apply_begin(struct jm_catalog *c, const struct jm_recall *recall, struct jm_apply **p_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Apply the next record, borrowed for the call. TEMP, CORRUPT: the caller must abort. */
int jm_apply_add(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* Commit the records together with at, the catalog's new position. *p becomes NULL, also on error.
 * TEMP, CORRUPT: nothing was applied. */
int jm_apply_finish(struct jm_apply **p, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;

/* Undo the transaction; *p becomes NULL. Harmless when it is NULL. */
void jm_apply_abort(struct jm_apply **p);

#endif
