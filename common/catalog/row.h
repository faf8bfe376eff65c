/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The row of an item, and where reports are. A row is written to the catalog's log, to its pages
 * and to each page that splits, for every message. So it is stored as a list without names, without
 * the members that have their usual value; a whole row is an object with all of them.
 */
#ifndef JM_CATALOG_ROW_H
#define JM_CATALOG_ROW_H

#include "common/catalog/catalog.h"
#include "common/volume/record.h"

/* Where a report is, and its item. */
struct jm_located {
	struct jm_place at;
	uint64_t item;
};

/* Store the row of item id. TEMP, CORRUPT. */
int jm_row_put(
    struct jm_txn *txn, uint64_t id, const json_t *row, struct jm_err *err) JM_MUST_CHECK;

/* The whole row: 1 with *row_r (the caller owns it), 0: there is no such item, -1. txn may be NULL.
 */
int jm_row_get(struct jm_catalog *c, struct jm_txn *txn, uint64_t id, json_t **row_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The whole row from the text that is stored; the caller owns it. CORRUPT, TEMP. */
int jm_row_whole(
    uint64_t id, struct jm_span stored, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

/* The size of its content, from the stored text, without parsing that. False: it has none. */
bool jm_row_size(struct jm_span stored, uint64_t *bytes_r);

/* Where report seq is, from the stored text of its row in table t (items or reports). CORRUPT,
 * TEMP. */
int jm_row_place(enum jm_table t, uint64_t seq, struct jm_span stored, struct jm_located *at_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The same, looked up in both tables: 1, 0: there is no such report, -1. txn may be NULL. */
int jm_row_locate(struct jm_catalog *c, struct jm_txn *txn, uint64_t seq, struct jm_located *at_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Turn a whole row into what callers get: time as text, no place. 0, -1 without memory. */
int jm_row_show(json_t *row);

#endif
