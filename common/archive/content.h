/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a report back: the received bytes (decompressed, with left-out slices put back) and the
 * contents inside them. Callers get no byte before the digest of its message was checked.
 */
#ifndef JM_ARCHIVE_CONTENT_H
#define JM_ARCHIVE_CONTENT_H

#include "common/archive/archive.h"
#include "common/base/scratch.h"
#include "common/base/spool.h"
#include "common/volume/metadata.h"
#include "common/volume/stored_report.h"

/* A report that was read back. */
struct jm_loaded {
	struct jm_stored_report report;
	struct jm_spool spool;     /* holds the received bytes */
	struct jm_span received;   /* the received message, valid until the release */
	struct jm_scratch scratch; /* memory for decoding its contents; dir NULL: malloc */
};

/* A content of a report, valid until the report is released. */
struct jm_raw {
	struct jm_described described;
	struct jm_span bytes; /* before the removal of headers */
	void *owned;
};

/* Read report seq and its received bytes. The caller releases *l_r; after an error that is not
 * necessary. NOTFOUND, CORRUPT, TEMP, LIMIT. Any thread. */
int jm_content_load(
    struct jm_archive *a, uint64_t seq, struct jm_loaded *l_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_content_load(), for the report at a known place; never NOTFOUND. */
int jm_content_load_at(struct jm_archive *a, const struct jm_place *at, struct jm_loaded *l_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Free the report and its received bytes. */
void jm_loaded_release(struct jm_loaded *l);

/* Get a content of the report: which is "content" or "companion", as in the metadata. Checks the
 * digests before and after the removal of headers. The caller releases *raw_r before l. CORRUPT,
 * TEMP. One thread at a time for each l. */
int jm_content_raw(
    struct jm_loaded *l, const char *which, struct jm_raw *raw_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_content_raw(), for received bytes and metadata that are not in the archive. */
int jm_content_raw_of(const json_t *meta, const char *which, struct jm_span received,
    struct jm_raw *raw_r, struct jm_err *err) JM_MUST_CHECK;

/* Free the content. */
void jm_raw_release(struct jm_raw *raw);

/* Give the content to sink in pieces: as archived, or (whole) before the removal of headers.
 * Returns 0, or the first other value that sink returned. */
int jm_raw_put(const struct jm_raw *raw, bool whole, jm_archive_sink *sink, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
