/* SPDX-License-Identifier: BSD-2-Clause */
/* Showing an item: the union of the facts in its reports. */
#include "common/query/item.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/archive/await.h"
#include "common/archive/cursor.h"
#include "common/base/num.h"
#include "common/json/value.h"
#include "common/volume/metadata.h"

static int item_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for an item");
}

/* The parts of an item while they are collected. */
struct view {
	json_t *recipients, *index; /* in order; folded address to entry */
	json_t *reports, *contents;
	json_t *seen; /* contents by digests */
	bool damaged; /* a report could not be read */
};

static json_t *entry_of(struct view *v, const json_t *address)
{
	char *folded = jm_json_folded(jm_json_string_span(address));
	json_t *e;

	if (!folded)
		return NULL;
	e = json_object_get(v->index, folded);
	if (!e) {
		e = json_pack("{s:O,s:[]}", "address", address, "reports");
		if (e &&
		    (json_array_append_new(v->recipients, e) != 0 ||
			json_object_set_nocheck(v->index, folded, e) != 0))
			e = NULL;
	}
	free(folded);
	return e;
}

static int add_recipients(struct view *v, uint64_t seq, const json_t *list, struct jm_err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *r = json_array_get(list, i), *e, *named;

		if (!json_is_string(json_object_get(r, "address")))
			continue;
		e = entry_of(v, json_object_get(r, "address"));
		named = json_copy(r);
		if (!e || !named || json_object_del(named, "address") != 0 ||
		    json_object_set_new_nocheck(named, "seq", json_integer((json_int_t)seq)) != 0) {
			json_decref(named);
			return item_no_memory(err);
		}
		if (json_array_append_new(json_object_get(e, "reports"), named) != 0)
			return item_no_memory(err);
	}
	return 0;
}

static int add_content(struct view *v, uint64_t seq, const json_t *c, struct jm_err *err)
{
	const char *sha256 = jm_json_str(c, "sha256"), *raw = jm_json_str(c, "raw_sha256");
	json_t *o, *removed = json_array();
	const json_t *cuts = json_object_get(c, "cuts");
	char both[2 * JM_SHA256_HEX_BYTES];

	if (!sha256 || !raw || !removed) {
		json_decref(removed);
		return item_no_memory(err);
	}
	snprintf(both, sizeof both, "%s%s", sha256, raw);
	if (json_object_get(v->seen, both)) {
		json_decref(removed);
		return 0;
	}
	for (size_t i = 0; i < json_array_size(cuts); i++)
		json_array_append(removed, json_array_get(json_array_get(cuts, i), 2));
	o = json_pack("{s:O,s:O,s:O,s:O,s:o,s:I}", "sha256", json_object_get(c, "sha256"), "size",
	    json_object_get(c, "size"), "raw_sha256", json_object_get(c, "raw_sha256"), "raw_size",
	    json_object_get(c, "raw_size"), "removed_headers", removed, "seq", (json_int_t)seq);
	if (!o || json_array_append_new(v->contents, o) != 0 ||
	    json_object_set_new(v->seen, both, json_true()) != 0)
		return item_no_memory(err);
	return 0;
}

/* Set the subject of a report to what this version makes of its octets, which are not shown. */
static int set_subject(json_t *o, const json_t *meta)
{
	struct jm_buf text;
	bool any;
	int rc = 0;

	if (json_object_del(o, "original") != 0) /* no octets are kept */
		return 0;
	jm_buf_init(&text, JM_DESCRIBED_SUBJECT_BYTES);
	if (jm_described_subject(meta, &text, &any, NULL) == 0)
		rc = json_object_set_new(o, "subject", jm_json_text(jm_buf_span(&text)));
	jm_buf_release(&text);
	return rc;
}

