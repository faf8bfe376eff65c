/* SPDX-License-Identifier: BSD-2-Clause */
/* Forgetting marks of messages of a POP3 mailbox. They are set by deposits, and read by
 * common/query/mark_list.h. How they are applied: common/catalog/apply_marks.h. */
#ifndef JM_ARCHIVE_MARKS_H
#define JM_ARCHIVE_MARKS_H

#include "common/archive/archive.h"
#include "common/base/span.h"

/* Forget the marks of n messages that the mailbox does not have any more; durable when it returns.
 * TEMP. Any thread. */
int jm_archive_pop3_forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls,
    size_t n, struct jm_err *err) JM_MUST_CHECK;

#endif
