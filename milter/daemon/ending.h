/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the process within its time, also when a thread hangs: in a damaged file, a library, a
 * disk that does not answer. This is like a kill -9, which the archive survives: what was
 * acknowledged is in the volumes, and the next start continues.
 */
#ifndef JM_DAEMON_ENDING_H
#define JM_DAEMON_ENDING_H

#include "common/base/err.h"

#define JM_DRAIN_MS 30000 /* for messages that are being received when a stop is requested */
#define JM_SHUT_MS 15000  /* for those that began since */
#define JM_END_MS 60000   /* for all of it; less than TimeoutStopSec of the unit */

struct jm_ending;

/* Start a thread that ends the process JM_END_MS after a stop was requested, by a signal or by
 * jm_ending_stop(), with a line in the log and EX_SOFTWARE. SIGTERM, SIGINT and SIGHUP must be
 * blocked. To be called once; *e_r lives until the process ends. TEMP. */
int jm_ending_start(struct jm_ending **e_r, struct jm_err *err) JM_MUST_CHECK;

/* Say what the caller is going to wait for; static, for the line in the log. e may be NULL. Any
 * thread. */
void jm_ending_await(struct jm_ending *e, const char *part);

/* A stop begins now, if none was requested before. e may be NULL. Any thread. */
void jm_ending_stop(struct jm_ending *e);

#endif
