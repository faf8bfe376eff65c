/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the catalog. Each call holds it only for one row or one page of rows, so that the applier
 * gets its turn. common/query and common/upkeep use these functions, too. Any thread that does not
 * hold the catalog already.
 */
#ifndef JM_ARCHIVE_READER_H
#define JM_ARCHIVE_READER_H

#include "common/archive/archive.h"
#include "common/catalog/catalog.h"
#include "common/catalog/row.h"
#include "common/volume/stored_report.h"

/* Hold the catalog for several look-ups that must see the same state. Until jm_reader_leave() the
 * caller takes no lock and does not wait. TEMP: the catalog is not open now, or is damaged, and not
 * held; it waits a few seconds for one that is being made anew. */
int jm_reader_enter(
    struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err) JM_MUST_CHECK;

/* After a look-up that returned rc: did it meet damage of the catalog, so that the caller is to
 * enter it once more, which waits for the new catalog? *again: false at first. */
bool jm_reader_again(int rc, const struct jm_err *err, bool *again);

/* Release the catalog. */
void jm_reader_leave(struct jm_archive *a);

/* Read a row as JSON. 1 with *value_r, which the caller owns; 0: there is no such row; -1: TEMP,
 * CORRUPT. */
int jm_reader_get(struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Read a page of rows, as jm_catalog_page(). TEMP, CORRUPT. */
int jm_reader_page(struct jm_archive *a, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err) JM_MUST_CHECK;

/* Read the whole row of an item, as jm_row_get(). 1 with *row_r, which the caller owns; 0; -1. */
int jm_reader_item(
    struct jm_archive *a, uint64_t id, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Get the place of report seq, as jm_row_locate(). 1 with *at_r; 0; -1. */
int jm_reader_locate(
    struct jm_archive *a, uint64_t seq, struct jm_located *at_r, struct jm_err *err) JM_MUST_CHECK;

/* Read the metadata of report seq: locate it in the catalog, and read it from its volume. The
 * caller releases *r_r. CORRUPT: the catalog does not have the report, or its record cannot be
 * read. TEMP.
 */
int jm_reader_report(struct jm_archive *a, uint64_t seq, struct jm_stored_report *r_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The same, without parsing the metadata, which takes long when it names very many recipients: its
 * text is in r_r->record. */
int jm_reader_fetch(struct jm_archive *a, uint64_t seq, struct jm_stored_report *r_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The number of the last acknowledged record, and of the last one that readers see in the catalog.
 */
uint64_t jm_reader_durable_seq(struct jm_archive *a);
uint64_t jm_reader_applied_seq(struct jm_archive *a);

#endif
