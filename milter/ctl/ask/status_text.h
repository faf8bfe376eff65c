/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl status: what status.c asked for, as people want it. */
#ifndef JM_MILTER_CTL_ASK_STATUS_TEXT_H
#define JM_MILTER_CTL_ASK_STATUS_TEXT_H

#include <jansson.h>

/* Print an answer to "status" on one screen: what stands well, what does not and why, a line a
 * service. */
void jm_status_print(const json_t *status);

#endif
