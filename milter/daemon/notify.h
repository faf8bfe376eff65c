/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to the service manager, as sd_notify(3) describes them, and its watchdog. Without
 * NOTIFY_SOCKET in the environment nothing happens. */
#ifndef JM_DAEMON_NOTIFY_H
#define JM_DAEMON_NOTIFY_H

#include "common/archive/archive.h"

/* Send text: one assignment per line, as "READY=1\nSTATUS=...". A failure is logged for debugging
 * and has no other consequence. Any thread. */
void jm_notify(const char *text);

/* True when there is a service manager that wants messages. Any thread. */
bool jm_notify_wanted(void);

struct jm_watchdog;

/*
 * Feed the service manager's watchdog (WATCHDOG_USEC) four times in its period from a thread of its
 * own, as long as the committer of a makes progress. *w_r becomes NULL when there is no watchdog,
 * else it lives as long as the process. a is used until jm_notify_watchdog_stop(). TEMP without a
 * thread or memory.
 */
int jm_notify_watchdog(
    struct jm_archive *a, struct jm_watchdog **w_r, struct jm_err *err) JM_MUST_CHECK;

/* Stop feeding for good: the archive may be closed afterwards. w may be NULL. To be called once. */
void jm_notify_watchdog_stop(struct jm_watchdog *w);

#endif
