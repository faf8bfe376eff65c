/* SPDX-License-Identifier: BSD-2-Clause */
/* Handing records to the committer. */
#ifndef JM_ARCHIVE_COMMIT_H
#define JM_ARCHIVE_COMMIT_H

#include "common/archive/state.h"

#define JM_NOTES_MAX 1024              /* events that may wait */
#define JM_GROUP_MAX 256               /* records in a group of the committer */
#define JM_LARGE_BYTES (1024u * 1024u) /* a larger body is a group of its own */

/* Submit a ticket and wait until it is durable. The caller keeps its reference. TEMP. */
int jm_commit_ticket(struct jm_archive *a, struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

/* Make a record without a body durable. meta is taken over; NULL: there was no memory for it. TEMP.
 */
int jm_commit_record(
    struct jm_archive *a, enum jm_record_type type, json_t *meta, struct jm_err *err) JM_MUST_CHECK;

/* Submit a ticket that somebody will wait for with jm_ticket_await(), whatever the state of the
 * archive. The archive gets a reference of its own. */
void jm_commit_submit(struct jm_archive *a, struct jm_ticket *t);

/* Put a ticket into its queue; the caller holds the lock. True: signal a->work, best after the lock
 * is released. */
bool jm_commit_enqueue(struct jm_archive *a, struct jm_ticket *t);

/* An event that nobody waits for is dropped; the caller holds the lock. An event will say how many
 * were. */
void jm_commit_drop_note(struct jm_archive *a);

#endif
