/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JM_DAEMON_POOL_H
#define JM_DAEMON_POOL_H

#include <stdbool.h>

/* Serve until libmilter is told to stop; the caller's thread is its listener. 0, or -1: its reason is in the system log. */
int jm_pool_serve(void);

/* True once libmilter was told to stop (SIGTERM, SIGINT, SIGHUP). Any thread. */
bool jm_pool_stopping(void);

/* End the wait of libmilter's listener for its next connection, so that it sees at once that it is to stop. */
void jm_pool_wake(void);

#endif
