/* SPDX-License-Identifier: BSD-2-Clause */
/* The printing of jmctl status for people. */
#ifndef JM_MILTER_CTL_ASK_STATUS_TEXT_H
#define JM_MILTER_CTL_ASK_STATUS_TEXT_H

#include <jansson.h>

/*
 * Print an answer to "status" on one screen: state and problems, with the cause, and a line for
 * each service.
 */
void jm_status_print(const json_t *status);

#endif
