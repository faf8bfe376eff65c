/* SPDX-License-Identifier: BSD-2-Clause */
/* Words to the service manager, as sd_notify(3) describes them; without NOTIFY_SOCKET nothing
 * happens. */
#ifndef JM_DAEMON_NOTIFY_H
#define JM_DAEMON_NOTIFY_H

#include "milter/daemon/daemon.h"

/* Send one assignment a line: "READY=1\nSTATUS=...". A failure is of no consequence. Any thread. */
void jm_notify(const char *text);

/* True when somebody listens. */
bool jm_notify_wanted(void);

/* Feed the watchdog of WATCHDOG_USEC from now on, four times in its period, as long as the
 * committer of d's archive gets on with its work. */
int jm_notify_watchdog(struct jm_daemon *d, struct jm_err *err) JM_MUST_CHECK;

/* Let the watchdog alone from now on: the archive may be closed. Once. */
void jm_notify_watchdog_stop(void);

#endif
