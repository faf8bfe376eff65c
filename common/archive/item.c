/* SPDX-License-Identifier: BSD-2-Clause */
/* One item: shown with everything that is known of it, and its exact bytes. What it shows is read
 * from the records, not from the catalog. */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/num.h"

static int no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for an item");
}

/* The record's metadata, from its volume; caller owns *meta_r. */
static int read_meta(
    struct jm_archive *a, uint64_t seq, struct jm_record *r, json_t **meta_r, struct jm_err *err)
{
	uint64_t volume, offset, item;
	int fd, rc = jm_reader_locate(a, seq, &volume, &offset, &item, err);

	if (rc == 0)
		return jm_err_set(err, JM_E_CORRUPT, "catalog: report %" PRIu64 " is missing", seq);
	if (rc < 0 || jm_reader_open_volume(a, volume, &fd, err) < 0)
		return -1;
	rc = jm_volume_read(fd, a->uuid, volume, offset, jm_reader_volume_end(a, volume), r, err);
	close(fd);
	if (rc < 0)
		return jm_err_wrap(err, "report %" PRIu64, seq);
	rc = jm_json_read(r->meta, r->head.meta_bytes, meta_r, err);
	if (rc == 0 && r->head.seq != seq)
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "report %" PRIu64 " stands elsewhere than the catalog says", seq);
	if (rc < 0) {
		json_decref(*meta_r);
		jm_record_release(r);
	}
	return rc;
}

/* ---- show ---- */

struct view {
	json_t *recipients, *index; /* in order; folded address to entry */
	json_t *reports, *contents;
	json_t *seen; /* contents by digests */
	bool damaged; /* a report could not be read */
};

char *jm_item_folded(struct jm_span s)
{
	char *folded = malloc(s.len + 1);

	if (!folded)
		return NULL;
	for (size_t i = 0; i < s.len; i++)
		folded[i] = (char)jm_lower(s.p[i]);
	folded[s.len] = '\0';
	return folded;
}

static json_t *entry_of(struct view *v, const json_t *address)
{
	char *folded = jm_item_folded(
	    jm_span_of(json_string_value(address), json_string_length(address)));
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
			return no_memory(err);
		}
		if (json_array_append_new(json_object_get(e, "reports"), named) != 0)
			return no_memory(err);
	}
	return 0;
}

static int add_content(struct view *v, uint64_t seq, const json_t *c, struct jm_err *err)
{
	const char *sha256 = json_string_value(json_object_get(c, "sha256")),
		   *raw = json_string_value(json_object_get(c, "raw_sha256"));
	json_t *o, *removed = json_array();
	const json_t *cuts = json_object_get(c, "cuts");
	char both[2 * JM_SHA256_HEX_BYTES];

	if (!sha256 || !raw || !removed)
		return no_memory(err);
	snprintf(both, sizeof both, "%s%s", sha256, raw);
	if (json_object_get(v->seen, both)) {
		json_decref(removed);
		return 0;
	}
	for (size_t i = 0; i < json_array_size(cuts); i++)
		(void)json_array_append(removed, json_array_get(json_array_get(cuts, i), 2));
	o = json_pack("{s:O,s:O,s:O,s:O,s:o,s:I}", "sha256", json_object_get(c, "sha256"), "size",
	    json_object_get(c, "size"), "raw_sha256", json_object_get(c, "raw_sha256"), "raw_size",
	    json_object_get(c, "raw_size"), "removed_headers", removed, "seq", (json_int_t)seq);
	if (!o || json_array_append_new(v->contents, o) != 0 ||
	    json_object_set_new(v->seen, both, json_true()) != 0)
		return no_memory(err);
	return 0;
}

static int add_report(
    struct view *v, const struct jm_record *r, const json_t *meta, struct jm_err *err)
{
	json_t *o = json_pack("{s:I,s:I,s:I,s:I,s:I}", "seq", (json_int_t)r->head.seq, "time_ms",
	    (json_int_t)r->head.time_ms, "volume", (json_int_t)r->volume, "offset",
	    (json_int_t)r->offset, "stored_bytes", (json_int_t)jm_record_bytes(&r->head));
	const json_t *splice = json_object_get(meta, "splice");
	int rc;

