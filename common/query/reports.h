/* SPDX-License-Identifier: BSD-2-Clause */
/* Visiting the reports of an item one after the other, so that only one is in memory. */
#ifndef JM_QUERY_REPORTS_H
#define JM_QUERY_REPORTS_H

#include "common/archive/archive.h"
#include "common/volume/stored_report.h"

/* Gets a report (borrowed for the call), or NULL and why it cannot be read. 0: continue; 1: stop;
 * -1 with err. */
typedef int jm_report_visit(void *ctx, uint64_t seq, const struct jm_stored_report *report,
    const char *problem, struct jm_err *err);

/* Visit the reports of item id: its first one, then the others in order. Returns 0, or the first
 * other value that visit returned. TEMP, CORRUPT (the catalog). Any thread. */
int jm_reports_visit(struct jm_archive *a, uint64_t id, jm_report_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
