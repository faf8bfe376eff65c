/* SPDX-License-Identifier: BSD-2-Clause */
/* Events, and the first record of a time. Any thread. */
#ifndef JM_QUERY_EVENT_LIST_H
#define JM_QUERY_EVENT_LIST_H

#include "common/archive/archive.h"

/* Visit the events after record after_seq, oldest first, at most limit (0: all): {seq, time, kind,
 * service, actor, text}. TEMP. */
int jm_archive_events(struct jm_archive *a, uint64_t after_seq, uint64_t limit,
    jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* The number of a record such that everything archived at or after a time is in it or later, also
 * if the clock was set back or forward meanwhile: the record after the last item before the first
 * such item, since reports may have joined older items. TEMP. */
int jm_archive_since(
    struct jm_archive *a, int64_t since_ms, uint64_t *seq_r, struct jm_err *err) JM_MUST_CHECK;

#endif