static int add_report(struct view *v, const struct jm_stored_report *report, struct jm_err *err)
{
	const struct jm_record *r = &report->record;
	const json_t *meta = report->meta;
	json_t *o = json_pack("{s:I,s:I,s:I,s:I,s:I}", "seq", (json_int_t)r->head.seq, "time_ms",
	    (json_int_t)r->head.time_ms, "volume", (json_int_t)r->volume, "offset",
	    (json_int_t)r->offset, "stored_bytes", (json_int_t)jm_record_bytes(&r->head));
	const json_t *splice = json_object_get(meta, "splice");
	int rc;

	if (!o)
		return item_no_memory(err);
	rc = jm_json_time(o, "time_ms", "time");
	rc |= json_object_update(o, json_object_get(meta, "report"));
	rc |= json_object_update(o, json_object_get(meta, "arrival"));
	rc |= jm_json_time(o, "received_ms", "received");
	rc |= json_object_update(o, json_object_get(meta, "journal"));
	rc |= set_subject(o, meta);
	json_object_del(o, "recipients");
	if (splice)
		rc |= json_object_set_new(
		    o, "shares_with", json_incref(json_object_get(splice, "holder")));
	if (json_object_get(meta, "companion"))
		rc |= json_object_set(o, "companion", json_object_get(meta, "companion_kind"));
	rc |= json_array_append_new(v->reports, o);
	return rc == 0 ? 0 : item_no_memory(err);
}

/* Add a report that cannot be read, with its problem; the item is shown without its facts. */
static int add_unreadable(struct view *v, uint64_t seq, struct jm_err *err)
{
	json_t *o = json_pack(
	    "{s:I,s:o}", "seq", (json_int_t)seq, "problem", jm_json_text(jm_span_str(err->text)));

	v->damaged = true;
	return json_array_append_new(v->reports, o) == 0 ? 0 : item_no_memory(err);
}

static int view_report(struct jm_archive *a, struct view *v, uint64_t seq, struct jm_err *err)
{
	struct jm_stored_report r;
	int rc = -1;

	if (jm_reader_report(a, seq, &r, err) != 0) {
		jm_err_wrap(err, "report %" PRIu64, seq);
		return err->kind == JM_E_CORRUPT ? add_unreadable(v, seq, err) : -1;
	}
	if (add_report(v, &r, err) == 0 &&
	    add_content(v, seq, json_object_get(r.meta, "content"), err) == 0)
		rc = add_recipients(
		    v, seq, json_object_get(json_object_get(r.meta, "journal"), "recipients"), err);
	jm_stored_report_release(&r);
	return rc;
}

/* Add the reports of an item: its first one, then the others. */
static int view_reports(struct jm_archive *a, struct view *v, uint64_t id, struct jm_err *err)
{
	unsigned char prefix[8];
	struct jm_table_range range = { .table = JM_T_ITEM_REPORTS };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = view_report(a, v, id, err);

	if (rc != 0)
		return -1;
	jm_num_put_be64(prefix, id);
	range.prefix = jm_span_of(prefix, sizeof prefix);
	jm_cursor_start(&cursor, a, &range);
	while (rc == 0 && (rc = jm_cursor_next(&cursor, &row, err)) == 1)
		rc = view_report(a, v, jm_num_get_be64(row->key + 8), err);
	jm_cursor_end(&cursor);
	return rc;
}

int jm_item_read(struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err)
{
	struct view v;
	json_t *row = NULL;
	int rc = jm_reader_item(a, id, &row, err);

	if (rc <= 0)
		return rc < 0 ? -1
			      : jm_err_set(err, JM_E_NOTFOUND, "there is no item %" PRIu64, id);
	v = (struct view){ json_array(), json_object(), json_array(), json_array(), json_object(),
		false };
	rc = view_reports(a, &v, id, err);
	if (rc == 0 &&
	    (jm_row_show(row) | json_object_set(row, "recipients", v.recipients) |
		json_object_set(row, "reports", v.reports) |
		json_object_set(row, "contents", v.contents)) != 0)
		rc = item_no_memory(err);
	if (rc == 0 && v.damaged && json_object_set_new(row, "damaged", json_true()) != 0)
		rc = item_no_memory(err);
	json_decref(v.recipients);
	json_decref(v.index);
	json_decref(v.reports);
	json_decref(v.contents);
	json_decref(v.seen);
	if (rc != 0)
		json_decref(row);
	else
		*item_r = row;
	return rc;
}

int jm_archive_show(struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err)
{
	return jm_await_catalog(a, err) != 0 ? -1 : jm_item_read(a, id, item_r, err);
}

int jm_archive_item_of(struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err)
{
	struct jm_located at;
	int rc = jm_await_catalog(a, err) != 0 ? -1 : jm_reader_locate(a, seq, &at, err);

	if (rc == 1)
		*item_r = at.item;
	return rc;
}
