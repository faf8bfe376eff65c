/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: jmctl asks here. One thread accepts, each client has a thread of its own, at
 * most JM_CONTROL_CLIENTS at a time; what a request means lives in common/control/answer.c. Nothing
 * a client does reaches beyond its own connection.
 */
#ifndef JM_MILTER_DAEMON_CONTROL_H
#define JM_MILTER_DAEMON_CONTROL_H

#include "common/control/answer.h"

#define JM_CONTROL_CLIENTS 8

struct jm_control;

/*
 * Listen on path (mode 0660, owner and group of the process) and serve archive a, both used until
 * jm_control_stop(). A socket that a dead process left behind is replaced; anything else there, a
 * symbolic link included, is left alone. known (may be NULL) is called with ctx by any thread for
 * each request and gives what only a daemon knows for that verb: a new object, or NULL. CONFIG for
 * a path that cannot be, DENIED when another process listens there or for lack of rights, TEMP.
 * Call it when the process has its final user.
 */
int jm_control_start(const char *path, struct jm_archive *a,
    json_t *(*known)(void *ctx, const char *verb), void *ctx, struct jm_control **c_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Cut all clients off, wait for their threads, remove the socket. *c becomes NULL; *c NULL is fine.
 */
void jm_control_stop(struct jm_control **c);

#endif