	if (!o)
		return no_memory(err);
	rc = jm_reader_time(o, "time_ms", "time");
	rc |= json_object_update(o, json_object_get(meta, "report"));
	rc |= json_object_update(o, json_object_get(meta, "arrival"));
	rc |= jm_reader_time(o, "received_ms", "received");
	rc |= json_object_update(o, json_object_get(meta, "journal"));
	(void)json_object_del(o, "recipients");
	if (splice)
		rc |= json_object_set_new(
		    o, "shares_with", json_incref(json_object_get(splice, "holder")));
	if (json_object_get(meta, "companion"))
		rc |= json_object_set(o, "companion", json_object_get(meta, "companion_kind"));
	rc |= json_array_append_new(v->reports, o);
	return rc == 0 ? 0 : no_memory(err);
}

static int view_report(struct jm_archive *a, struct view *v, uint64_t seq, struct jm_err *err)
{
	struct jm_record r;
	json_t *meta = NULL;
	int rc = -1;

	if (read_meta(a, seq, &r, &meta, err) < 0) {
		if (err->kind != JM_E_CORRUPT)
			return -1;
		v->damaged = true; /* say which, and go on with what can be read */
		return json_array_append_new(v->reports,
			   json_pack("{s:I,s:o}", "seq", (json_int_t)seq, "problem",
			       jm_describe_text(jm_span_str(err->text)))) == 0
		    ? 0
		    : no_memory(err);
	}
	if (add_report(v, &r, meta, err) == 0 &&
	    add_content(v, seq, json_object_get(meta, "content"), err) == 0)
		rc = add_recipients(
		    v, seq, json_object_get(json_object_get(meta, "journal"), "recipients"), err);
	json_decref(meta);
	jm_record_release(&r);
	return rc;
}

/* The reports of an item behind its first, page by page. */
static int each_report(struct jm_archive *a, struct view *v, uint64_t id, struct jm_err *err)
{
	unsigned char at[16];
	struct jm_page page;
	int rc = view_report(a, v, id, err);

	jm_num_put_be64(at, id);
	jm_num_put_be64(at + 8, 0);
	while (rc == 0) {
		rc = jm_reader_page(a, JM_T_ITEM_REPORTS, jm_span_of(at, 8),
		    jm_span_of(at, sizeof at), false, &page, err);
		if (rc < 0 || page.n == 0)
			break;
		for (size_t i = 0; i < page.n && rc == 0; i++)
			rc = view_report(a, v, jm_num_get_be64(page.row[i].key + 8), err);
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		jm_page_release(&page);
	}
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
	rc = each_report(a, &v, id, err);
	if (rc == 0 &&
	    (jm_row_show(row) | json_object_set(row, "recipients", v.recipients) |
		json_object_set(row, "reports", v.reports) |
		json_object_set(row, "contents", v.contents)) != 0)
		rc = no_memory(err);
	if (rc == 0 && v.damaged && json_object_set_new(row, "damaged", json_true()) != 0)
		rc = no_memory(err);
	json_decref(v.recipients);
	json_decref(v.index);
	json_decref(v.reports);
	json_decref(v.contents);
	json_decref(v.seen);
	if (rc < 0)
		json_decref(row);
	else
		*item_r = row;
	return rc;
}

int jm_archive_show(struct jm_archive *a, uint64_t id, json_t **item_r, struct jm_err *err)
{
	return jm_applier_wait(a, err) < 0 ? -1 : jm_item_read(a, id, item_r, err);
}

int jm_archive_item_of(struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err)
{
	uint64_t volume, offset;

	return jm_applier_wait(a, err) < 0
	    ? -1
	    : jm_reader_locate(a, seq, &volume, &offset, item_r, err);
}

/* ---- export ---- */

