/* SPDX-License-Identifier: BSD-2-Clause */
/* Showing an item: the union of the facts in its reports, gathered from one after the other. */
#include "common/query/item.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/archive/await.h"
#include "common/archive/reader.h"
#include "common/catalog/row.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/json/write.h"
#include "common/mail/address_form.h"
#include "common/query/bcc.h"
#include "common/query/gather.h"
#include "common/query/reports.h"
#include "common/volume/metadata.h"

#define LEVEL_RECIPIENTS 1000u /* shown of a level around the innermost report */
#define ROW_MAX_BYTES (JM_RECORD_META_MAX * 4u)

struct jm_item {
	json_t *facts;
	/* recipients as the reports name them, by folded address; marked: openly, or with bcc */
	struct jm_gather list[JM_ITEM_LISTS];
	struct jm_gather hidden; /* the forms of the addresses of hidden recipients */
	struct jm_bcc_header header;
	struct jm_buf text; /* of the current row */
	bool bcc, damaged;
};

static int item_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for an item");
}

static int put_text(struct jm_item *v, enum jm_item_list list, struct jm_span key, const json_t *o,
    bool mark, struct jm_err *err)
{
	jm_buf_reset(&v->text);
	return jm_json_write(&v->text, o, err) != 0
	    ? -1
	    : jm_gather_add(&v->list[list], key, jm_buf_span(&v->text), mark, err);
}

/* Add a row, which is taken over; failed: it is not complete, for lack of memory. */
static int put_row(struct jm_item *v, enum jm_item_list list, struct jm_span key, json_t *o,
    int failed, struct jm_err *err)
{
	int rc = failed || !o ? item_no_memory(err) : put_text(v, list, key, o, false, err);

	json_decref(o);
	return rc;
}

/* Add a recipient as one report names it. */
static int add_recipient(struct jm_item *v, uint64_t seq, const json_t *r, struct jm_err *err)
{
	const json_t *address = json_object_get(r, "address");
	char *folded = jm_json_folded(jm_json_string_span(address));
	json_t *o = json_copy((json_t *)(uintptr_t)r);
	int open = v->bcc ? 1 : jm_bcc_is_open(&v->header, address, r, err), rc = -1;

	if (!folded || !o ||
	    json_object_set_new_nocheck(o, "seq", json_integer((json_int_t)seq)) != 0)
		item_no_memory(err);
	else if (open >= 0)
		rc = put_text(v, JM_ITEM_RECIPIENTS, jm_span_str(folded), o, open == 1, err);
	json_decref(o);
	free(folded);
	return rc;
}

static int add_recipients(struct jm_item *v, uint64_t seq, const json_t *list, struct jm_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		if (json_is_string(json_object_get(json_array_get(list, i), "address")))
			rc = add_recipient(v, seq, json_array_get(list, i), err);
	return rc;
}

