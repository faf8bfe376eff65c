/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The collector: a thread for each enabled service of transport type POP3, which looks into its
 * mailbox again and again. What happens in one connection is in pull.h.
 */
#ifndef JM_DAEMON_COLLECT_H
#define JM_DAEMON_COLLECT_H

#include "milter/daemon/daemon.h"

/* A collector without pollers; it is d->collector from now on and lives as long as the process.
 * TEMP without memory. */
int jm_collect_start(struct jm_daemon *d, struct jm_err *err) JM_MUST_CHECK;

/* Start pollers for services that have none, as the settings in force say. Called now and then by
 * one thread; cheap. A poller whose service was disabled, changed or removed ends by itself within
 * a second, also in the middle of a message. */
void jm_collect_tick(struct jm_daemon *d);

/* End all pollers and wait for that; none is started any more. Without a collector nothing happens.
 */
void jm_collect_stop(struct jm_daemon *d);

/* How a service's mailbox stands: {state, since, last_success, error, queue, ...}; caller owns.
 * NULL when it has no poller. Any thread. */
json_t *jm_collect_state(struct jm_daemon *d, const char *service);

#endif
