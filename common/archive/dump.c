/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an archive holds, record by record, for a copy that needs nothing of us: metadata, the
 * message as received, the message as archived. The files and the manifest are made by
 * milter/ctl/files/dump.c; load.c is the way back.
 */
#include "common/archive/store.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/num.h"

struct dump {
	struct jm_archive *a;
	jm_archive_visit *visit;
	jm_archive_sink *sink;
	void *ctx;
	uint64_t durable, records, reports, bytes, problems, last_seq;
};

static const char *const names[] = { [JM_RECORD_REPORT] = "report",
	[JM_RECORD_EVENT] = "event",
	[JM_RECORD_SEAL] = "seal",
	[JM_RECORD_FORGET] = "forget",
	[JM_RECORD_CHANGE] = "change",
	[JM_RECORD_TALLY] = "attempts" };

#define NAMES (sizeof names / sizeof *names)

json_t *jm_dump_type(unsigned type)
{
	return type < NAMES && names[type] ? json_string(names[type])
					   : json_integer((json_int_t)type);
}

int jm_dump_type_of(const json_t *type)
{
	const char *name = json_string_value(type);

	if (json_is_integer(type) && json_integer_value(type) > 0 && json_integer_value(type) < 256)
		return (int)json_integer_value(type);
	for (size_t i = 0; name && i < NAMES; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

static int visit(struct dump *d, json_t *o, struct jm_err *err)
{
	int rc = o ? d->visit(d->ctx, o, err) : jm_err_set(err, JM_E_TEMP, "no memory for a dump");

	json_decref(o);
	return rc;
}

static int damage(void *ctx, uint64_t seq, uint64_t volume, uint64_t offset, const char *problem,
    struct jm_err *err)
{
	struct dump *d = ctx;

	d->problems++;
	return visit(d,
	    json_pack("{s:s,s:I,s:I,s:I,s:o}", "dump", "damage", "seq", (json_int_t)seq, "volume",
		(json_int_t)volume, "offset", (json_int_t)offset, "problem",
		jm_describe_text(jm_span_str(problem))),
	    err);
}

/* The message as archived: raw without the cuts. */
static int put_message(
    struct dump *d, struct jm_span raw, const struct jm_described *c, struct jm_err *err)
{
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i <= c->cuts_n; i++) {
		size_t end = i < c->cuts_n ? c->cuts[i].off : raw.len;

		if (end > at)
			rc = d->sink(d->ctx, raw.p + at, end - at, err);
		at = end + (i < c->cuts_n ? c->cuts[i].len : 0);
	}
	return rc;
}

/* The first report of its item with these archived bytes: its number is in the name of their file.
 */
static uint64_t first_with(
    struct jm_archive *a, const unsigned char *sha256, uint64_t seq, uint64_t *item_r)
{
	unsigned char key[8 + JM_SHA256_BYTES];
	char hex[JM_SHA256_HEX_BYTES];
	uint64_t volume, offset;
	const char *first;
	struct jm_page page;
	json_t *row = NULL;
	struct jm_err no;

	*item_r = 0;
	if (jm_reader_locate(a, seq, &volume, &offset, item_r, &no) != 1)
		return seq;
	jm_num_put_be64(key, *item_r);
	if (jm_reader_item(a, *item_r, &row, &no) != 1)
		return seq;
	first = json_string_value(json_object_get(row, "sha256"));
	if (first && strcmp(first, jm_sha256_hex(sha256, hex)) == 0) {
		seq = *item_r;
	} else {
		memcpy(key + 8, sha256, JM_SHA256_BYTES);
		if (jm_reader_page(a, JM_T_ITEM_CONTENTS, jm_span_of(key, sizeof key),
			jm_span_of(NULL, 0), false, &page, &no) == 0 &&
		    page.n > 0) {
			json_t *one = jm_json_row(page.row[0].value, page.row[0].value_n);

			if (json_integer_value(json_object_get(one, "seq")) > 0)
				seq = (uint64_t)json_integer_value(json_object_get(one, "seq"));
			json_decref(one);
		}
		jm_page_release(&page);
	}
	json_decref(row);
	return seq;
}

static int put_record(struct dump *d, const struct jm_record *r, const char *text,
    struct jm_span received, uint64_t item, uint64_t message_seq, uint64_t message_bytes,
    struct jm_err *err)
{
	char time[JM_CLOCK_TEXT_BYTES];
	json_t *o = json_pack("{s:s,s:I,s:s,s:o,s:I,s:I}", "dump", "record", "seq",
	    (json_int_t)r->head.seq, "time", jm_clock_format(r->head.time_ms, time), "type",
	    jm_dump_type(r->head.type), "metadata_bytes", (json_int_t)strlen(text), "report_bytes",
	    (json_int_t)received.len);

	if (o && r->head.type == JM_RECORD_REPORT) {
		if (item != 0)
			(void)json_object_set_new(o, "item", json_integer((json_int_t)item));
		(void)json_object_set_new(o, "message_seq", json_integer((json_int_t)message_seq));
		(void)json_object_set_new(
		    o, "message_bytes", json_integer((json_int_t)message_bytes));
	}
	d->records++;
	d->last_seq = r->head.seq;
	if (visit(d, o, err) < 0 || d->sink(d->ctx, text, strlen(text), err) < 0)
		return -1;
	return received.len == 0 ? 0 : d->sink(d->ctx, received.p, received.len, err);
}

static char *text_without_splice(const char *meta, size_t n, struct jm_err *err)
{
	json_t *o;
	char *text;

	if (jm_json_read(meta, n, &o, err) < 0)
		return NULL;
	(void)json_object_del(o, "splice");
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (!text)
		(void)jm_err_set(err, JM_E_TEMP, "no memory for a dump");
	return text;
}

static int put_report(
    struct dump *d, const struct jm_record *r, const char *text, struct jm_err *err)
{
	struct jm_described c = { .cuts = NULL };
	struct jm_span raw;
	struct jm_loaded l;
	struct jm_err why;
	uint64_t item, seq;
	void *owned = NULL;
	bool same;
	int rc;

	if (jm_content_load_at(d->a, r->volume, r->offset, &l, &why) < 0) {
		if (why.kind == JM_E_CORRUPT || why.kind == JM_E_NOTFOUND)
			return damage(d, r->head.seq, r->volume, r->offset, why.text, err);
		*err = why;
		return -1;
	}
	if (jm_content_raw(&l, "content", &c, &raw, &owned, &why) < 0) {
		jm_loaded_release(&l);
		if (why.kind == JM_E_CORRUPT)
			return damage(d, r->head.seq, r->volume, r->offset, why.text, err);
		*err = why;
		return -1;
	}
	same = raw.len == l.received.len && c.cuts_n == 0;
	seq = first_with(d->a, c.sha256, r->head.seq, &item);
	rc = put_record(d, r, text, l.received, item, seq, same ? 0 : c.bytes, err);
	if (rc == 0 && !same)
		rc = put_message(d, raw, &c, err);
	d->reports++;
	d->bytes += l.received.len;
	jm_described_release(&c);
	free(owned);
	jm_loaded_release(&l);
	return rc < 0 ? -1 : 0;
}

static int record(void *ctx, int fd, const struct jm_record *r, struct jm_err *err)
{
	struct dump *d = ctx;
	struct jm_err why;
	char *text;
	int rc;

	(void)fd;
	if (r->head.seq > d->durable)
		return 1;
	text = text_without_splice((const char *)r->meta, r->head.meta_bytes, &why);
	if (!text && why.kind == JM_E_CORRUPT)
		return damage(d, r->head.seq, r->volume, r->offset, why.text, err);
	if (!text) {
		*err = why;
		return -1;
	}
	rc = r->head.type == JM_RECORD_REPORT
	    ? put_report(d, r, text, err)
	    : put_record(d, r, text, jm_span_of(NULL, 0), 0, 0, 0, err);
	free(text);
	return rc;
}

int jm_archive_dump(struct jm_archive *a, uint64_t since_seq, jm_archive_visit *on_object,
    jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	struct dump d = { .a = a, .visit = on_object, .sink = sink, .ctx = ctx };
	const struct jm_walk w = {
		.since = since_seq, .record = record, .damage = damage, .ctx = &d
	};
	char uuid[2 * JM_UUID_BYTES + 1];

	if (jm_applier_wait(a, err) < 0)
		return -1;
	pthread_mutex_lock(&a->lock);
	d.durable = a->durable_seq;
	pthread_mutex_unlock(&a->lock);
	jm_archive_uuid_text(a, uuid);
	if (visit(&d,
		json_pack("{s:s,s:i,s:s,s:I}", "dump", "begin", "format", JM_FORMAT_VERSION, "uuid",
		    uuid, "last_seq", (json_int_t)d.durable),
		err) < 0 ||
	    jm_volumes_walk(a, &w, err) < 0)
		return -1;
	return visit(&d,
	    json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:I}", "dump", "end", "ok", d.problems == 0,
		"records", (json_int_t)d.records, "reports", (json_int_t)d.reports, "bytes",
		(json_int_t)d.bytes, "problems", (json_int_t)d.problems, "last_seq",
		(json_int_t)d.last_seq),
	    err);
}
