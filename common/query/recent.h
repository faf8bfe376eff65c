/* SPDX-License-Identifier: BSD-2-Clause */
/* The last hours, days and events, for dashboards that ask every few seconds. */
#ifndef JM_QUERY_RECENT_H
#define JM_QUERY_RECENT_H

#include "common/archive/archive.h"

/*
 * Up to now_ms: {hours: {"2026-11-22T03": reports, ...} (48, oldest first), days: {"2026-11-22":
 * ...} (90), events: {SEQ in 16 hex digits: event, ...} (the last 20, newest first), checkpoint_ms:
 * of the catalog, 0: none yet, stored_bytes: in the last 7 days, stored_since_ms: when the first of
 * these days that has any began}. Does not wait for the catalog; about 140 look-ups. The caller
 * owns it. TEMP. Any thread.
 */
int jm_archive_recent(
    struct jm_archive *a, int64_t now_ms, json_t **recent_r, struct jm_err *err) JM_MUST_CHECK;

#endif
