/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies: compression on the way in; on the way out decompression, splicing, and the walk to the
 * content inside a report. Every digest is checked before a byte is handed on.
 */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/journal/steps.h"

#define POOL_MAX 16
#define DEPTH_MAX 4 /* a copy of a copy of a splice; more cannot come about */
#define STREAM_BYTES (128u * 1024u)

struct jm_zstd {
	ZSTD_CCtx *cctx;
	struct jm_zstd *next;
};

static struct jm_zstd *pool_take(struct jm_archive *a, struct jm_err *err)
{
	struct jm_zstd *z;

	pthread_mutex_lock(&a->pool_lock);
	z = a->pool;
	if (z) {
		a->pool = z->next;
		a->pooled--;
	}
	pthread_mutex_unlock(&a->pool_lock);
	if (z)
		return z;
	z = calloc(1, sizeof *z);
	if (!z || !(z->cctx = ZSTD_createCCtx())) {
		free(z);
		(void)jm_err_set(err, JM_E_TEMP, "no memory to compress");
		return NULL;
	}
	return z;
}

static void zstd_free(struct jm_zstd *z)
{
	(void)ZSTD_freeCCtx(z->cctx);
	free(z);
}

static void pool_give(struct jm_archive *a, struct jm_zstd *z)
{
	bool full;

	pthread_mutex_lock(&a->pool_lock);
	full = a->pooled >= POOL_MAX;
	if (!full) {
		z->next = a->pool;
		a->pool = z;
		a->pooled++;
	}
	pthread_mutex_unlock(&a->pool_lock);
	if (full)
		zstd_free(z);
}

void jm_content_drain(struct jm_archive *a)
{
	while (a->pool) {
		struct jm_zstd *z = a->pool;

		a->pool = z->next;
		zstd_free(z);
	}
}

void jm_body_release(struct jm_body *b)
{
	free(b->memory);
	b->memory = NULL;
	if (b->spooled)
		jm_spool_release(&b->spool);
	b->spooled = false;
}

/* Compression can only fail for want of memory, decompression for what it reads. */
static int zstd_error(struct jm_err *err, enum jm_err_kind kind, size_t rc)
{
	return jm_err_set(err, kind, "cannot %s: %s", kind == JM_E_TEMP ? "compress" : "decompress",
	    ZSTD_getErrorName(rc));
}

/* One piece into memory that is large enough for all. */
static int compress_memory(ZSTD_CCtx *cctx, struct jm_span in, ZSTD_EndDirective end,
    ZSTD_outBuffer *out, struct jm_err *err)
{
	ZSTD_inBuffer from = { in.p, in.len, 0 };
	size_t left;

	do {
		left = ZSTD_compressStream2(cctx, out, &from, end);
		if (ZSTD_isError(left))
			return zstd_error(err, JM_E_TEMP, left);
	} while (from.pos < from.size || (end == ZSTD_e_end && left > 0));
	return 0;
}

/* One piece into a spool. */
static int compress_spool(ZSTD_CCtx *cctx, struct jm_span in, ZSTD_EndDirective end,
    struct jm_spool *spool, struct jm_err *err)
{
	ZSTD_inBuffer from = { in.p, in.len, 0 };
	unsigned char *buf = malloc(STREAM_BYTES);
	size_t left;
	int rc = -1;

	if (!buf)
		return jm_err_sys(err, JM_E_TEMP, "cannot compress");
	do {
		ZSTD_outBuffer out = { buf, STREAM_BYTES, 0 };

		left = ZSTD_compressStream2(cctx, &out, &from, end);
		if (ZSTD_isError(left)) {
			(void)zstd_error(err, JM_E_TEMP, left);
			goto out;
		}
		if (jm_spool_write(spool, buf, out.pos, err) < 0)
			goto out;
	} while (from.pos < from.size || (end == ZSTD_e_end && left > 0));
	rc = 0;
out:
	free(buf);
	return rc;
}

static int compress_pieces(ZSTD_CCtx *cctx, struct jm_span first, struct jm_span second,
    struct jm_body *owner, struct jm_span *body_r, struct jm_err *err)
{
	size_t n = first.len + second.len;

