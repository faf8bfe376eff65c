/* SPDX-License-Identifier: BSD-2-Clause */
/* Compression of bodies on the way in, with a pool of contexts. Only compress.c and content.c
 * include zstd.h. */
#ifndef JM_ARCHIVE_COMPRESS_H
#define JM_ARCHIVE_COMPRESS_H

#include "common/archive/archive.h"
#include "common/base/span.h"
#include "common/base/spool.h"
#include "common/volume/record.h"

#define JM_MESSAGE_MAX_BYTES (4ull << 30) /* cap on anything that is rebuilt */

/* A compressed body. {0} is empty. */
struct jm_body {
	struct jm_span bytes; /* to write; valid until the release */
	enum jm_coding coding;
	unsigned char *memory; /* owned */
	struct jm_spool spool; /* of a large one */
	bool spooled;
};

/* Compress first followed by second. Release *body_r, also after an error. TEMP, LIMIT. Any thread.
 */
int jm_compress(struct jm_archive *a, struct jm_span first, struct jm_span second,
    struct jm_body *body_r, struct jm_err *err) JM_MUST_CHECK;

/* Free what a body owns; may be called twice. */
void jm_body_release(struct jm_body *b);

/* At the end: free the pool. */
void jm_compress_drain(struct jm_archive *a);

#endif
