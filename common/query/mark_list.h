/* SPDX-License-Identifier: BSD-2-Clause */
/* The marks of a POP3 mailbox: its messages that are archived. */
#ifndef JM_QUERY_MARK_LIST_H
#define JM_QUERY_MARK_LIST_H

#include "common/archive/archive.h"
#include "common/base/digest.h"
#include "common/base/span.h"

struct jm_archived_mark {
	struct jm_span uidl; /* the message's id, borrowed for the call */
	uint64_t size_bytes; /* as the server stated it */
	uint64_t seq;        /* of the report that is the mark */
};

/* Gets a mark. 0: continue; 1: stop; -1 with err. */
typedef int jm_archive_mark(void *ctx, const struct jm_archived_mark *mark, struct jm_err *err);

/* Visit the marks of a mailbox, in any order: messages that were deposited with their id, and whose
 * marks were not removed. All records that are durable at the call are included. TEMP, CORRUPT, or
 * the visitor's error. Any thread. */
int jm_archive_pop3_marks(struct jm_archive *a, const char *mailbox, jm_archive_mark *visit,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* *same_r: report seq has exactly the bytes of this digest, as they were received. It is false,
 * too, when the archive no longer has the report, or cannot read it: then the bytes are to be
 * archived. TEMP. Any thread. */
int jm_archive_mark_is(struct jm_archive *a, uint64_t seq,
    const unsigned char sha256[JM_SHA256_BYTES], bool *same_r, struct jm_err *err) JM_MUST_CHECK;

#endif
