/* SPDX-License-Identifier: BSD-2-Clause */
/* libmilter's listener, with one thread per session in place of libmilter's pool of workers. Why,
 * and how, is said in pool.c. */
#ifndef JM_DAEMON_POOL_H
#define JM_DAEMON_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* Serve until a signal stops libmilter; the caller's thread is its listener. Returns 0, or -1 when
 * libmilter gave up, with its reason in the system log. */
int jm_pool_serve(void);

/* True once a signal has stopped libmilter (SIGTERM, SIGINT, SIGHUP). Any thread. */
bool jm_pool_stopping(void);

/* End the listener's wait for its next connection, so that it notices at once that it is to stop.
 * Any thread. */
void jm_pool_wake(void);

/* The socket of the calling thread's session. -1 in other threads, and with a libmilter that starts
 * the threads of sessions itself. */
int jm_pool_socket(void);

/* How many connections were closed at once, since the start, for lack of a descriptor, a thread or
 * memory. Any thread. */
uint64_t jm_pool_turned_away(void);

#endif
