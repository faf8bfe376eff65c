/* SPDX-License-Identifier: BSD-2-Clause */
/* Exporting the exact bytes of an item: finding the record that has them, and reading it. */
#include "common/query/item_bytes.h"

#include <inttypes.h>

#include "common/archive/await.h"
#include "common/archive/content.h"
#include "common/archive/cursor.h"
#include "common/base/num.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/query/bcc.h"

/* The range of a table whose keys begin with the item's id. */
static struct jm_table_range item_range(enum jm_table t, uint64_t id, unsigned char prefix[8])
{
	jm_num_put_be64(prefix, id);
	return (struct jm_table_range){ .table = t, .prefix = jm_span_of(prefix, 8) };
}

/* Find the record of an item's report with this index. 1; 0: there is no such report; -1. */
static int find_report(
    struct jm_archive *a, uint64_t id, unsigned which, uint64_t *seq_r, struct jm_err *err)
{
	unsigned char prefix[8];
	struct jm_table_range range = item_range(JM_T_ITEM_REPORTS, id, prefix);
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 1;

	*seq_r = id;
	jm_cursor_start(&cursor, a, &range);
	for (unsigned n = 0; n < which && rc == 1; n++) {
		rc = jm_cursor_next(&cursor, &row, err);
		if (rc == 1)
			*seq_r = jm_num_get_be64(row->key + 8);
	}
	jm_cursor_end(&cursor);
	return rc;
}

/* Find the record of an item's content with this index. 1; 0: there is no such content; -1. */
static int find_content(
    struct jm_archive *a, uint64_t id, unsigned which, uint64_t *seq_r, struct jm_err *err)
{
	unsigned char prefix[8];
	struct jm_table_range range = item_range(JM_T_ITEM_CONTENTS, id, prefix);
	const struct jm_row *row;
	struct jm_cursor cursor;
	bool found = which == 0;
	int rc = 1;

	*seq_r = id;
	jm_cursor_start(&cursor, a, &range);
	while (!found && (rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		json_t *o;

		if (jm_json_read(row->value, row->value_n, &o, err) != 0) {
			rc = -1;
			break;
		}
		found = jm_json_int(o, "n") == (json_int_t)which;
		*seq_r = jm_json_u64(o, "seq");
		json_decref(o);
	}
	jm_cursor_end(&cursor);
	return rc;
}

/* Refuse bytes that name Bcc recipients, unless they are asked for. stripped: without the journal
 * headers. */
static int check_bcc(
    const struct jm_export *x, struct jm_span bytes, bool stripped, struct jm_err *err)
{
	const char *how = x->bcc ? NULL : jm_bcc_in_bytes(bytes, stripped);

	if (!how)
		return 0;
	if (x->part == JM_EXPORT_REPORT)
		how = "a journal report as received names Bcc recipients";
	return jm_err_set(err, JM_E_DENIED, "%s; --bcc exports it", how);
}

static int put_content(const struct jm_export *x, struct jm_loaded *l, jm_archive_sink *sink,
    void *ctx, struct jm_err *err)
{
	bool whole = x->part == JM_EXPORT_RAW;
	struct jm_raw raw;
	int rc;

	if (jm_content_raw(l, "content", &raw, err) != 0)
		return -1;
	rc = check_bcc(x, raw.bytes, !whole && raw.described.cuts_n > 0, err);
	if (rc == 0)
		rc = jm_raw_put(&raw, whole, sink, ctx, err);
	jm_raw_release(&raw);
	return rc;
}

/* Find the record that has the bytes. NOTFOUND: the item does not have them. */
static int find_record(
    struct jm_archive *a, const struct jm_export *x, uint64_t *seq_r, struct jm_err *err)
{
	bool report = x->part == JM_EXPORT_REPORT;
	json_t *row = NULL;
	int rc = jm_reader_item(a, x->id, &row, err);

	json_decref(row);
	if (rc == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no item %" PRIu64, x->id);
	if (rc == 1)
		rc = report ? find_report(a, x->id, x->which, seq_r, err)
			    : find_content(a, x->id, x->which, seq_r, err);
	if (rc == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "item %" PRIu64 " has no %s number %u", x->id,
		    report ? "report" : "content", x->which + 1);
	return rc < 0 ? -1 : 0;
}

int jm_archive_export(struct jm_archive *a, const struct jm_export *x, jm_archive_sink *sink,
    void *ctx, struct jm_err *err)
{
	struct jm_loaded l;
	uint64_t seq;
	int rc = 0;

	if (jm_await_catalog(a, err) != 0 || find_record(a, x, &seq, err) != 0 ||
	    jm_content_load(a, seq, &l, err) != 0)
		return -1;
	if (x->part != JM_EXPORT_REPORT)
		rc = put_content(x, &l, sink, ctx, err);
	else if ((rc = check_bcc(x, l.received, false, err)) == 0 && l.received.len > 0)
		rc = sink(ctx, l.received.p, l.received.len, err);
	jm_loaded_release(&l);
	return rc < 0 ? -1 : 0;
}
