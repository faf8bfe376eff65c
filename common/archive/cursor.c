/* SPDX-License-Identifier: BSD-2-Clause */
/* All rows of a range, read a page at a time. */
#include "common/archive/cursor.h"

#include <string.h>

void jm_cursor_start(
    struct jm_cursor *cursor, struct jm_archive *a, const struct jm_table_range *range)
{
	cursor->a = a;
	cursor->range = *range;
	cursor->page.n = cursor->i = 0;
}

int jm_cursor_next(struct jm_cursor *cursor, const struct jm_row **row_r, struct jm_err *err)
{
	if (cursor->i == cursor->page.n) {
		jm_page_release(&cursor->page);
		cursor->i = 0;
		if (jm_reader_page(cursor->a, &cursor->range, &cursor->page, err) != 0)
			return -1;
		if (cursor->page.n == 0)
			return 0;
		/* The next page begins after the last row of this one. */
		cursor->range.after = jm_span_of(
		    cursor->at, cursor->page.row[cursor->page.n - 1].key_n);
		memcpy(
		    cursor->at, cursor->page.row[cursor->page.n - 1].key, cursor->range.after.len);
	}
	*row_r = &cursor->page.row[cursor->i++];
	return 1;
}

void jm_cursor_end(struct jm_cursor *cursor)
{
	jm_page_release(&cursor->page);
	cursor->i = 0;
}
