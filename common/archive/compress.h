/* SPDX-License-Identifier: BSD-2-Clause */
/* Compressing bodies before they are stored. Only compress.c and content.c include zstd.h. */
#ifndef JM_ARCHIVE_COMPRESS_H
#define JM_ARCHIVE_COMPRESS_H

#include "common/archive/archive.h"
#include "common/base/span.h"
#include "common/base/spool.h"
#include "common/volume/record.h"

/* A compressed body. {0} is empty. */
struct jm_body {
	struct jm_span bytes; /* the compressed bytes; valid until the release */
	enum jm_coding coding;
	unsigned char *memory; /* owned; holds a small body */
	struct jm_spool spool; /* holds a large body */
	bool spooled;
};

/* Compress first followed by second into *body_r, which the caller releases; after an error that is
 * not necessary. TEMP, LIMIT. Any thread. */
int jm_compress(struct jm_archive *a, struct jm_span first, struct jm_span second,
    struct jm_body *body_r, struct jm_err *err) JM_MUST_CHECK;

/* Free the memory and the spool of a body. May be called twice. */
void jm_body_release(struct jm_body *b);

/* Free the pool. Only at the end, when no other thread uses the archive. */
void jm_compress_drain(struct jm_archive *a);

#endif
