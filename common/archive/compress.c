/* SPDX-License-Identifier: BSD-2-Clause */
/* Compressing bodies with contexts from a pool. */
#include "common/archive/compress.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/archive/deposit.h"
#include "common/archive/state.h"

#define POOL_MAX 16
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
		jm_err_set(err, JM_E_TEMP, "no memory to compress");
		return NULL;
	}
	return z;
}

static void zstd_free(struct jm_zstd *z)
{
	ZSTD_freeCCtx(z->cctx);
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

void jm_compress_drain(struct jm_archive *a)
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

/* Compression fails only for lack of memory. */
static int compress_error(struct jm_err *err, size_t rc)
{
	return jm_err_set(err, JM_E_TEMP, "cannot compress: %s", ZSTD_getErrorName(rc));
}

/* Compress one piece into memory that is large enough for the whole output. */
static int compress_memory(ZSTD_CCtx *cctx, struct jm_span in, ZSTD_EndDirective end,
    ZSTD_outBuffer *out, struct jm_err *err)
{
	ZSTD_inBuffer from = { in.p, in.len, 0 };
	size_t left;

	do {
		left = ZSTD_compressStream2(cctx, out, &from, end);
		if (ZSTD_isError(left))
			return compress_error(err, left);
	} while (from.pos < from.size || (end == ZSTD_e_end && left > 0));
	return 0;
}

/* Compress one piece into a spool. */
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
			compress_error(err, left);
			goto out;
		}
		if (jm_spool_write(spool, buf, out.pos, err) != 0)
			goto out;
	} while (from.pos < from.size || (end == ZSTD_e_end && left > 0));
	rc = 0;
out:
	free(buf);
	return rc;
}

static int compress_pieces(ZSTD_CCtx *cctx, struct jm_span first, struct jm_span second,
    struct jm_body *owner, struct jm_err *err)
{
	size_t n = first.len + second.len;

	if (n <= JM_SPOOL_MEMORY_BYTES) {
		ZSTD_outBuffer out = { NULL, ZSTD_compressBound(n), 0 };

		owner->memory = out.dst = malloc(out.size);
		if (!out.dst)
			return jm_err_sys(err, JM_E_TEMP, "cannot compress");
		if ((second.len > 0 &&
			compress_memory(cctx, first, ZSTD_e_continue, &out, err) != 0) ||
		    compress_memory(cctx, second.len > 0 ? second : first, ZSTD_e_end, &out, err) !=
			0)
			return -1;
		owner->bytes = jm_span_of(owner->memory, out.pos);
		return 0;
	}
	/* A large body goes through an unlinked file, so that many of them need little memory. */
	owner->spooled = true;
	if (compress_spool(cctx, first, ZSTD_e_continue, &owner->spool, err) != 0 ||
	    compress_spool(cctx, second, ZSTD_e_end, &owner->spool, err) != 0)
		return -1;
	return jm_spool_view(&owner->spool, &owner->bytes, err);
}

static size_t prepare_context(ZSTD_CCtx *cctx, int level, size_t bytes)
{
	size_t rc = ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);

	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setPledgedSrcSize(cctx, (unsigned long long)bytes);
	return rc;
}

int jm_compress(struct jm_archive *a, struct jm_span first, struct jm_span second,
    struct jm_body *body_r, struct jm_err *err)
{
	struct jm_zstd *z;
	size_t rc;
	int done;

	memset(body_r, 0, sizeof *body_r);
	jm_spool_init(&body_r->spool, a->tmp_dir, JM_MESSAGE_MAX_BYTES * 2);
	body_r->coding = JM_CODING_ZSTD;
	z = pool_take(a, err);
	if (!z)
		return -1;
	rc = prepare_context(z->cctx, a->compression_level, first.len + second.len);
	done = ZSTD_isError(rc) ? compress_error(err, rc)
				: compress_pieces(z->cctx, first, second, body_r, err);
	if (done != 0) {
		zstd_free(z);
		jm_body_release(body_r);
		return -1;
	}
	pool_give(a, z);
	return 0;
}
