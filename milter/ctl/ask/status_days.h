/* SPDX-License-Identifier: BSD-2-Clause */
/* The printing of jmctl status --days. */
#ifndef JM_MILTER_CTL_ASK_STATUS_DAYS_H
#define JM_MILTER_CTL_ASK_STATUS_DAYS_H

#include <jansson.h>

/*
 * Print the "days" of an answer to "status": a line each from the first day to today, and the
 * number of days without a report.
 */
void jm_status_print_days(const json_t *status);

#endif
