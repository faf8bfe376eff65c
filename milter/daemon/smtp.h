/* SPDX-License-Identifier: BSD-2-Clause */
/* Reception over SMTP: libmilter's callbacks. There is one session per connection and one intake
 * per message. Only one filter can exist in a process. */
#ifndef JM_DAEMON_SMTP_H
#define JM_DAEMON_SMTP_H

#include "milter/daemon/daemon.h"

struct jm_smtp;

/* Register the filter with libmilter and listen on the socket that settings name. d is borrowed
 * until the process ends; *smtp_r lives as long. To be called once. CONFIG, TEMP. */
int jm_smtp_listen(struct jm_daemon *d, const struct jm_settings *settings, struct jm_smtp **smtp_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Serve until a signal tells libmilter to stop; the caller's thread is libmilter's listener.
 * Returns 0, or -1 when libmilter gave up. */
int jm_smtp_serve(void);

/* Housekeeping, to be called a few times a second by one thread that does not wait for the disk. It
 * informs MTAs that have waited long for the end of a message that it is still being processed, so
 * that their time-out begins again, and makes libmilter's listener notice a stop at once. */
void jm_smtp_tick(struct jm_smtp *smtp);

#endif
