/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzing of what the archive reads from its own disk: records and volumes, their metadata, rows of
 * the catalog, lines of a dump. Checksums keep damage out but not a hostile writer, so the targets
 * put right checksums around the octets of the input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/archive/content.h"
#include "common/base/num.h"
#include "common/catalog/apply.h"
#include "common/catalog/row.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/json/write.h"
#include "common/mail/charset.h"
#include "common/query/query.h"
#include "common/upkeep/load.h"
#include "common/upkeep/verify.h"
#include "common/volume/scan.h"
#include "common/volume/walk.h"
#include "t/fuzz/fuzz.h"

#define RECORDS 64 /* at most in one input, so that its length decides the time */

static const unsigned char uuid[JM_UUID_BYTES] = "fuzz-archive-id";

/* ---- volumes ---- */

static void must(int rc)
{
	if (rc != 0)
		abort();
}

/* Add the record at the front of *in, which has the form of a record, with lengths that are there
 * and with its checksums. */
static void add_record(struct jm_buf *b, struct jm_span *in, uint64_t seq)
{
	unsigned char head[JM_RECORD_HEAD_BYTES], sha256[JM_SHA256_BYTES];
	unsigned char trailer[JM_RECORD_TRAILER_BYTES];
	struct jm_record_head h = { .seq = seq };
	struct jm_span meta, body;

	memcpy(head, in->p, sizeof head);
	*in = jm_span_sub(*in, sizeof head, in->len);
	h.type = head[5], h.coding = head[6];
	h.flags = jm_num_get_be32(head + 8);
	h.ext_bytes = jm_num_get_be32(head + 12);
	if (head[16] != 0)
		h.seq = jm_num_get_be64(head + 16);
	h.time_ms = (int64_t)jm_num_get_be64(head + 24);
	h.durable_seq = jm_num_get_be64(head + 32);
	h.meta_bytes = jm_num_get_be32(head + 40);
	h.body_bytes = jm_num_get_be64(head + 48);
	h.plain_bytes = jm_num_get_be64(head + 56);
	if (h.ext_bytes > in->len)
		h.ext_bytes = 0;
	if (h.meta_bytes > in->len - h.ext_bytes)
		h.meta_bytes = (uint32_t)in->len - h.ext_bytes;
	meta = jm_span_sub(*in, 0, h.ext_bytes + h.meta_bytes);
	if (h.body_bytes > in->len - meta.len)
		h.body_bytes = in->len - meta.len;
	body = jm_span_sub(*in, meta.len, h.body_bytes);
	*in = jm_span_sub(*in, meta.len + body.len + JM_RECORD_TRAILER_BYTES, in->len);
	jm_record_encode(&h, uuid, head);
	must(jm_sha256_of(meta, sha256, NULL));
	must(jm_record_trailer(head, sha256, jm_crc32c(0, body.p, body.len), trailer, NULL));
	must(jm_buf_add(b, head, sizeof head, NULL));
	must(jm_buf_add_span(b, meta, NULL));
	must(jm_buf_add_span(b, body, NULL));
	must(jm_buf_add(b, trailer, sizeof trailer, NULL));
}

/* An archive of one volume with the records of in; the rest, less than a header, is its end. *dir_r
 * is valid until the next call. */
static const char *make_archive(struct jm_span in)
{
	static char dir[256];
	const struct jm_volume_head first = { .number = 1, .first_seq = 1 };
	struct jm_volume_head h = first;
	unsigned char head[JM_VOLUME_HEAD_BYTES];
	char path[JM_VOLUME_PATH_BYTES];
	struct jm_buf b;

	snprintf(dir, sizeof dir, "%s", fuzz_folder("archive"));
	jm_buf_init(&b, in.len + RECORDS * 400);
	memcpy(h.uuid, uuid, sizeof uuid);
	jm_volume_encode(&h, head);
	must(jm_buf_add(&b, head, sizeof head, NULL));
	for (uint64_t seq = 1; in.len >= JM_RECORD_HEAD_BYTES && seq <= RECORDS; seq++)
		add_record(&b, &in, seq);
	must(jm_buf_add_span(&b, jm_span_sub(in, 0, JM_RECORD_HEAD_BYTES), NULL));
	(void)mkdir(jm_volume_folder(dir, path), 0700);
	fuzz_write_file(jm_volume_path(dir, 1, path), jm_buf_span(&b));
	jm_buf_release(&b);
	return dir;
}

