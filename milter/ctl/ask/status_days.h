/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl status --days. */
#ifndef JM_MILTER_CTL_ASK_STATUS_DAYS_H
#define JM_MILTER_CTL_ASK_STATUS_DAYS_H

#include <jansson.h>

/* Print its "days": a line each from the first one to today, and how many had no report
 * (status_days.c). */
void jm_status_print_days(const json_t *status);

#endif
