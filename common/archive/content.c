/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a report back: decompressing its body, putting back slices that were left out, and
 * following the steps to the contents inside. All digests are checked first.
 */
#include "common/archive/content.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/archive/compress.h"
#include "common/archive/deposit.h"
#include "common/archive/reader.h"
#include "common/journal/steps.h"
#include "common/journal/strip.h"
#include "common/json/value.h"

#define DEPTH_MAX 4 /* splices that refer to each other; deeper ones are not written */
#define STREAM_BYTES (128u * 1024u)

/* The received message while it is put together: decoded bytes, with a slice put back. */
struct refill {
	struct jm_spool *spool;
	struct jm_span slice;
	uint64_t at;   /* offset of the slice; UINT64_MAX: it is in, or no slice was left out */
	uint64_t left; /* decoded bytes that may still come, by the record's header */
};

static int refill_add(struct refill *r, const unsigned char *p, size_t n, struct jm_err *err)
{
	/* A few bytes can decompress to gigabytes: stop at the first byte too many. */
	if (n > r->left)
		return jm_err_set(
		    err, JM_E_CORRUPT, "the body decodes to more bytes than its header declares");
	r->left -= n;
	if (r->at != UINT64_MAX && r->spool->len + n >= r->at) {
		size_t before = (size_t)(r->at - r->spool->len);

		r->at = UINT64_MAX;
		if (jm_spool_write(r->spool, p, before, err) != 0 ||
		    jm_spool_write(r->spool, r->slice.p, r->slice.len, err) != 0)
			return -1;
		p += before;
		n -= before;
	}
	return n > 0 ? jm_spool_write(r->spool, p, n, err) : 0;
}

struct decoder {
	ZSTD_DCtx *dctx;
	unsigned char *in, *out;
};

static int decode_chunk(struct decoder *d, enum jm_coding coding, size_t n, size_t *pending,
    struct refill *to, struct jm_err *err)
{
	ZSTD_inBuffer from = { d->in, n, 0 };

	if (coding == JM_CODING_PLAIN)
		return refill_add(to, d->in, n, err);
	for (;;) {
		ZSTD_outBuffer out = { d->out, STREAM_BYTES, 0 };

		*pending = ZSTD_decompressStream(d->dctx, &out, &from);
		if (ZSTD_isError(*pending))
			return jm_err_set(err, JM_E_CORRUPT, "cannot decompress: %s",
			    ZSTD_getErrorName(*pending));
		if (refill_add(to, d->out, out.pos, err) != 0)
			return -1;
		if (from.pos == from.size && out.pos < out.size)
			return 0;
	}
}

/* Decode the whole stored body and compare its checksum. The caller checks the digest of the bytes.
 */
static int decode_body(struct decoder *d, const struct jm_volume_file *f, const struct jm_record *r,
    struct refill *to, struct jm_err *err)
{
	uint64_t at = jm_record_body_at(r), left = r->head.body_bytes;
	uint32_t crc = 0;
	size_t pending = 0;

	while (left > 0) {
		size_t n = left < STREAM_BYTES ? (size_t)left : STREAM_BYTES;

		if (jm_volume_pread(f, d->in, n, at, err) != 0 ||
		    decode_chunk(d, (enum jm_coding)r->head.coding, n, &pending, to, err) != 0)
			return -1;
		crc = jm_crc32c(crc, d->in, n);
		at += n;
		left -= n;
	}
	if (crc != jm_record_body_crc(r->trailer))
		return jm_err_set(err, JM_E_CORRUPT, "the body's checksum does not fit");
	if (pending != 0 || to->left != 0)
		return jm_err_set(
		    err, JM_E_CORRUPT, "the body decodes to fewer bytes than its header declares");
	return 0;
}

static int read_body(const struct jm_volume_file *f, const struct jm_record *r, struct refill *to,
    struct jm_err *err)
{
	struct decoder d = { ZSTD_createDCtx(), malloc(STREAM_BYTES), malloc(STREAM_BYTES) };
	int rc;

	if (!d.dctx || !d.in || !d.out)
		rc = jm_err_set(err, JM_E_TEMP, "no memory to decompress");
	else
		rc = decode_body(&d, f, r, to, err);
	ZSTD_freeDCtx(d.dctx);
	free(d.in);
	free(d.out);
	/* The slice belongs at the end of the body, or the body is empty. */
	if (rc == 0 && to->at != UINT64_MAX)
		rc = refill_add(to, (const unsigned char *)"", 0, err);
	return rc;
}