	if (n <= JM_SPOOL_MEMORY_BYTES) {
		ZSTD_outBuffer out = { NULL, ZSTD_compressBound(n), 0 };

		owner->memory = out.dst = malloc(out.size);
		if (!out.dst)
			return jm_err_sys(err, JM_E_TEMP, "cannot compress");
		if ((second.len > 0 &&
			compress_memory(cctx, first, ZSTD_e_continue, &out, err) < 0) ||
		    compress_memory(cctx, second.len > 0 ? second : first, ZSTD_e_end, &out, err) <
			0)
			return -1;
		*body_r = jm_span_of(owner->memory, out.pos);
		return 0;
	}
	/* Large: through an unlinked file, so that memory stays flat with many of them at once. */
	owner->spooled = true;
	if (compress_spool(cctx, first, ZSTD_e_continue, &owner->spool, err) < 0 ||
	    compress_spool(cctx, second, ZSTD_e_end, &owner->spool, err) < 0)
		return -1;
	return jm_spool_view(&owner->spool, body_r, err);
}

int jm_content_compress(struct jm_archive *a, struct jm_span first, struct jm_span second,
    struct jm_body *owner, enum jm_coding *coding_r, struct jm_span *body_r, struct jm_err *err)
{
	struct jm_zstd *z;
	size_t rc;
	int done;

	memset(owner, 0, sizeof *owner);
	jm_spool_init(&owner->spool, a->tmp_dir, JM_MESSAGE_MAX_BYTES * 2);
	*coding_r = JM_CODING_ZSTD;
	z = pool_take(a, err);
	if (!z)
		return -1;
	rc = ZSTD_CCtx_reset(z->cctx, ZSTD_reset_session_and_parameters);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setParameter(z->cctx, ZSTD_c_compressionLevel, a->compression_level);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setPledgedSrcSize(
		    z->cctx, (unsigned long long)first.len + second.len);
	done = ZSTD_isError(rc) ? zstd_error(err, JM_E_TEMP, rc)
				: compress_pieces(z->cctx, first, second, owner, body_r, err);
	if (done < 0) {
		zstd_free(z);
		jm_body_release(owner);
		return -1;
	}
	pool_give(a, z);
	return 0;
}

/* ---- reading ---- */

/* Where decoded bytes go: into the received message, with a slice put in at its place. */
struct refill {
	struct jm_spool *spool;
	struct jm_span slice;
	uint64_t at; /* of the slice; UINT64_MAX when it is in, or when there is none */
};

static int refill_add(struct refill *r, const unsigned char *p, size_t n, struct jm_err *err)
{
	if (r->at != UINT64_MAX && r->spool->len + n >= r->at) {
		size_t before = (size_t)(r->at - r->spool->len);

		r->at = UINT64_MAX;
		if (jm_spool_write(r->spool, p, before, err) < 0 ||
		    jm_spool_write(r->spool, r->slice.p, r->slice.len, err) < 0)
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
			return zstd_error(err, JM_E_CORRUPT, *pending);
		if (refill_add(to, d->out, out.pos, err) < 0)
			return -1;
		if (from.pos == from.size && out.pos < out.size)
			return 0;
	}
}

/* The whole stored body: its checksum is checked on the way; who gets the bytes checks their
 * digest. */
static int decode_body(
    struct decoder *d, int fd, const struct jm_record *r, struct refill *to, struct jm_err *err)
{
	uint64_t at = jm_record_body_at(r), left = r->head.body_bytes;
	uint32_t crc = 0;
	size_t pending = 0;

