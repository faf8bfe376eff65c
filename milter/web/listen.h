/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket of the status page, on the network or in the file system. */
#ifndef JM_WEB_LISTEN_H
#define JM_WEB_LISTEN_H

#include "common/base/err.h"

/*
 * Listen at where: "127.0.0.1:8385", "[::1]:8385" or "unix:/PATH". Host names are not resolved. An
 * address that is not a loopback address is allowed and logged as a warning. A Unix domain socket
 * that a dead process left is replaced.
 *
 * Returns 0 with *fd_r, non-blocking and close-on-exec, which the caller owns. Returns -1 with
 * CONFIG for a malformed address or a file that is no socket, DENIED when another process uses the
 * Unix domain socket, TEMP otherwise.
 */
int jm_web_listen(const char *where, int *fd_r, struct jm_err *err) JM_MUST_CHECK;

#endif
