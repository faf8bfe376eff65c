/* SPDX-License-Identifier: BSD-2-Clause */
/* The publisher: a thread that writes how the daemon stands to the publish folder, every few
 * seconds, and tells the service manager. */
#ifndef JM_DAEMON_PUBLISHER_H
#define JM_DAEMON_PUBLISHER_H

#include "milter/daemon/daemon.h"

/* The folder it writes to, into path (PATH_MAX). */
int jm_publisher_folder(const struct jm_settings *s, char *path, struct jm_err *err) JM_MUST_CHECK;

/* Start, into the folder of these settings. A failure to write is logged and noted when it begins
 * and when it ends; it never stops mail. */
int jm_publisher_start(
    struct jm_daemon *d, const struct jm_settings *s, struct jm_err *err) JM_MUST_CHECK;

/* No more rounds; the archive may be closed afterwards. Also without a start. */
void jm_publisher_stop(void);

#endif
