/* SPDX-License-Identifier: BSD-2-Clause */
/* Visiting the reports of an item. See reports.h. */
#include "common/query/reports.h"

#include <inttypes.h>

#include "common/archive/cursor.h"
#include "common/archive/reader.h"
#include "common/base/num.h"

static int visit_one(
    struct jm_archive *a, uint64_t seq, jm_report_visit *visit, void *ctx, struct jm_err *err)
{
	struct jm_stored_report r;
	int rc;

	if (jm_reader_report(a, seq, &r, err) != 0) {
		struct jm_err cause = *err;

		jm_err_wrap(&cause, "report %" PRIu64, seq);
		*err = cause;
		return cause.kind == JM_E_CORRUPT ? visit(ctx, seq, NULL, cause.text, err) : -1;
	}
	rc = visit(ctx, seq, &r, NULL, err);
	jm_stored_report_release(&r);
	return rc;
}

int jm_reports_visit(
    struct jm_archive *a, uint64_t id, jm_report_visit *visit, void *ctx, struct jm_err *err)
{
	unsigned char prefix[8];
	struct jm_table_range range = { .table = JM_T_ITEM_REPORTS };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = visit_one(a, id, visit, ctx, err);

	if (rc != 0)
		return rc;
	jm_num_put_be64(prefix, id);
	range.prefix = jm_span_of(prefix, sizeof prefix);
	jm_cursor_start(&cursor, a, &range);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1)
		rc = visit_one(a, jm_num_get_be64(row->key + 8), visit, ctx, err);
	jm_cursor_end(&cursor);
	return rc;
}
