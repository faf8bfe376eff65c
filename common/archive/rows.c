/* SPDX-License-Identifier: BSD-2-Clause */
/* All rows of a range, read a page at a time. */
#include "common/archive/rows.h"

#include <string.h>

void jm_rows_start(struct jm_rows *rows, struct jm_archive *a, const struct jm_table_range *range)
{
	rows->a = a;
	rows->range = *range;
	rows->page.n = rows->i = 0;
}

int jm_rows_next(struct jm_rows *rows, const struct jm_row **row_r, struct jm_err *err)
{
	if (rows->i == rows->page.n) {
		jm_page_release(&rows->page);
		rows->i = 0;
		if (jm_reader_page(rows->a, &rows->range, &rows->page, err) != 0)
			return -1;
		if (rows->page.n == 0)
			return 0;
		/* The next page begins after the last row of this one. */
		rows->range.after = jm_span_of(rows->at, rows->page.row[rows->page.n - 1].key_n);
		memcpy(rows->at, rows->page.row[rows->page.n - 1].key, rows->range.after.len);
	}
	*row_r = &rows->page.row[rows->i++];
	return 1;
}

void jm_rows_end(struct jm_rows *rows)
{
	jm_page_release(&rows->page);
	rows->i = 0;
}