struct walked {
	uint64_t end; /* of the last record */
	struct jm_volume_file file;
};

static int see_record(void *ctx, const struct jm_record *r, struct jm_err *err)
{
	struct walked *w = ctx;
	json_t *meta = NULL;
	struct jm_buf subject;
	bool any;

	fuzz_claim(r->offset >= w->end, "records do not overlap");
	w->end = r->offset + jm_record_bytes(&r->head);
	fuzz_claim(jm_volume_check_body(&w->file, r, err) == 0, "the checksum of a body fits");
	if (jm_json_read(r->meta, r->head.meta_bytes, &meta, err) == 0) {
		jm_buf_init(&subject, JM_DESCRIBED_SUBJECT_BYTES);
		(void)!jm_described_subject(meta, &subject, &any, err);
		jm_buf_release(&subject);
	}
	json_decref(meta);
	return 0;
}

static int see_damage(void *ctx, const struct jm_damage *d, struct jm_err *err)
{
	(void)ctx, (void)err;
	fuzz_claim(d->problem && *d->problem, "damage has a name");
	return 0;
}

static int see_change(void *ctx, const char *text, struct jm_err *err)
{
	(void)ctx, (void)text, (void)err;
	return 0;
}

static void run_volume(struct jm_span in)
{
	const char *dir = make_archive(in);
	struct walked walked = { .file = JM_VOLUME_FILE_NONE };
	const struct jm_walk w = { .record = see_record, .damage = see_damage, .ctx = &walked };
	struct jm_volumes v = { .dir = NULL };
	struct jm_found found;
	struct jm_err err;
	uint64_t bytes;

	must(jm_volumes_init(&v, dir, &err));
	if (jm_scan_list(&v, &err) == 0 && jm_scan_headers(&v, NULL, see_change, NULL, &err) == 0 &&
	    jm_volume_open(&v, 1, &walked.file, &err) == 0 &&
	    jm_volume_size(&walked.file, &bytes, &err) == 0) {
		jm_volumes_grow(&v, bytes);
		(void)!jm_volumes_walk(&v, &w, &err);
		for (uint64_t at = 0;
		     jm_volume_find(&walked.file, at, bytes, &found, &err) == 0 && found.found;
		     at = found.offset + 1)
			fuzz_claim(found.offset >= at && found.offset < bytes,
			    "a header that is found is in the volume");
	}
	jm_volume_close(&walked.file);
	jm_volumes_release(&v);
}

/* ---- a whole archive ---- */

struct seen {
	struct jm_archive *a;
	unsigned left; /* items to read */
};

static int drop_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p, (void)n, (void)err;
	return 0;
}

static int see_row(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx, (void)o, (void)err;
	return 0;
}

static int see_item(void *ctx, const json_t *o, struct jm_err *err)
{
	struct seen *s = ctx;
	uint64_t id = jm_json_u64(o, "id");
	struct jm_item *item = NULL;

	for (int part = JM_EXPORT_MESSAGE; part <= JM_EXPORT_REPORT; part++)
		(void)!jm_archive_export(s->a,
		    &(struct jm_export){ id, (enum jm_export_part)part, 0, true }, drop_bytes, NULL,
		    err);
	if (jm_item_open(s->a, id, false, &item, err) == 0)
		for (int i = 0; i < JM_ITEM_LISTS; i++)
			(void)!jm_item_rows(item, (enum jm_item_list)i, see_row, NULL, err);
	jm_item_close(&item);
	return s->left-- == 0;
}

static int see_event(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx, (void)o, (void)err;
	return 0;
}

