/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of an archive, for people and dashboards. Any thread. */
#ifndef JM_QUERY_ARCHIVE_STATUS_H
#define JM_QUERY_ARCHIVE_STATUS_H

#include "common/archive/archive.h"

/* Get the state and the figures: items, reports, contents, bytes, volumes, last record, balance,
 * services with their last arrival, events by kind. The status is also given while the catalog is
 * not up to date, and says so. The caller owns *status_r. TEMP. */
int jm_archive_status(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_archive_status(), for callers that ask every few seconds: the balance is checked for the
 * total and for each service, but not for their days. */
int jm_archive_standing(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* Get the counters of each day (UTC) that has counters, oldest first: [{day, the counters, last}],
 * of a service or (NULL) of all. The caller owns *days_r. TEMP. */
int jm_archive_days(
    struct jm_archive *a, const char *service, json_t **days_r, struct jm_err *err) JM_MUST_CHECK;

/* Get the row of a service as in the status, but with times in milliseconds. 1 with *row_r, which
 * the caller owns; 0: the archive does not know the service; -1: TEMP, CORRUPT. */
int jm_archive_service(
    struct jm_archive *a, const char *service, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

#endif
