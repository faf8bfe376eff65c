/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of an archive, for people and dashboards. Any thread. */
#ifndef JM_QUERY_ARCHIVE_STATUS_H
#define JM_QUERY_ARCHIVE_STATUS_H

#include "common/archive/archive.h"

/* State and figures: items, reports, contents, bytes, volumes, last record, balance, services with
 * their last arrival, events by kind. Comes also while the catalog is behind, and says so. The
 * caller owns it. TEMP. */
int jm_archive_status(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* The same for callers that ask every few seconds: the balance is checked for the whole and for
 * each service, not for each of their days. */
int jm_archive_standing(struct jm_archive *a, json_t **status_r, struct jm_err *err) JM_MUST_CHECK;

/* The counters of each day (UTC) that has any, oldest first: [{day, the counters, last}], of a
 * service or (NULL) of all. The caller owns it. TEMP. */
int jm_archive_days(
    struct jm_archive *a, const char *service, json_t **days_r, struct jm_err *err) JM_MUST_CHECK;

/* The row of a service as the status has it, times in milliseconds: 1 with *row_r (the caller owns
 * it), 0: nothing is known of it, -1. */
int jm_archive_service(
    struct jm_archive *a, const char *service, json_t **row_r, struct jm_err *err) JM_MUST_CHECK;

#endif