static void ask_everything(struct jm_archive *a)
{
	const struct jm_archive_filter all = { .bcc = true, .waiting = true },
				       aside = { .set_aside = true },
				       some = { .domain = "example.com", .subject = "a" };
	const struct jm_verification v = { .finding = see_event };
	struct seen s = { a, 8 };
	json_t *o = NULL;
	struct jm_err err;

	(void)!jm_archive_list(a, &all, see_item, &s, &err);
	(void)!jm_archive_list(a, &aside, see_event, NULL, &err);
	(void)!jm_archive_list(a, &some, see_event, NULL, &err);
	(void)!jm_archive_events(a, 0, 0, see_event, NULL, &err);
	(void)!jm_archive_domains(a, see_event, NULL, &err);
	if (jm_archive_status(a, &o, &err) == 0)
		json_decref(o);
	if (jm_archive_days(a, NULL, &o, &err) == 0)
		json_decref(o);
	if (jm_archive_recent(a, 0, &o, &err) == 0)
		json_decref(o);
	if (jm_archive_verify(a, &v, &o, &err) == 0)
		json_decref(o);
}

static void run_archive(struct jm_span in)
{
	struct jm_archive_options options = { .verbatim = true };
	struct jm_archive *a = NULL;
	struct jm_err err;

	options.rebuild = fuzz_octet(&in) & 1;
	options.dir = make_archive(in);
	if (jm_archive_open(&options, &a, &err) == 0)
		ask_everything(a);
	else
		fuzz_claim(err.text[0], "what failed has a text");
	jm_archive_close(&a);
	fuzz_empty_folder("archive");
}

/* ---- metadata ---- */

static int gather(void *b, const void *p, size_t n, struct jm_err *err)
{
	return jm_buf_add(b, p, n, err);
}

/* The metadata of a report, a line, and the bytes of the report. */
static void run_metadata(struct jm_span in)
{
	static const char *const which[] = { "content", "companion" };
	struct jm_span line = fuzz_first_line(&in);
	json_t *meta = NULL;
	struct jm_buf out;
	struct jm_raw raw;
	struct jm_err err;
	bool any;

	if (jm_json_read(line.p, line.len, &meta, &err) != 0)
		return;
	jm_buf_init(&out, JM_DESCRIBED_SUBJECT_BYTES);
	if (jm_described_subject(meta, &out, &any, &err) == 0 && any)
		fuzz_claim(jm_charset_is_utf8(jm_buf_span(&out)), "a subject is UTF-8");
	for (size_t i = 0; i < 2; i++) {
		if (jm_content_raw_of(meta, which[i], in, &raw, &err) != 0)
			continue;
		jm_buf_reset(&out);
		if (jm_raw_put(&raw, false, gather, &out, &err) == 0)
			fuzz_claim(out.len == raw.described.bytes, "a content has its size");
		jm_raw_release(&raw);
	}
	jm_buf_release(&out);
	json_decref(meta);
}

/* ---- the catalog ---- */

static int cannot_recall(void *ctx, uint64_t seq, const struct jm_place *at,
    struct jm_stored_report *r_r, struct jm_err *err)
{
	(void)ctx, (void)seq, (void)at, (void)r_r;
	(void)jm_err_set(err, JM_E_CORRUPT, "not kept");
	return 0;
}

static struct jm_catalog *catalog;

static void close_catalog(void)
{
	jm_catalog_close(&catalog);
}

