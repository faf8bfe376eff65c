/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JM_DAEMON_POOL_H
#define JM_DAEMON_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* Serve until libmilter is told to stop; the caller's thread is its listener. 0, or -1: its reason
 * is in the system log. */
int jm_pool_serve(void);

/* True once libmilter was told to stop (SIGTERM, SIGINT, SIGHUP). Any thread. */
bool jm_pool_stopping(void);

/* End the wait of libmilter's listener for its next connection, so that it sees at once that it is
 * to stop. */
void jm_pool_wake(void);

/* How many connections were closed at once since the start, as there was no descriptor, thread or
 * memory for them. Any thread. */
uint64_t jm_pool_turned_away(void);

#endif
