/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All rows of a range of a table, one after the other. The catalog is held for a page of them at a
 * time, so rows that come or go meanwhile may or may not be seen.
 *
 *	struct jm_cursor cursor;
 *	jm_cursor_start(&cursor, a, &range);
 *	while ((rc = jm_cursor_next(&cursor, &row, err)) == 1)
 *		...
 *	jm_cursor_end(&cursor);
 */
#ifndef JM_ARCHIVE_CURSOR_H
#define JM_ARCHIVE_CURSOR_H

#include "common/archive/reader.h"

/* The members are private to cursor.c. About 25 KB: not for deep stacks. */
struct jm_cursor {
	struct jm_archive *a;
	struct jm_table_range range;
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_page page;
	size_t i;
};

/* Begin; the spans of range are borrowed until jm_cursor_end(). */
void jm_cursor_start(
    struct jm_cursor *cursor, struct jm_archive *a, const struct jm_table_range *range);

/* The next row, borrowed until the next call: 1, 0: there are no more, -1: TEMP, CORRUPT. */
int jm_cursor_next(
    struct jm_cursor *cursor, const struct jm_row **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Free what it holds. */
void jm_cursor_end(struct jm_cursor *cursor);

#endif