/* The record that has report number which of the item. 1, 0, -1. */
static int find_report(
    struct jm_archive *a, uint64_t id, unsigned which, uint64_t *seq_r, struct jm_err *err)
{
	unsigned char at[16];
	struct jm_page page;
	unsigned n = 0;

	*seq_r = id;
	jm_num_put_be64(at, id);
	jm_num_put_be64(at + 8, 0);
	while (n < which) {
		if (jm_reader_page(a, JM_T_ITEM_REPORTS, jm_span_of(at, 8),
			jm_span_of(at, sizeof at), false, &page, err) < 0)
			return -1;
		if (page.n == 0)
			return 0;
		for (size_t i = 0; i < page.n && n < which; i++, n++)
			*seq_r = jm_num_get_be64(page.row[i].key + 8);
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		jm_page_release(&page);
	}
	return 1;
}

/* The record that has content number which of the item. 1, 0, -1. */
static int find_content(
    struct jm_archive *a, uint64_t id, unsigned which, uint64_t *seq_r, struct jm_err *err)
{
	unsigned char at[8 + 2 * JM_SHA256_BYTES] = { 0 };
	struct jm_page page;
	bool found = which == 0;

	*seq_r = id;
	jm_num_put_be64(at, id);
	while (!found) {
		if (jm_reader_page(a, JM_T_ITEM_CONTENTS, jm_span_of(at, 8),
			jm_span_of(at, sizeof at), false, &page, err) < 0)
			return -1;
		if (page.n == 0)
			return 0;
		for (size_t i = 0; i < page.n && !found; i++) {
			json_t *row = jm_json_row(page.row[i].value, page.row[i].value_n);

			found = json_integer_value(json_object_get(row, "n")) == (json_int_t)which;
			*seq_r = (uint64_t)json_integer_value(json_object_get(row, "seq"));
			json_decref(row);
		}
		memcpy(at, page.row[page.n - 1].key, sizeof at);
		jm_page_release(&page);
	}
	return 1;
}

static int export_content(
    struct jm_loaded *l, bool raw, jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	struct jm_described c;
	struct jm_span bytes;
	void *owned;
	size_t at = 0;
	int rc = 0;

	if (jm_content_raw(l, "content", &c, &bytes, &owned, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && !raw && i < c.cuts_n; i++) {
		if (c.cuts[i].off > at)
			rc = sink(ctx, bytes.p + at, c.cuts[i].off - at, err);
		at = c.cuts[i].off + c.cuts[i].len;
	}
	if (rc == 0 && at < bytes.len)
		rc = sink(ctx, bytes.p + at, bytes.len - at, err);
	jm_described_release(&c);
	free(owned);
	return rc;
}

int jm_archive_export(struct jm_archive *a, uint64_t id, enum jm_export what, unsigned which,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	struct jm_loaded l;
	uint64_t seq;
	json_t *row = NULL;
	int rc;

	if (jm_applier_wait(a, err) < 0)
		return -1;
	rc = jm_reader_item(a, id, &row, err);
	json_decref(row);
	if (rc <= 0)
		return rc < 0 ? -1
			      : jm_err_set(err, JM_E_NOTFOUND, "there is no item %" PRIu64, id);
	rc = what == JM_EXPORT_REPORT ? find_report(a, id, which, &seq, err)
				      : find_content(a, id, which, &seq, err);
	if (rc <= 0)
		return rc < 0
		    ? -1
		    : jm_err_set(err, JM_E_NOTFOUND, "item %" PRIu64 " has no %s number %u", id,
			  what == JM_EXPORT_REPORT ? "report" : "content", which + 1);
	if (jm_content_load(a, seq, &l, err) < 0)
		return -1;
	if (what == JM_EXPORT_REPORT)
		rc = l.received.len > 0 ? sink(ctx, l.received.p, l.received.len, err) : 0;
	else
		rc = export_content(&l, what == JM_EXPORT_RAW, sink, ctx, err);
	jm_loaded_release(&l);
	return rc < 0 ? -1 : 0;
}
