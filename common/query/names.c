/* SPDX-License-Identifier: BSD-2-Clause */
/* Names from the keys of the counters. */
#include "common/query/names.h"

#include <string.h>

#include "common/archive/await.h"
#include "common/archive/cursor.h"
#include "common/json/read.h"
#include "common/json/value.h"

/* Append the names of the rows whose keys begin with prefix, without it. */
static int add_names(
    struct jm_archive *a, enum jm_table t, const char *prefix, json_t *list, struct jm_err *err)
{
	const struct jm_table_range range = { .table = t, .prefix = jm_span_str(prefix) };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = jm_await_catalog(a, err);

	if (rc != 0)
		return -1;
	jm_cursor_start(&cursor, a, &range);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		json_t *o;
		const char *name;

		rc = jm_json_read(row->value, row->value_n, &o, err);
		name = jm_json_str(o, "name");
		if (rc == 0 && name && strlen(name) > strlen(prefix) &&
		    json_array_append_new(list, json_string(name + strlen(prefix))) != 0)
			rc = jm_err_set(err, JM_E_TEMP, "no memory for names");
		json_decref(o);
	}
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

int jm_archive_service_names(struct jm_archive *a, json_t *list, struct jm_err *err)
{
	return add_names(a, JM_T_SERVICES, "", list, err);
}

int jm_archive_kind_names(struct jm_archive *a, json_t *list, struct jm_err *err)
{
	return add_names(a, JM_T_COUNTERS, "event/", list, err);
}