void jm_loaded_release(struct jm_loaded *l)
{
	jm_stored_report_release(&l->report);
	jm_scratch_release(&l->scratch);
	jm_spool_release(&l->spool);
}

static int load_at(struct jm_archive *a, const struct jm_place *at, struct jm_loaded *l,
    unsigned depth, struct jm_err *err);

static int load_seq(
    struct jm_archive *a, uint64_t seq, struct jm_loaded *l, unsigned depth, struct jm_err *err)
{
	struct jm_located place;
	int rc = jm_reader_locate(a, seq, &place, err);

	memset(l, 0, sizeof *l);
	if (rc == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no report %" PRIu64, seq);
	if (rc < 0 || load_at(a, &place.at, l, depth, err) != 0)
		return -1;
	if (l->report.record.head.seq == seq)
		return 0;
	jm_err_set(err, JM_E_CORRUPT, "record %" PRIu64 " stands where %" PRIu64 " should",
	    l->report.record.head.seq, seq);
	jm_loaded_release(l);
	return -1;
}

/* The bytes that a record leaves out, read from the record that holds them. */
struct slice {
	struct jm_loaded holder;
	struct jm_raw raw;
	struct jm_span bytes;
};

static void slice_release(struct slice *s)
{
	jm_raw_release(&s->raw);
	jm_loaded_release(&s->holder);
}

static int load_slice(
    struct jm_archive *a, const json_t *splice, struct slice *s, unsigned depth, struct jm_err *err)
{
	const char *part = jm_json_str(splice, "part");
	uint64_t seq = jm_json_u64(splice, "holder");

	memset(s, 0, sizeof *s);
	if (depth >= DEPTH_MAX)
		return jm_err_set(err, JM_E_CORRUPT, "records refer to each other in a circle");
	if (load_seq(a, seq, &s->holder, depth + 1, err) != 0)
		return jm_err_wrap(err, "holder %" PRIu64, seq);
	s->bytes = s->holder.received;
	if (!part || strcmp(part, "content") != 0)
		return 0;
	if (jm_content_raw(&s->holder, "content", &s->raw, err) != 0) {
		jm_loaded_release(&s->holder);
		return -1;
	}
	s->bytes = s->raw.bytes;
	return 0;
}

/* Do the sizes that the record declares fit each other and the limit of a message? */
static bool sizes_fit(const struct jm_record *r, uint64_t size, struct jm_span slice)
{
	return r->head.plain_bytes <= JM_MESSAGE_MAX_BYTES && slice.len <= JM_MESSAGE_MAX_BYTES &&
	    size == r->head.plain_bytes + slice.len;
}

/* Put the received bytes together again, and check their digest. */
static int rebuild_received(struct jm_archive *a, const struct jm_volume_file *f,
    struct jm_loaded *l, unsigned depth, struct jm_err *err)
{
	const json_t *splice = json_object_get(l->report.meta, "splice"),
		     *report = json_object_get(l->report.meta, "report");
	struct refill to = { &l->spool, { NULL, 0 }, UINT64_MAX,
		l->report.record.head.plain_bytes };
	unsigned char want[JM_SHA256_BYTES], got[JM_SHA256_BYTES];
	struct slice s;
	int rc;

