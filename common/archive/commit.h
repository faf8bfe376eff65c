/* SPDX-License-Identifier: BSD-2-Clause */
/* Handing records to the committer. */
#ifndef JM_ARCHIVE_COMMIT_H
#define JM_ARCHIVE_COMMIT_H

#include "common/archive/state.h"

#define JM_NOTES_MAX 1024              /* events that may wait */
#define JM_GROUP_MAX 256               /* records in a group of the committer */
#define JM_LARGE_BYTES (1024u * 1024u) /* a record with a larger body is a group of its own */

/* Submit a ticket and wait until it is durable. The caller keeps its reference. TEMP: it is not
 * durable. Any thread that holds no lock of the archive but change_lock. */
int jm_commit_ticket(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

/* Make a record without a body durable. meta is taken over, also on error; NULL means that there
 * was no memory for it. TEMP, LIMIT. Threads as jm_commit_ticket(). */
int jm_commit_record(
    struct jm_archive *a, enum jm_record_type type, json_t *meta, struct jm_err *err) JM_MUST_CHECK;

/* Submit a ticket, whatever the state of the archive. The caller keeps its reference, and must wait
 * with jm_ticket_await(). The caller does not hold the lock. */
void jm_commit_submit(struct jm_archive *a, struct jm_ticket *t);

/* Put a ticket into its queue. The caller holds the lock, and gives a reference to the archive.
 * True: the caller must signal a->work, best after it has released the lock. */
bool jm_commit_enqueue(struct jm_archive *a, struct jm_ticket *t);

/* Count an event that is dropped. A later event will state the number of dropped events. The caller
 * holds the lock. */
void jm_commit_drop_note(struct jm_archive *a);

#endif
