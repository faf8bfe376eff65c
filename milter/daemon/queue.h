/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker of the processing queue: a thread that takes the reports that are due, looks for the
 * item that each belongs to, and archives it there or as an item of its own. */
#ifndef JM_DAEMON_QUEUE_H
#define JM_DAEMON_QUEUE_H

#include "common/archive/ticket.h"
#include "milter/daemon/daemon.h"

struct jm_queue;

/* Start the thread, which uses d->archive until jm_queue_stop(). The caller owns *q_r. TEMP. */
int jm_queue_start(struct jm_daemon *d, struct jm_queue **q_r, struct jm_err *err) JM_MUST_CHECK;

/* Wait for the end of the round in progress, end the thread and free *q. *q becomes NULL, and may
 * be NULL. */
void jm_queue_stop(struct jm_queue **q);

#endif
