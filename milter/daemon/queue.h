/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processing queue's worker: a thread that takes what is due, looks for the item it belongs to,
 * and archives it there or on its own. It also ticks the watch over the services.
 */
#ifndef JM_DAEMON_QUEUE_H
#define JM_DAEMON_QUEUE_H

#include "milter/daemon/daemon.h"

/* Start the thread. TEMP. */
int jm_queue_start(struct jm_daemon *d, struct jm_err *err) JM_MUST_CHECK;

/* End it, after a last write of what the watch counted. */
void jm_queue_stop(void);

#endif
