/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of services in the answer to "status". */
#ifndef JM_CONTROL_SERVICE_ROWS_H
#define JM_CONTROL_SERVICE_ROWS_H

#include <jansson.h>

#include "common/base/err.h"

/* Put into the rows ("services" of status) the state that only the daemon knows, and words for
 * people. daemon_state: NULL without a daemon. TEMP without memory. Any thread. */
int jm_service_rows_complete(
    const json_t *status, const json_t *daemon_state, struct jm_err *err) JM_MUST_CHECK;

#endif
