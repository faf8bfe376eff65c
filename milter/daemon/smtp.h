/* SPDX-License-Identifier: BSD-2-Clause */
/* The SMTP way in: libmilter's callbacks. One struct session a connection, one intake a message. */
#ifndef JM_DAEMON_SMTP_H
#define JM_DAEMON_SMTP_H

#include "milter/daemon/daemon.h"

/* Register the filter and listen on the settings' socket. d is borrowed until the process ends.
 * CONFIG, TEMP. */
int jm_smtp_listen(
    struct jm_daemon *d, const struct jm_settings *settings, struct jm_err *err) JM_MUST_CHECK;

/* Serve until told to stop by a signal. 0, or -1 when libmilter gave up. */
int jm_smtp_serve(void);

/* Housekeeping, to be called a few times a second by a thread of its own: tells MTAs that wait long
 * for an end of message that work goes on (their time-out starts anew), and shortens the wait of
 * libmilter's listener once it is told to stop. */
void jm_smtp_tick(void);

#endif