	while (left > 0) {
		size_t n = left < STREAM_BYTES ? (size_t)left : STREAM_BYTES;

		if (jm_io_pread(fd, d->in, n, at, err) < 0 ||
		    decode_chunk(d, (enum jm_coding)r->head.coding, n, &pending, to, err) < 0)
			return -1;
		crc = jm_crc32c(crc, d->in, n);
		at += n;
		left -= n;
	}
	if (crc != jm_record_body_crc(r->trailer))
		return jm_err_set(err, JM_E_CORRUPT, "the body's checksum does not fit");
	if (pending != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the compressed body ends too early");
	return 0;
}

static int read_body(int fd, const struct jm_record *r, struct refill *to, struct jm_err *err)
{
	struct decoder d = { ZSTD_createDCtx(), malloc(STREAM_BYTES), malloc(STREAM_BYTES) };
	int rc;

	if (!d.dctx || !d.in || !d.out)
		rc = jm_err_set(err, JM_E_TEMP, "no memory to decompress");
	else
		rc = decode_body(&d, fd, r, to, err);
	(void)ZSTD_freeDCtx(d.dctx);
	free(d.in);
	free(d.out);
	/* A slice of no bytes' distance to the end of an empty body. */
	if (rc == 0 && to->at != UINT64_MAX)
		rc = refill_add(to, (const unsigned char *)"", 0, err);
	return rc < 0 ? -1 : 0;
}

void jm_loaded_release(struct jm_loaded *l)
{
	jm_record_release(&l->record);
	json_decref(l->meta);
	l->meta = NULL;
	jm_scratch_release(&l->scratch);
	jm_spool_release(&l->spool);
}

static int load_at(struct jm_archive *a, uint64_t volume, uint64_t offset, struct jm_loaded *l,
    unsigned depth, struct jm_err *err);

static int load_seq(
    struct jm_archive *a, uint64_t seq, struct jm_loaded *l, unsigned depth, struct jm_err *err)
{
	uint64_t volume, offset, item;
	int rc = jm_reader_locate(a, seq, &volume, &offset, &item, err);

	memset(l, 0, sizeof *l);
	jm_spool_init(&l->spool, a->tmp_dir, JM_MESSAGE_MAX_BYTES);
	jm_scratch_init(&l->scratch, a->tmp_dir);
	if (rc == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no report %" PRIu64, seq);
	if (rc < 0 || load_at(a, volume, offset, l, depth, err) < 0)
		return -1;
	if (l->record.head.seq == seq)
		return 0;
	(void)jm_err_set(err, JM_E_CORRUPT, "record %" PRIu64 " stands where %" PRIu64 " should",
	    l->record.head.seq, seq);
	jm_loaded_release(l);
	return -1;
}

/* The bytes that the record leaves out, from the record that holds them. */
static int load_slice(struct jm_archive *a, const json_t *splice, struct jm_loaded *holder,
    struct jm_span *slice_r, void **owned_r, unsigned depth, struct jm_err *err)
{
	const char *part = json_string_value(json_object_get(splice, "part"));
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(splice, "holder"));
	struct jm_described c;

	if (depth >= DEPTH_MAX)
		return jm_err_set(err, JM_E_CORRUPT, "records refer to each other in a circle");
	if (load_seq(a, seq, holder, depth + 1, err) < 0)
		return jm_err_wrap(err, "holder %" PRIu64, seq);
	*slice_r = holder->received;
	if (!part || strcmp(part, "content") != 0)
		return 0;
	if (jm_content_raw(holder, "content", &c, slice_r, owned_r, err) == 0) {
		jm_described_release(&c);
		return 0;
	}
	jm_loaded_release(holder);
	return -1;
}

static int rebuild(
    struct jm_archive *a, int fd, struct jm_loaded *l, unsigned depth, struct jm_err *err)
{
	const json_t *splice = json_object_get(l->meta, "splice"),
		     *report = json_object_get(l->meta, "report");
	struct refill to = { &l->spool, { NULL, 0 }, UINT64_MAX };
	unsigned char want[JM_SHA256_BYTES], got[JM_SHA256_BYTES];
	struct jm_loaded holder;
	void *owned = NULL;
	int rc;

