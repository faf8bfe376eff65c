/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows that follow from several kinds of records: events, and the counters of days and services. */
#ifndef JM_CATALOG_APPLY_NOTE_H
#define JM_CATALOG_APPLY_NOTE_H

#include "common/catalog/apply_types.h"
#include "common/volume/metadata.h"

/* Add an event that follows from record seq, and count it. TEMP, CORRUPT. */
int jm_apply_note(
    struct jm_apply *p, uint64_t seq, const struct jm_event *e, struct jm_err *err) JM_MUST_CHECK;

/* Add to every counter of reports that service (NULL: none) received at this time: the total, its
 * day and hour, the service, the service's day. TEMP. */
int jm_apply_count(struct jm_apply *p, const char *service, int64_t time_ms,
    const struct jm_count *c, struct jm_err *err) JM_MUST_CHECK;

#endif
