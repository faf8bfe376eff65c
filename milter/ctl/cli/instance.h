/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the daemon that runs with a settings file when the file, as it is now, does not lead to
 * it. One thread. */
#ifndef JM_MILTER_CTL_CLI_INSTANCE_H
#define JM_MILTER_CTL_CLI_INSTANCE_H

#include <stdbool.h>

#include "common/base/err.h"

/*
 * Connect to the control socket of the daemon that was started with the settings file config. It
 * is found by its command line, which needs the rights of root or of the daemon's user. broken: the
 * file cannot be loaded; the paths in it are tried all the same, and the usual place when it is the
 * installed file. Returns 1 with *fd_r and *socket_r (both for the caller), or 0.
 */
int jm_instance_connect(const char *config, bool broken, char **socket_r, int *fd_r);

/* Connect to the control socket of the daemon that has the archive in dir open, wherever that
 * socket is. Returns 1 with *fd_r (for the caller), or 0. */
int jm_instance_of_archive(const char *dir, int *fd_r);

#endif
