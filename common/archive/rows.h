/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All rows of a range of a table, one after the other. The catalog is held for a page of them at a
 * time, so rows that come or go meanwhile may or may not be seen.
 *
 *	struct jm_rows rows;
 *	jm_rows_start(&rows, a, &range);
 *	while ((rc = jm_rows_next(&rows, &row, err)) == 1)
 *		...
 *	jm_rows_end(&rows);
 */
#ifndef JM_ARCHIVE_ROWS_H
#define JM_ARCHIVE_ROWS_H

#include "common/archive/reader.h"

/* The members are private to rows.c. About 25 KB: not for deep stacks. */
struct jm_rows {
	struct jm_archive *a;
	struct jm_table_range range;
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_page page;
	size_t i;
};

/* Begin; the spans of range are borrowed until jm_rows_end(). */
void jm_rows_start(struct jm_rows *rows, struct jm_archive *a, const struct jm_table_range *range);

/* The next row, borrowed until the next call: 1, 0: there are no more, -1: TEMP, CORRUPT. */
int jm_rows_next(
    struct jm_rows *rows, const struct jm_row **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Free what it holds. */
void jm_rows_end(struct jm_rows *rows);

#endif
