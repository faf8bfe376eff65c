/* SPDX-License-Identifier: BSD-2-Clause */
/* The internal domains that were added, from the table meta. */
#include "common/query/domains.h"

#include "common/archive/await.h"
#include "common/archive/cursor.h"
#include "common/catalog/apply_domain.h"
#include "common/json/read.h"
#include "common/json/value.h"

static int visit_domain(
    const struct jm_row *row, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	json_t *o = jm_json_row(row->value, row->value_n);
	int rc;

	if (o &&
	    (jm_json_time(o, "added_ms", "added") | jm_json_time(o, "checked_ms", "checked") |
		jm_json_time(o, "verified_ms", "verified")) == 0)
		rc = visit(ctx, o, err);
	else
		rc = jm_err_set(err, JM_E_TEMP, "no memory for a domain");
	json_decref(o);
	return rc;
}

int jm_archive_domains(struct jm_archive *a, jm_archive_visit *visit, void *ctx, struct jm_err *err)
{
	const struct jm_table_range range = { .table = JM_T_META,
		.prefix = jm_span_str(JM_DOMAIN_ROWS) };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 0;

	if (jm_await_catalog(a, err) != 0)
		return -1;
	jm_cursor_start(&cursor, a, &range);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1)
		rc = visit_domain(row, visit, ctx, err);
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}
