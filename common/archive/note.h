/* SPDX-License-Identifier: BSD-2-Clause */
/* Storing events. Nobody waits for the disk. */
#ifndef JM_ARCHIVE_NOTE_H
#define JM_ARCHIVE_NOTE_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"

/* Store an event with the next group, at the latest after a second. LIMIT: too many wait; it is
 * counted, and an event will say how many were dropped. TEMP. Any thread. An archive that was
 * opened verbatim ignores it. */
int jm_archive_note(
    struct jm_archive *a, const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* The same for callers with many events: waits at most wait_ms for room. */
int jm_archive_note_within(struct jm_archive *a, const struct jm_event *e, int64_t wait_ms,
    struct jm_err *err) JM_MUST_CHECK;

/* How many events were noted since the start, and how many of them are durable or dropped. */
void jm_archive_notes(struct jm_archive *a, uint64_t *put_r, uint64_t *done_r);

#endif
