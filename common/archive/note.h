/* SPDX-License-Identifier: BSD-2-Clause */
/* Storing events. The callers do not wait for the disk. Any thread. */
#ifndef JM_ARCHIVE_NOTE_H
#define JM_ARCHIVE_NOTE_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"

/* Store an event (borrowed for the call) with the next group, at the latest after a second. LIMIT:
 * too many events wait, and this one is dropped; a later event states how many were dropped. TEMP.
 * An archive that was opened verbatim ignores events. */
int jm_archive_note(
    struct jm_archive *a, const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* As jm_archive_note(), for callers with many events: waits at most wait_ms for room. */
int jm_archive_note_within(struct jm_archive *a, const struct jm_event *e, int64_t wait_ms,
    struct jm_err *err) JM_MUST_CHECK;

/* As jm_archive_note(); an event that cannot be stored is logged. */
void jm_archive_note_or_log(struct jm_archive *a, const struct jm_event *e);

/* Count the events that were noted since the start, and those of them that are durable or dropped.
 */
void jm_archive_notes(struct jm_archive *a, uint64_t *put_r, uint64_t *done_r);

#endif