	if (splice) {
		if (load_slice(a, splice, &holder, &to.slice, &owned, depth, err) < 0)
			return -1;
		to.at = (uint64_t)json_integer_value(json_object_get(splice, "offset"));
	}
	rc = read_body(fd, &l->record, &to, err);
	if (splice) {
		jm_loaded_release(&holder);
		free(owned);
	}
	if (rc < 0 || jm_spool_view(&l->spool, &l->received, err) < 0 ||
	    jm_sha256_of(l->received, got, err) < 0)
		return -1;
	if (jm_sha256_unhex(
		jm_span_str(json_string_value(json_object_get(report, "sha256"))), want) != 0 ||
	    memcmp(want, got, sizeof got) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the received message's digest does not fit");
	return 0;
}

static int load_at(struct jm_archive *a, uint64_t volume, uint64_t offset, struct jm_loaded *l,
    unsigned depth, struct jm_err *err)
{
	int fd = -1, rc = -1;

	memset(l, 0, sizeof *l);
	jm_spool_init(&l->spool, a->tmp_dir, JM_MESSAGE_MAX_BYTES);
	jm_scratch_init(&l->scratch, a->tmp_dir);
	if (jm_reader_open_volume(a, volume, &fd, err) < 0)
		return -1;
	if (jm_volume_read(fd, a->uuid, volume, offset, jm_reader_volume_end(a, volume), &l->record,
		err) < 0) {
		(void)jm_err_wrap(err, "volume %" PRIu64 " at %" PRIu64, volume, offset);
		goto out;
	}
	if (jm_json_read(l->record.meta, l->record.head.meta_bytes, &l->meta, err) < 0)
		goto out;
	if (l->record.head.type != JM_RECORD_REPORT) {
		(void)jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " is no report", l->record.head.seq);
		goto out;
	}
	rc = rebuild(a, fd, l, depth, err);
	if (rc < 0)
		(void)jm_err_wrap(
		    err, "volume %" PRIu64 ", record %" PRIu64, volume, l->record.head.seq);
out:
	close(fd);
	if (rc < 0)
		jm_loaded_release(l);
	return rc;
}

int jm_content_load(struct jm_archive *a, uint64_t seq, struct jm_loaded *l_r, struct jm_err *err)
{
	return load_seq(a, seq, l_r, 0, err);
}

int jm_content_load_at(struct jm_archive *a, uint64_t volume, uint64_t offset,
    struct jm_loaded *l_r, struct jm_err *err)
{
	return load_at(a, volume, offset, l_r, 0, err);
}

static int check_cut_digest(const struct jm_described *c, struct jm_span raw, struct jm_err *err)
{
	unsigned char got[JM_SHA256_BYTES];
	struct jm_sha256 sha;
	size_t at = 0;
	int rc = 0;

	if (jm_sha256_start(&sha, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i <= c->cuts_n; i++) {
		size_t end = i < c->cuts_n ? c->cuts[i].off : raw.len;

		rc = jm_sha256_add(&sha, raw.p + at, end - at, err);
		at = end + (i < c->cuts_n ? c->cuts[i].len : 0);
	}
	if (rc < 0) {
		jm_sha256_abandon(&sha);
		return -1;
	}
	if (jm_sha256_finish(&sha, got, err) < 0)
		return -1;
	return memcmp(got, c->sha256, sizeof got) == 0
	    ? 0
	    : jm_err_set(err, JM_E_CORRUPT, "the archived message's digest does not fit");
}

int jm_content_raw(struct jm_loaded *l, const char *which, struct jm_described *c_r,
    struct jm_span *raw_r, void **owned_r, struct jm_err *err)
{
	const struct jm_unwrap_memory memory = { l->scratch.dir ? jm_scratch_alloc : NULL,
		&l->scratch };
	const struct jm_steps_memory steps_memory = { &memory, owned_r };
	unsigned char got[JM_SHA256_BYTES];

	*owned_r = NULL;
	if (jm_described_read(json_object_get(l->meta, which), c_r, err) < 0)
		return -1;
	if (jm_steps_follow(l->received, c_r->steps, c_r->steps_n, &steps_memory, raw_r, err) != 0)
		goto bad;
	if (jm_sha256_of(*raw_r, got, err) < 0)
		goto bad;
	if (raw_r->len != c_r->raw_bytes || memcmp(got, c_r->raw_sha256, sizeof got) != 0) {
		(void)jm_err_set(err, JM_E_CORRUPT, "the journaled message's digest does not fit");
		goto bad;
	}
	if (check_cut_digest(c_r, *raw_r, err) == 0)
		return 0;
bad:
	free(*owned_r);
	*owned_r = NULL;
	jm_described_release(c_r);
	return -1;
}
