/* SPDX-License-Identifier: BSD-2-Clause */
/* Visiting events, and finding the first record of a time. Any thread. */
#ifndef JM_QUERY_EVENT_LIST_H
#define JM_QUERY_EVENT_LIST_H

#include "common/archive/archive.h"

/* Visit the events after record after_seq, oldest first, at most limit (0: all): {seq, time, kind,
 * service, actor, text}. TEMP, CORRUPT, or the visitor's error. */
int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit,
    jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/*
 * Find the number of the record from which on all items are that were archived at or after a time,
 * also if the clock was set back or forward meanwhile. It is the record after the last item before
 * the first of these items, since reports may have joined older items. 1: there are no items. TEMP,
 * CORRUPT.
 */
int jm_archive_since(
    struct jm_archive *a, int64_t since_ms, uint64_t *seq_r, struct jm_err *err) JM_MUST_CHECK;

#endif
