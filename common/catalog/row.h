/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The row of an item, and the places of reports. Every message causes its row to be written to the
 * catalog's log, to its pages and to each page that splits. So the row is stored in a short form: a
 * list without names, and without the members that have their usual value. A whole row is an object
 * with all members.
 */
#ifndef JM_CATALOG_ROW_H
#define JM_CATALOG_ROW_H

#include "common/catalog/catalog.h"
#include "common/volume/record.h"

/* The place of a report, and its item. */
struct jm_located {
	struct jm_place at;
	uint64_t item;
};

/* Store the row (whole, borrowed) of item id. TEMP, CORRUPT. */
int jm_row_put(
    struct jm_txn *txn, uint64_t id, const json_t *row, struct jm_err *err) JM_MUST_CHECK;

/* Read a whole row. 1 with *row_r, which the caller owns; 0: there is no such item; -1. txn may be
 * NULL. */
int jm_row_get(struct jm_catalog *c, struct jm_txn *txn, uint64_t id, json_t **row_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Make the whole row from its stored text; the caller owns *row_r. CORRUPT, TEMP. */
int jm_row_whole(
    uint64_t id, struct jm_span stored, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Get the size of the item's content from the stored text, without parsing it. False: the text does
 * not begin with a size. */
bool jm_row_size(struct jm_span stored, uint64_t *bytes_r);

/* Get the place of report seq from the stored text of its row in table t (items or reports).
 * CORRUPT, TEMP. */
int jm_row_place(enum jm_table t, uint64_t seq, struct jm_span stored, struct jm_located *at_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Look report seq up in both tables. 1 with *at_r; 0: there is no such report; -1. txn may be NULL.
 */
int jm_row_locate(struct jm_catalog *c, struct jm_txn *txn, uint64_t seq, struct jm_located *at_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Change a whole row to the form for users: time as text, no place. 0, or -1 without memory. */
int jm_row_show(json_t *row);

#endif
