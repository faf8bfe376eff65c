/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the archive at the daemon's start: waiting for the process that has it, progress, advice.
 * Called by the main thread, before there are others. */
#ifndef JM_DAEMON_START_H
#define JM_DAEMON_START_H

#include "milter/daemon/daemon.h"

/*
 * Open the archive of s as d->archive, and set d->archive_dir and d->spool_dir. A process that only
 * reads the archive gives it up or is ended; any other one is waited for, and the log and the
 * service manager say which. SIGTERM, SIGINT and SIGHUP, which must be blocked, end the process at
 * once. TEMP: also when another daemon keeps the archive. The kinds of jm_archive_open().
 */
int jm_start_archive(
    struct jm_daemon *d, const struct jm_settings *s, struct jm_err *err) JM_MUST_CHECK;

/* Add to err how to mend an archive folder that cannot be used. */
void jm_start_advise(const struct jm_settings *s, struct jm_err *err);

/* The exit status for a start that failed. */
int jm_start_exit_code(const struct jm_err *err);

#endif
