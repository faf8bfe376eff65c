/* SPDX-License-Identifier: BSD-2-Clause */
/* The HTTP server: which URL gets which answer. libmicrohttpd is included in serve.c only. */
#ifndef JM_WEB_SERVE_H
#define JM_WEB_SERVE_H

#include <stdint.h>

struct jm_server;

/*
 * Answer requests on the listening socket fd, in one thread of the server's own, until
 * jm_server_stop(). fd belongs to the server from now on. folder (borrowed, in use until the stop)
 * and stale_s are for jm_published_read(). names (borrowed likewise, or NULL) are the names of this
 * server for jm_host_may_ask(); a request for another one is answered with 421. NULL without
 * memory, or when the server cannot start.
 */
struct jm_server *jm_server_start(int fd, const char *folder, int64_t stale_s, const char *names);

/* Close all connections, end the thread and free s. */
void jm_server_stop(struct jm_server *s);

/* Cut off the connections that are older than any request needs. To be called about once a second
 * by one thread. */
void jm_server_tick(struct jm_server *s);

#endif
