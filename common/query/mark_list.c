/* SPDX-License-Identifier: BSD-2-Clause */
/* Visiting the marks of a mailbox in the table pop3, and the digests of their reports. */
#include "common/query/mark_list.h"

#include "common/archive/await.h"
#include "common/archive/cursor.h"
#include "common/archive/reader.h"
#include "common/catalog/apply_marks.h"
#include "common/json/read.h"
#include "common/json/value.h"

int jm_archive_pop3_marks(struct jm_archive *a, const char *mailbox, jm_archive_mark *visit,
    void *ctx, struct jm_err *err)
{
	unsigned char prefix[JM_CATALOG_KEY_MAX];
	struct jm_table_range range = { .table = JM_T_POP3 };
	const struct jm_row *row;
	struct jm_cursor cursor;
	size_t n;
	int rc = 0;

	if (!jm_marks_key(jm_span_str(mailbox), jm_span_of(NULL, 0), prefix, &n))
		return jm_err_set(err, JM_E_TEMP, "no memory for a mailbox's marks");
	if (jm_await_catalog(a, err) != 0)
		return -1;
	range.prefix = jm_span_of(prefix, n);
	jm_cursor_start(&cursor, a, &range);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		json_t *o;

		rc = jm_json_read(row->value, row->value_n, &o, err);
		if (rc == 0)
			rc = visit(ctx,
			    &(struct jm_archived_mark){ jm_span_of(row->key + n, row->key_n - n),
				jm_json_u64(o, "size"), jm_json_u64(o, "seq") },
			    err);
		json_decref(o);
	}
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

int jm_archive_mark_is(struct jm_archive *a, uint64_t seq,
    const unsigned char sha256[JM_SHA256_BYTES], bool *same_r, struct jm_err *err)
{
	struct jm_stored_report r = { .meta = NULL };
	unsigned char digest[JM_SHA256_BYTES];
	struct jm_err own;

	*same_r = false;
	if (jm_await_catalog(a, err) != 0)
		return -1;
	if (jm_reader_report(a, seq, &r, &own) == 0)
		*same_r = jm_sha256_unhex(jm_json_span(json_object_get(r.meta, "report"), "sha256"),
			      digest) == 0 &&
		    memcmp(digest, sha256, sizeof digest) == 0;
	else if (own.kind == JM_E_TEMP)
		return jm_err_set(err, own.kind, "%s", own.text);
	jm_stored_report_release(&r);
	return 0;
}
