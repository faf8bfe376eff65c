/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The collector: one thread (a poller) for each enabled service of transport type POP3, which
 * fetches from its journal mailbox again and again. One session with a mailbox is in pull.h. After
 * each session the poller reports to the watch (watch.h) whether it failed.
 */
#ifndef JM_DAEMON_COLLECT_H
#define JM_DAEMON_COLLECT_H

#include "milter/daemon/daemon.h"

/* Make a collector without pollers and set d->collector, which lives as long as the process. To be
 * called after jm_watch_start(). TEMP without memory. */
int jm_collect_start(struct jm_daemon *d, struct jm_err *err) JM_MUST_CHECK;

/* Start a poller for each service that needs one and lacks it, by the settings in force. To be
 * called now and then by one thread; cheap. A poller whose service was disabled, changed or removed
 * ends by itself within a second, even in the middle of a message. */
void jm_collect_tick(struct jm_daemon *d);

/* End all pollers, wait for that, and let none start any more; sets d->stopping. May be called
 * again, and without a collector. */
void jm_collect_stop(struct jm_daemon *d);

/* Return the state of a service's mailbox: {name, state, since, last_success, error, queue,
 * waiting, archived, unretrievable, unretrievable_since, certificate, certificate_until}; the
 * caller owns it. NULL when the service has no poller, or without memory. Any thread. */
json_t *jm_collect_state(struct jm_daemon *d, const char *service);

#endif
