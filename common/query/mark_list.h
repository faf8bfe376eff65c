/* SPDX-License-Identifier: BSD-2-Clause */
/* The marks of a POP3 mailbox: which of its messages are archived. */
#ifndef JM_QUERY_MARK_LIST_H
#define JM_QUERY_MARK_LIST_H

#include "common/archive/archive.h"
#include "common/base/span.h"

/* Gets a mark: the message's id (borrowed) and its size as the server said it. 0, or -1 with err.
 */
typedef int jm_archive_mark(
    void *ctx, struct jm_span uidl, uint64_t size_bytes, struct jm_err *err);

/* Visit the marks of a mailbox, in any order: messages that were deposited with their id and are
 * not forgotten. Everything that is durable at the call is included. TEMP. Any thread. */
int jm_archive_pop3_marks(struct jm_archive *a, const char *mailbox, jm_archive_mark *visit,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
