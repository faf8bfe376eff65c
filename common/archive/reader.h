/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the catalog. It is held for a short time each: for one row or one page of rows, so that
 * the applier gets its turn. For common/query and common/upkeep too. Any thread.
 */
#ifndef JM_ARCHIVE_READER_H
#define JM_ARCHIVE_READER_H

#include "common/archive/archive.h"
#include "common/catalog/catalog.h"
#include "common/catalog/row.h"
#include "common/volume/stored_report.h"

/* Hold the catalog for several look-ups at one moment; take no lock and wait for nothing until
 * jm_reader_leave(). TEMP: it is not open now; then nothing is held. */
int jm_reader_enter(
    struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err) JM_MUST_CHECK;
void jm_reader_leave(struct jm_archive *a);

/* A row as JSON: 1 with *value_r (the caller owns it), 0: there is none, -1: TEMP, CORRUPT. */
int jm_reader_get(struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r,
    struct jm_err *err) JM_MUST_CHECK;

/* A page of rows; empty: the end. Release it. TEMP, CORRUPT. */
int jm_reader_page(struct jm_archive *a, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err) JM_MUST_CHECK;

/* The whole row of an item: 1, 0, -1. */
int jm_reader_item(
    struct jm_archive *a, uint64_t id, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Where report seq is: 1, 0, -1. */
int jm_reader_locate(
    struct jm_archive *a, uint64_t seq, struct jm_located *at_r, struct jm_err *err) JM_MUST_CHECK;

/* The metadata of report seq, located in the catalog and read from its volume. Release *r_r.
 * CORRUPT: the catalog does not have it, or its record cannot be read; TEMP. */
int jm_reader_report(struct jm_archive *a, uint64_t seq, struct jm_stored_report *r_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The last record that is acknowledged, and the last one that readers see in the catalog. */
uint64_t jm_reader_durable_seq(struct jm_archive *a);
uint64_t jm_reader_applied_seq(struct jm_archive *a);

#endif
