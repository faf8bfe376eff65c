/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JM_DAEMON_POOL_H
#define JM_DAEMON_POOL_H

#include <stdbool.h>

/* True once libmilter was told to stop (SIGTERM, SIGINT, SIGHUP). Any thread. */
bool jm_pool_stopping(void);

/* End the wait of libmilter's listener for its next connection, so that it sees at once that it is to stop. */
void jm_pool_wake(void);

#endif
