/* SPDX-License-Identifier: BSD-2-Clause */
/* Dumping one record after the other, past damage. */
#include "common/upkeep/dump.h"

#include <stdlib.h>
#include <string.h>

#include "common/archive/await.h"
#include "common/archive/content.h"
#include "common/archive/reader.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/json/read.h"
#include "common/json/write.h"
#include "common/json/value.h"
#include "common/upkeep/record_type.h"
#include "common/volume/walk.h"

struct dump {
	struct jm_archive *a;
	jm_archive_visit *visit;
	jm_archive_sink *sink;
	void *ctx;
	uint64_t durable, records, reports, bytes, problems, last_seq;
};

static int dump_visit(struct dump *d, json_t *o, struct jm_err *err)
{
	int rc = o ? d->visit(d->ctx, o, err) : jm_err_set(err, JM_E_TEMP, "no memory for a dump");

	json_decref(o);
	return rc;
}

static int dump_damage(void *ctx, const struct jm_damage *x, struct jm_err *err)
{
	struct dump *d = ctx;

	d->problems++;
	return dump_visit(d,
	    json_pack("{s:s,s:I,s:I,s:I,s:o}", "dump", "damage", "seq", (json_int_t)x->seq,
		"volume", (json_int_t)x->at.volume, "offset", (json_int_t)x->at.offset, "problem",
		jm_json_text(jm_span_str(x->problem))),
	    err);
}

/* Handle a record that cannot be dumped: report damage; other errors end the dump. */
static int record_damage(
    struct dump *d, const struct jm_record *r, const struct jm_err *cause, struct jm_err *err)
{
	const struct jm_damage x = { r->head.seq, { r->volume, r->offset }, cause->text };

	if (cause->kind == JM_E_CORRUPT || cause->kind == JM_E_NOTFOUND)
		return dump_damage(d, &x, err);
	*err = *cause;
	return -1;
}

/* Get the number of the first report of the item with these archived bytes, which becomes part of
 * their file's name. *seq_r: the report; it stays when the catalog does not have it. */
static int first_with(struct dump *d, const unsigned char *sha256, uint64_t *seq_r,
    uint64_t *item_r, struct jm_err *err)
{
	unsigned char key[8 + JM_SHA256_BYTES] = { 0 };
	const struct jm_table_range range = { .table = JM_T_ITEM_CONTENTS,
		.prefix = jm_span_of(key, sizeof key) };
	char hex[JM_SHA256_HEX_BYTES];
	json_t *row = NULL, *one = NULL;
	struct jm_page page = { .n = 0 };
	struct jm_located at;
	const char *first;
	int rc;

	*item_r = 0;
	if ((rc = jm_reader_locate(d->a, *seq_r, &at, err)) != 1)
		return rc;
	*item_r = at.item;
	if ((rc = jm_reader_item(d->a, at.item, &row, err)) != 1)
		return rc;
	first = jm_json_str(row, "sha256");
	if (first && strcmp(first, jm_sha256_hex(sha256, hex)) == 0) {
		*seq_r = at.item;
		rc = 0;
		goto out;
	}
	jm_num_put_be64(key, at.item);
	memcpy(key + 8, sha256, JM_SHA256_BYTES);
	rc = jm_reader_page(d->a, &range, &page, err);
	if (rc == 0 && page.n > 0)
		rc = jm_json_read(page.row[0].value, page.row[0].value_n, &one, err);
	if (rc == 0 && jm_json_int(one, "seq") > 0)
		*seq_r = jm_json_u64(one, "seq");
	json_decref(one);
	jm_page_release(&page);
out:
	json_decref(row);
	return rc;
}

/* A record as it is dumped, besides its metadata. */
struct dumped {
	struct jm_span received; /* of a report; else none */
	uint64_t item, message_seq, message_bytes;
};

static int put_record(struct dump *d, const struct jm_record *r, const char *text,
    const struct dumped *x, struct jm_err *err)
{
	char time[JM_CLOCK_TEXT_BYTES];
	json_t *o = json_pack("{s:s,s:I,s:s,s:o,s:I,s:I}", "dump", "record", "seq",
	    (json_int_t)r->head.seq, "time", jm_clock_format(r->head.time_ms, time), "type",
	    jm_record_type_json(r->head.type), "metadata_bytes", (json_int_t)strlen(text),
	    "report_bytes", (json_int_t)x->received.len);

	if (o && r->head.type == JM_RECORD_REPORT) {
		int rc = x->item == 0
		    ? 0
		    : json_object_set_new(o, "item", json_integer((json_int_t)x->item));

		rc |= json_object_set_new(
			  o, "message_seq", json_integer((json_int_t)x->message_seq)) |
		    json_object_set_new(
			o, "message_bytes", json_integer((json_int_t)x->message_bytes));
		if (rc != 0) {
			json_decref(o);
			return jm_err_set(err, JM_E_TEMP, "no memory for a dump");
		}
	}
	d->records++;
	d->last_seq = r->head.seq;
	if (dump_visit(d, o, err) < 0 || d->sink(d->ctx, text, strlen(text), err) < 0)
		return -1;
	return x->received.len == 0 ? 0 : d->sink(d->ctx, x->received.p, x->received.len, err);
}

