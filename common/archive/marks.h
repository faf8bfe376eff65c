/* SPDX-License-Identifier: BSD-2-Clause */
/* Removing marks of messages of a POP3 mailbox. Deposits set the marks; common/query/mark_list.h
 * reads them; common/catalog/apply_marks.h applies the records. */
#ifndef JM_ARCHIVE_MARKS_H
#define JM_ARCHIVE_MARKS_H

#include "common/archive/archive.h"
#include "common/base/span.h"

/* Remove the marks of n messages that the mailbox does not have any more; durable when it returns.
 * All strings are borrowed. TEMP: the marks of the first messages may be removed. Any thread. */
int jm_archive_pop3_forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls,
    size_t n, struct jm_err *err) JM_MUST_CHECK;

#endif
