/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket, at which jmctl asks the daemon. One thread accepts; each client has a thread
 * of its own, at most JM_CONTROL_CLIENTS at a time. The meaning of a request is in
 * common/control/answer.c. A client affects nothing but its own connection.
 */
#ifndef JM_MILTER_DAEMON_CONTROL_H
#define JM_MILTER_DAEMON_CONTROL_H

#include "common/archive/archive.h"
#include "common/control/answer.h"

#define JM_CONTROL_CLIENTS 8

struct jm_control;

typedef json_t *jm_control_known(void *ctx, const json_t *request, const struct jm_peer *peer);

/*
 * Listen on path (mode 0660, owner and group of the process) and answer requests about archive a. a
 * and ctx are used until jm_control_stop(). To be called when the process has its final user, as
 * the socket belongs to it. A socket that a dead process left is replaced; any other file there, a
 * symbolic link included, is left alone.
 *
 * known (may be NULL) is called with ctx for each request, by the client's thread, with the
 * process that asks. It does what only a daemon can do for that verb, and returns
 * what only a daemon knows: a new object, or NULL.
 *
 * Returns 0, or -1 with CONFIG for a path that is empty or too long, DENIED when another process
 * listens there or a right is missing, TEMP.
 */
int jm_control_start(const char *path, struct jm_archive *a, jm_control_known *known, void *ctx,
    struct jm_control **c_r, struct jm_err *err) JM_MUST_CHECK;

/* Cut off all clients, wait for their threads, remove the socket and free *c. *c becomes NULL, and
 * may be NULL. Called by the thread that started it. */
void jm_control_stop(struct jm_control **c);

#endif