static int text_without_splice(const char *meta, size_t n, struct jm_buf *text, struct jm_err *err)
{
	json_t *o;
	int rc;

	if (jm_json_read(meta, n, &o, err) != 0)
		return -1;
	json_object_del(o, "splice");
	rc = jm_json_write(text, o, err);
	json_decref(o);
	return rc;
}

static int put_loaded(struct dump *d, struct jm_loaded *l, const struct jm_raw *raw,
    const char *text, struct jm_err *err)
{
	const struct jm_described *c = &raw->described;
	const struct jm_record *r = &l->report.record;
	bool same = raw->bytes.len == l->received.len && c->cuts_n == 0;
	struct dumped x = { .received = l->received, .message_bytes = same ? 0 : c->bytes };
	struct jm_err cause;
	int rc;

	x.message_seq = r->head.seq;
	/* Without a good row in the catalog it is the report itself. */
	if (first_with(d, c->sha256, &x.message_seq, &x.item, &cause) < 0 &&
	    cause.kind != JM_E_CORRUPT) {
		*err = cause;
		return -1;
	}
	rc = put_record(d, r, text, &x, err);
	if (rc == 0 && !same)
		rc = jm_raw_put(raw, false, d->sink, d->ctx, err);
	d->reports++;
	d->bytes += l->received.len;
	return rc;
}

static int put_report(
    struct dump *d, const struct jm_record *r, const char *text, struct jm_err *err)
{
	const struct jm_place at = { r->volume, r->offset };
	struct jm_loaded l;
	struct jm_raw raw;
	struct jm_err cause;
	int rc;

	if (jm_content_load_at(d->a, &at, &l, &cause) != 0)
		return record_damage(d, r, &cause, err);
	if (jm_content_raw(&l, "content", &raw, &cause) != 0) {
		jm_loaded_release(&l);
		return record_damage(d, r, &cause, err);
	}
	rc = put_loaded(d, &l, &raw, text, err);
	jm_raw_release(&raw);
	jm_loaded_release(&l);
	return rc < 0 ? -1 : 0;
}

static int dump_record(void *ctx, const struct jm_record *r, struct jm_err *err)
{
	const struct dumped nothing = { .item = 0 };
	struct dump *d = ctx;
	struct jm_err cause;
	struct jm_buf b;
	const char *text;
	int rc;

	if (r->head.seq > d->durable)
		return 1;
	jm_buf_init(&b, JM_RECORD_META_MAX);
	rc = text_without_splice((const char *)r->meta, r->head.meta_bytes, &b, &cause);
	text = jm_buf_str(&b);
	if (rc != 0)
		rc = record_damage(d, r, &cause, err);
	else if (r->head.type == JM_RECORD_REPORT)
		rc = put_report(d, r, text, err);
	else
		rc = put_record(d, r, text, &nothing, err);
	jm_buf_release(&b);
	return rc;
}

int jm_archive_dump(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	struct dump d = { .a = a, .visit = on_object, .sink = sink, .ctx = ctx };
	const struct jm_walk w = {
		.since = since_seq, .record = dump_record, .damage = dump_damage, .ctx = &d
	};
	char uuid[2 * JM_UUID_BYTES + 1];

	if (jm_await_catalog(a, err) != 0)
		return -1;
	d.durable = jm_reader_durable_seq(a);
	jm_volumes_uuid_text(jm_archive_volumes(a), uuid);
	if (dump_visit(&d,
		json_pack("{s:s,s:i,s:s,s:I}", "dump", "begin", "format", JM_FORMAT_VERSION, "uuid",
		    uuid, "last_seq", (json_int_t)d.durable),
		err) < 0 ||
	    jm_volumes_walk(jm_archive_volumes(a), &w, err) != 0)
		return -1;
	return dump_visit(&d,
	    json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:I}", "dump", "end", "ok", d.problems == 0,
		"records", (json_int_t)d.records, "reports", (json_int_t)d.reports, "bytes",
		(json_int_t)d.bytes, "problems", (json_int_t)d.problems, "last_seq",
		(json_int_t)d.last_seq),
	    err);
}
