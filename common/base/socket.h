/* SPDX-License-Identifier: BSD-2-Clause */
/* Unix domain sockets in the file system. A socket file outlives the process that made it, and
 * bind(2) fails while it is there: this removes such a file, and nothing else. */
#ifndef JM_BASE_SOCKET_H
#define JM_BASE_SOCKET_H

#include "common/base/err.h"

/*
 * Make path free for bind(2): remove a Unix domain socket that no process uses any more.
 *
 * what names the socket in error texts ("control socket"). Returns 0 when there is no file at path
 * (any more). Returns -1 and leaves the file alone otherwise: CONFIG for a path that is empty, too
 * long or cannot be reached, and for a file that is no socket, a symbolic link included; DENIED
 * when a process uses the socket, when connect(2) does not show whether one does, or when the file
 * may not be removed; TEMP without a descriptor. Any thread.
 *
 * Two processes that call this at the same time may both succeed: a socket between bind(2) and
 * listen(2) looks unused.
 */
int jm_socket_clear(const char *what, const char *path, struct jm_err *err) JM_MUST_CHECK;

#endif