	if (splice) {
		if (load_slice(a, splice, &s, depth, err) != 0)
			return -1;
		to.slice = s.bytes;
		to.at = jm_json_u64(splice, "offset");
	}
	rc = sizes_fit(&l->report.record, jm_json_u64(report, "size"), to.slice)
	    ? read_body(f, &l->report.record, &to, err)
	    : jm_err_set(err, JM_E_CORRUPT,
		  "its header and its metadata differ about the size of the message");
	if (splice)
		slice_release(&s);
	if (rc != 0 || jm_spool_view(&l->spool, &l->received, err) != 0 ||
	    jm_sha256_of(l->received, got, err) != 0)
		return -1;
	if (jm_sha256_unhex(jm_json_span(report, "sha256"), want) != 0 ||
	    memcmp(want, got, sizeof got) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the received message's digest does not fit");
	return 0;
}

static int load_at(struct jm_archive *a, const struct jm_place *at, struct jm_loaded *l,
    unsigned depth, struct jm_err *err)
{
	struct jm_volumes *volumes = jm_archive_volumes(a);
	struct jm_volume_file f;
	int rc;

	memset(l, 0, sizeof *l);
	jm_spool_init(&l->spool, jm_archive_tmp_dir(a), JM_MESSAGE_MAX_BYTES);
	jm_scratch_init(&l->scratch, jm_archive_tmp_dir(a));
	if (jm_stored_report_read(volumes, at, 0, &l->report, err) != 0) {
		jm_loaded_release(l);
		return jm_err_wrap(err, "volume %" PRIu64 " at %" PRIu64, at->volume, at->offset);
	}
	rc = jm_volume_open(volumes, at->volume, &f, err);
	if (rc == 0)
		rc = rebuild_received(a, &f, l, depth, err);
	if (rc != 0)
		jm_err_wrap(err, "volume %" PRIu64 ", record %" PRIu64, at->volume,
		    l->report.record.head.seq);
	jm_volume_close(&f);
	if (rc != 0)
		jm_loaded_release(l);
	return rc;
}

int jm_content_load(struct jm_archive *a, uint64_t seq, struct jm_loaded *l_r, struct jm_err *err)
{
	return load_seq(a, seq, l_r, 0, err);
}

int jm_content_load_at(
    struct jm_archive *a, const struct jm_place *at, struct jm_loaded *l_r, struct jm_err *err)
{
	return load_at(a, at, l_r, 0, err);
}

/* ---- contents ---- */

/* Follow the steps to the raw content, and check both sizes and digests. */
static int follow_steps(struct jm_raw *raw, struct jm_span received,
    const struct jm_unwrap_memory *memory, struct jm_err *err)
{
	const struct jm_steps_memory mem = { memory, &raw->owned };
	const struct jm_described *c = &raw->described;
	unsigned char got[JM_SHA256_BYTES];
	uint64_t bytes;

	if (jm_steps_follow(received, c->steps, c->steps_n, &mem, &raw->bytes, err) != 0 ||
	    jm_sha256_of(raw->bytes, got, err) != 0)
		return -1;
	if (raw->bytes.len != c->raw_bytes || memcmp(got, c->raw_sha256, sizeof got) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the journaled message's digest does not fit");
	if (jm_strip_digest(raw->bytes, c->cuts, c->cuts_n, got, err) != 0)
		return -1;
	if (memcmp(got, c->sha256, sizeof got) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the archived message's digest does not fit");
	bytes = raw->bytes.len;
	for (size_t i = 0; i < c->cuts_n; i++)
		bytes -= c->cuts[i].len;
	return bytes == c->bytes
	    ? 0
	    : jm_err_set(err, JM_E_CORRUPT, "the archived message's size does not fit");
}

static int read_raw(const json_t *content, struct jm_span received,
    const struct jm_unwrap_memory *memory, struct jm_raw *raw_r, struct jm_err *err)
{
	memset(raw_r, 0, sizeof *raw_r);
	if (jm_described_read(content, &raw_r->described, err) != 0)
		return -1;
	if (follow_steps(raw_r, received, memory, err) == 0)
		return 0;
	jm_raw_release(raw_r);
	return -1;
}

int jm_content_raw(struct jm_loaded *l, const char *which, struct jm_raw *raw_r, struct jm_err *err)
{
	const struct jm_unwrap_memory memory = { jm_scratch_alloc, &l->scratch };

	return read_raw(json_object_get(l->report.meta, which), l->received, &memory, raw_r, err);
}

int jm_content_raw_of(const json_t *meta, const char *which, struct jm_span received,
    struct jm_raw *raw_r, struct jm_err *err)
{
	return read_raw(json_object_get(meta, which), received, NULL, raw_r, err);
}

void jm_raw_release(struct jm_raw *raw)
{
	free(raw->owned);
	raw->owned = NULL;
	jm_described_release(&raw->described);
}

int jm_raw_put(
    const struct jm_raw *raw, bool whole, jm_archive_sink *sink, void *ctx, struct jm_err *err)
{
	const struct jm_described *c = &raw->described;

	return jm_strip_walk(raw->bytes, c->cuts, whole ? 0 : c->cuts_n, sink, ctx, err);
}