/* Each line is a record: the digit of its type, and its metadata. Nothing is committed. */
static void run_apply(struct jm_span in)
{
	static const struct jm_recall recall = { cannot_recall, NULL };
	struct jm_apply *p = NULL;
	struct jm_err err;
	json_t *meta;
	int rc = 0;

	if (!catalog) {
		must(jm_catalog_open(fuzz_folder("catalog"), 0, &catalog, &err));
		atexit(close_catalog);
	}
	must(jm_apply_begin(catalog, &recall, &p, &err));
	for (uint64_t seq = 1; rc == 0 && in.len > 0 && seq <= RECORDS; seq++) {
		struct jm_span line = fuzz_first_line(&in);
		const struct jm_record_head h = { .type = (unsigned char)(fuzz_octet(&line) & 15),
			.seq = seq,
			.time_ms = (int64_t)seq * 90000000,
			.durable_seq = seq - 1 };

		meta = NULL;
		if (jm_json_read(line.p, line.len, &meta, &err) == 0)
			rc = jm_apply_add(
			    p, &(struct jm_applied){ &h, meta, { 1, seq * 500 } }, &err);
		json_decref(meta);
	}
	jm_apply_abort(&p);
}

/* A row as it is stored. */
static void run_row(struct jm_span in)
{
	struct jm_located at;
	json_t *row = NULL;
	struct jm_err err;
	uint64_t bytes;

	(void)!jm_row_size(in, &bytes);
	(void)!jm_row_place(JM_T_ITEMS, 7, in, &at, &err);
	(void)!jm_row_place(JM_T_REPORTS, 7, in, &at, &err);
	if (jm_row_whole(7, in, &row, &err) == 0) {
		fuzz_claim(json_is_object(row), "a whole row is an object");
		(void)!jm_row_show(row);
		json_decref(row);
	}
}

/* A value that is written is read again as the same, and then written as the same text. */
static void run_json(struct jm_span in)
{
	json_t *value = NULL, *same = NULL;
	struct jm_buf text, again;
	struct jm_err err;

	jm_buf_init(&text, FUZZ_OUT_BYTES);
	jm_buf_init(&again, FUZZ_OUT_BYTES);
	if (jm_json_read(in.p, in.len, &value, &err) == 0 &&
	    jm_json_write(&text, value, &err) == 0) {
		fuzz_claim(jm_json_read(text.p, text.len, &same, &err) == 0 &&
			json_equal(value, same) == 1,
		    "what is written is read again");
		fuzz_claim(jm_json_write(&again, same, &err) == 0 &&
			jm_span_eq(jm_buf_span(&text), jm_buf_span(&again)),
		    "the text of a value is one text");
		json_decref(same);
	}
	json_decref(value);
	value = jm_json_text(in);
	fuzz_claim(value, "any bytes become a text");
	json_decref(value);
	jm_buf_release(&again);
	jm_buf_release(&text);
}

/* ---- the manifest of a dump ---- */

/* Lines of a manifest; a report has its bytes as member "bytes". Whatever is taken in is well. */
static void run_manifest(struct jm_span in)
{
	const struct jm_archive_options options = { .verbatim = true, .dir = fuzz_folder("load") };
	const struct jm_verification v = { .finding = see_event };
	struct jm_archive *a = NULL;
	struct jm_loader *l = NULL;
	json_t *line, *summary = NULL;
	struct jm_err err;
	bool fresh;

	must(jm_archive_open(&options, &a, &err));
	must(jm_loader_new(a, &l, &err));
	for (unsigned n = 0; in.len > 0 && n < RECORDS; n++) {
		struct jm_span text = fuzz_first_line(&in);

		line = NULL;
		if (jm_json_read(text.p, text.len, &line, &err) == 0)
			(void)!jm_loader_add(l, line, jm_json_span(line, "bytes"), &fresh, &err);
		json_decref(line);
	}
	fuzz_claim(jm_loader_finish(&l, &err) == 0, "what was taken in becomes durable");
	fuzz_claim(jm_archive_verify(a, &v, &summary, &err) == 0 &&
		json_is_true(json_object_get(summary, "ok")),
	    "what was taken in is well");
	json_decref(summary);
	jm_archive_close(&a);
	fuzz_empty_folder("load");
}

const struct fuzz_target fuzz_store[] = {
	{ "volume", run_volume },
	{ "archive", run_archive },
	{ "metadata", run_metadata },
	{ "apply", run_apply },
	{ "row", run_row },
	{ "json", run_json },
	{ "manifest", run_manifest },
	{ NULL },
};
