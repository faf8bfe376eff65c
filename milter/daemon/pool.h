/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JM_DAEMON_POOL_H
#define JM_DAEMON_POOL_H

#include <stdbool.h>

/* True once libmilter was told to stop (SIGTERM, SIGINT, SIGHUP). Any thread. */
bool jm_pool_stopping(void);

#endif
