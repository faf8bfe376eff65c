/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a report back: the received bytes (decompressed, with left-out slices put in again) and
 * the contents inside them. Every digest is checked before a byte is handed on.
 */
#ifndef JM_ARCHIVE_CONTENT_H
#define JM_ARCHIVE_CONTENT_H

#include "common/archive/archive.h"
#include "common/base/scratch.h"
#include "common/base/spool.h"
#include "common/volume/metadata.h"
#include "common/volume/stored_report.h"

/* A report read back. */
struct jm_loaded {
	struct jm_stored_report report;
	struct jm_spool spool;     /* holds the received bytes */
	struct jm_span received;   /* the received message, valid until the release */
	struct jm_scratch scratch; /* what is decoded on the way to its contents; dir NULL: malloc
				    */
};

/* A content of it, valid until the report is released. */
struct jm_raw {
	struct jm_described described;
	struct jm_span bytes; /* before the removal of headers */
	void *owned;
};

/* Report seq with its received bytes. Release *l_r. NOTFOUND, CORRUPT, TEMP. Any thread. */
int jm_content_load(
    struct jm_archive *a, uint64_t seq, struct jm_loaded *l_r, struct jm_err *err) JM_MUST_CHECK;

/* The same for the report at a known place. */
int jm_content_load_at(struct jm_archive *a, const struct jm_place *at, struct jm_loaded *l_r,
    struct jm_err *err) JM_MUST_CHECK;

void jm_loaded_release(struct jm_loaded *l);

/* Its content ("content" or "companion" of the metadata), with the digests before and after the
 * removal of headers checked. Release *raw_r before l. CORRUPT, TEMP. */
int jm_content_raw(
    struct jm_loaded *l, const char *which, struct jm_raw *raw_r, struct jm_err *err) JM_MUST_CHECK;

/* The same for received bytes and metadata that are not in the archive. */
int jm_content_raw_of(const json_t *meta, const char *which, struct jm_span received,
    struct jm_raw *raw_r, struct jm_err *err) JM_MUST_CHECK;

void jm_raw_release(struct jm_raw *raw);

/* Hand the content out in pieces: as archived, or (whole) before the removal of headers. 0, or what
 * sink returned. */
int jm_raw_put(const struct jm_raw *raw, bool whole, jm_archive_sink *sink, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
