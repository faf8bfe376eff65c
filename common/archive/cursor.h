/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All rows of a range of a table, one after the other. The catalog is held only while a page of
 * rows is read, so rows that are added or removed meanwhile may or may not be seen. One thread at a
 * time uses a cursor.
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

/* Get the next row, borrowed until the next call. 1; 0: there are no more; -1: TEMP, CORRUPT. */
int jm_cursor_next(
    struct jm_cursor *cursor, const struct jm_row **row_r, struct jm_err *err) JM_MUST_CHECK;

/* Free the cursor's rows. */
void jm_cursor_end(struct jm_cursor *cursor);

#endif