static int add_content(struct jm_item *v, uint64_t seq, const json_t *c, struct jm_err *err)
{
	const char *sha256 = jm_json_str(c, "sha256"), *raw = jm_json_str(c, "raw_sha256");
	const json_t *cuts = json_object_get(c, "cuts");
	json_t *o, *removed;
	char both[2 * JM_SHA256_HEX_BYTES];
	uint32_t seen;
	int rc;

	if (!sha256 || !raw)
		return item_no_memory(err);
	snprintf(both, sizeof both, "%s%s", sha256, raw);
	rc = jm_gather_find(&v->list[JM_ITEM_CONTENTS], jm_span_str(both), &seen, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	removed = json_array();
	for (size_t i = 0; i < json_array_size(cuts); i++)
		rc |= json_array_append(removed, json_array_get(json_array_get(cuts, i), 2));
	o = json_pack("{s:O,s:O,s:O,s:O,s:o,s:I}", "sha256", json_object_get(c, "sha256"), "size",
	    json_object_get(c, "size"), "raw_sha256", json_object_get(c, "raw_sha256"), "raw_size",
	    json_object_get(c, "raw_size"), "removed_headers", removed, "seq", (json_int_t)seq);
	return put_row(v, JM_ITEM_CONTENTS, jm_span_str(both), o, rc, err);
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

/* Make the level as it is shown: not too many recipients, and without bcc no Bcc recipients. */
static json_t *level_row(struct jm_item *v, const json_t *level, struct jm_err *err)
{
	const json_t *list = json_object_get(level, "recipients");
	json_t *o = json_copy((json_t *)(uintptr_t)level), *kept = json_array();
	json_int_t hidden = 0, more = 0;
	int rc = o && kept ? 0 : item_no_memory(err);

	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		json_t *r = json_array_get(list, i);
		int open = v->bcc
		    ? 1
		    : jm_bcc_is_open(&v->header, json_object_get(r, "address"), r, err);

		hidden += open == 0;
		more += open == 1 && json_array_size(kept) == LEVEL_RECIPIENTS;
		if (open == 1 && json_array_size(kept) < LEVEL_RECIPIENTS &&
		    json_array_append(kept, r) != 0)
			open = item_no_memory(err);
		rc = open < 0 ? -1 : 0;
	}
	if (rc == 0 &&
	    (json_object_set(o, "recipients", kept) != 0 ||
		(!v->bcc &&
		    json_object_set_new(o, "hidden_recipients", json_integer(hidden)) != 0) ||
		(more > 0 && json_object_set_new(o, "more_recipients", json_integer(more)) != 0)))
		rc = item_no_memory(err);
	json_decref(kept);
	if (rc == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* Replace the levels of a report by their form for users. */
static int set_levels(struct jm_item *v, json_t *o, struct jm_err *err)
{
	const json_t *levels = json_object_get(o, "levels");
	json_t *rows;

	if (!levels)
		return 0;
	rows = json_array();
	for (size_t i = 0; rows && i < json_array_size(levels); i++)
		if (json_array_append_new(rows, level_row(v, json_array_get(levels, i), err)) !=
		    0) {
			json_decref(rows);
			return -1;
		}
	return json_object_set_new(o, "levels", rows) == 0 ? 0 : item_no_memory(err);
}

static int add_report(struct jm_item *v, const struct jm_stored_report *report, struct jm_err *err)
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
	if (set_levels(v, o, err) != 0) {
		json_decref(o);
		return -1;
	}
	if (splice)
		rc |= json_object_set_new(
		    o, "shares_with", json_incref(json_object_get(splice, "holder")));
	if (json_object_get(meta, "companion"))
		rc |= json_object_set(o, "companion", json_object_get(meta, "companion_kind"));
	return put_row(
	    v, JM_ITEM_REPORTS, jm_span_of(&r->head.seq, sizeof r->head.seq), o, rc, err);
}

static int add_facts(void *ctx, uint64_t seq, const struct jm_stored_report *report,
    const char *problem, struct jm_err *err)
{
	const json_t *meta = report ? report->meta : NULL;
	struct jm_item *v = ctx;

	if (!report) { /* the item is shown without its facts */
		v->damaged = true;
		return put_row(v, JM_ITEM_REPORTS, jm_span_of(&seq, sizeof seq),
		    json_pack("{s:I,s:o}", "seq", (json_int_t)seq, "problem",
			jm_json_text(jm_span_str(problem))),
		    0, err);
	}
	if (add_report(v, report, err) != 0 ||
	    add_content(v, seq, json_object_get(meta, "content"), err) != 0)
		return -1;
	return add_recipients(
	    v, seq, json_object_get(json_object_get(meta, "journal"), "recipients"), err);
}

/* ---- Bcc ---- */

/* Is the recipient of the chain that begins at i named openly by a report? */
static bool chain_is_open(const struct jm_gather *g, uint32_t i)
{
	while (i != JM_GATHER_NONE && !jm_gather_mark(g, i))
		i = jm_gather_next(g, i);
	return i != JM_GATHER_NONE;
}

static int row_of(
    struct jm_item *v, enum jm_item_list list, uint32_t i, json_t **o_r, struct jm_err *err)
{
	struct jm_span text;

	return jm_gather_text(&v->list[list], i, &text, err) != 0
	    ? -1
	    : jm_json_read(text.p, text.len, o_r, err);
}

/* Find the recipients that no report names openly. Sets "hidden_recipients" to their number. */
static int find_hidden(struct jm_item *v, struct jm_err *err)
{
	const struct jm_gather *g = &v->list[JM_ITEM_RECIPIENTS];
	json_int_t n = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		json_t *o = NULL;
		char *form;
		int rc;

		if (!jm_gather_is_first(g, i) || chain_is_open(g, i))
			continue;
		if (row_of(v, JM_ITEM_RECIPIENTS, i, &o, err) != 0)
			return -1;
		form = jm_address_form_name(jm_json_span(o, "address"));
		rc = form
		    ? jm_gather_add(&v->hidden, jm_span_str(form), jm_span_str(""), false, err)
		    : item_no_memory(err);
		free(form);
		json_decref(o);
		if (rc != 0)
			return -1;
		n += jm_gather_is_first(&v->hidden, v->hidden.n - 1);
	}
	return json_object_set_new(v->facts, "hidden_recipients", json_integer(n)) == 0
	    ? 0
	    : item_no_memory(err);
}

/* Remove hidden recipients from the facts of the arrival, which also have the gateway's recipients.
 */
static int hide_arrival(struct jm_item *v, json_t *report, struct jm_err *err)
{
	json_t *to = json_object_get(report, "rcpt_to");
	uint32_t found;

	for (size_t k = json_array_size(to); k > 0; k--) {
		char *form = jm_address_form_name(jm_json_string_span(json_array_get(to, k - 1)));
		int rc = form ? jm_gather_find(&v->hidden, jm_span_str(form), &found, err)
			      : item_no_memory(err);

		free(form);
		if (rc < 0)
			return -1;
		if (rc == 1)
			(void)json_array_remove(to, k - 1);
	}
	return 0;
}

/* ---- the item ---- */

static int gather(struct jm_archive *a, uint64_t id, struct jm_item *v, struct jm_err *err)
{
	int rc = jm_reader_item(a, id, &v->facts, err);

	if (rc == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no item %" PRIu64, id);
	if (rc < 0 || jm_reports_visit(a, id, add_facts, v, err) != 0)
		return -1;
	if (jm_row_show(v->facts) != 0 ||
	    (v->damaged && json_object_set_new(v->facts, "damaged", json_true()) != 0))
		return item_no_memory(err);
	return v->bcc ? 0 : find_hidden(v, err);
}

int jm_item_open(
    struct jm_archive *a, uint64_t id, bool bcc, struct jm_item **item_r, struct jm_err *err)
{
	struct jm_item *v;

	if (jm_await_catalog(a, err) != 0)
		return -1;
	v = calloc(1, sizeof *v);
	if (!v)
		return item_no_memory(err);
	v->bcc = bcc;
	v->header = (struct jm_bcc_header){ .a = a, .id = id };
	jm_buf_init(&v->text, ROW_MAX_BYTES);
	for (int i = 0; i < JM_ITEM_LISTS; i++)
		jm_gather_init(&v->list[i], jm_archive_tmp_dir(a));
	jm_gather_init(&v->hidden, jm_archive_tmp_dir(a));
	if (gather(a, id, v, err) != 0) {
		jm_item_close(&v);
		return -1;
	}
	*item_r = v;
	return 0;
}

void jm_item_close(struct jm_item **item)
{
	struct jm_item *v = *item;

	if (!v)
		return;
	for (int i = 0; i < JM_ITEM_LISTS; i++)
		jm_gather_release(&v->list[i]);
	jm_gather_release(&v->hidden);
	jm_bcc_header_release(&v->header);
	jm_buf_release(&v->text);
	json_decref(v->facts);
	free(v);
	*item = NULL;
}

json_t *jm_item_facts(struct jm_item *item)
{
	return item->facts;
}

const char *jm_item_list_name(enum jm_item_list list)
{
	static const char *const names[JM_ITEM_LISTS] = { "recipients", "reports", "contents" };

	return names[list];
}

/* Make the row of a recipient: all the ways in which reports name it openly. NULL without one. */
static int recipient_row(struct jm_item *v, uint32_t i, json_t **row_r, struct jm_err *err)
{
	const struct jm_gather *g = &v->list[JM_ITEM_RECIPIENTS];
	json_t *row = NULL, *o;

	*row_r = NULL;
	for (; i != JM_GATHER_NONE; i = jm_gather_next(g, i)) {
		if (row && !jm_gather_mark(g, i))
			continue;
		if (row_of(v, JM_ITEM_RECIPIENTS, i, &o, err) != 0)
			goto fail;
		if (!row)
			row = json_pack(
			    "{s:O,s:[]}", "address", json_object_get(o, "address"), "reports");
		if (!jm_gather_mark(g, i)) {
			json_decref(o);
			continue;
		}
		(void)json_object_del(o, "address");
		if (json_array_append_new(json_object_get(row, "reports"), o) != 0) {
			item_no_memory(err);
			goto fail;
		}
	}
	*row_r = row;
	return 0;
fail:
	json_decref(row);
	return -1;
}

int jm_item_rows(struct jm_item *v, enum jm_item_list list, jm_archive_visit *visit, void *ctx,
    struct jm_err *err)
{
	const struct jm_gather *g = &v->list[list];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < g->n; i++) {
		json_t *row = NULL;

		if (!jm_gather_is_first(g, i) ||
		    (list == JM_ITEM_RECIPIENTS && !chain_is_open(g, i)))
			continue;
		rc = list == JM_ITEM_RECIPIENTS ? recipient_row(v, i, &row, err)
						: row_of(v, list, i, &row, err);
		if (rc == 0 && list == JM_ITEM_REPORTS && !v->bcc)
			rc = hide_arrival(v, row, err);
		if (rc == 0)
			rc = visit(ctx, row, err);
		json_decref(row);
	}
	return rc;
}

int jm_archive_item_of(struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err)
{
	struct jm_located at;
	int rc = jm_await_catalog(a, err) != 0 ? -1 : jm_reader_locate(a, seq, &at, err);

	if (rc == 1)
		*item_r = at.item;
	return rc;
}
