/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From records to rows: the catalog is a pure function of the records in their order. So it can be
 * made again at any time, with the same rows. Rows and keys are described in
 * common/archive/SCHEMA.md.
 *
 * One transaction: begin, add records in order, finish (commits) or abort. A catalog has one writer
 * at a time.
 */
#ifndef JM_CATALOG_APPLY_H
#define JM_CATALOG_APPLY_H

#include "common/catalog/apply_types.h"
#include "common/catalog/position.h"

/* Begin a transaction on c, which the caller holds. recall is borrowed until finish or abort. TEMP,
 * CORRUPT. */
int jm_apply_begin(struct jm_catalog *c, const struct jm_recall *recall, struct jm_apply **p_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Add the next record. On error, abort. */
int jm_apply_add(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* Commit, together with the position that the catalog then has. *p becomes NULL, also on error. */
int jm_apply_finish(struct jm_apply **p, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;

/* Give the transaction up; *p becomes NULL. Harmless on NULL. */
void jm_apply_abort(struct jm_apply **p);

#endif
