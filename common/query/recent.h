/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the last hours and days, and the last events, for dashboards that ask every few
 * seconds. */
#ifndef JM_QUERY_RECENT_H
#define JM_QUERY_RECENT_H

#include "common/archive/archive.h"

/*
 * Get, up to now_ms: {hours: {"2026-11-22T03": reports, ...} (48, oldest first), days:
 * {"2026-11-22": ...} (90), events: {SEQ in 16 hex digits: event, ...} (the last 20, newest first),
 * checkpoint_ms: the time of the catalog's last checkpoint, or 0, stored_bytes: in the last 7 days,
 * stored_since_ms: the start of the first of these days on which bytes were stored}. Makes about
 * 140 look-ups, and does not wait for the catalog. The caller owns *recent_r. TEMP, CORRUPT. Any
 * thread.
 */
int jm_archive_recent(
    struct jm_archive *a, int64_t now_ms, json_t **recent_r, struct jm_err *err) JM_MUST_CHECK;

#endif
