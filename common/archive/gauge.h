/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast the archive works just now, for dashboards. */
#ifndef JM_ARCHIVE_GAUGE_H
#define JM_ARCHIVE_GAUGE_H

#include "common/archive/archive.h"

/* A group became durable, and took so long. The caller (the committer) holds the lock. */
void jm_gauge_commit(struct jm_archive *a, int64_t took_us);

/* Since the start: {"commit_time": {"le": {"0.001": groups that became durable within so many
 * seconds, ..., "+Inf": all}, "microseconds": their sum, "count"}, "cache_bytes", "cache_hits",
 * "cache_misses", "cache_dirty_pages" of the catalog}. The caller owns it. TEMP. Any thread. */
int jm_archive_gauges(struct jm_archive *a, json_t **gauges_r, struct jm_err *err) JM_MUST_CHECK;

#endif
