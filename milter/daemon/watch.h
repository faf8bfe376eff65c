/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over the services: what came in, what was refused or deferred, and how each service
 * stands. Counts that leave no message in the archive wait here until they are written, at the
 * latest a second later, or when the archive can write again. Any thread.
 */
#ifndef JM_DAEMON_WATCH_H
#define JM_DAEMON_WATCH_H

#include "common/service/service_status.h"
#include "milter/daemon/daemon.h"

struct jm_intake;

/* Learn from the archive how the services stood. TEMP. */
int jm_watch_start(struct jm_daemon *d, struct jm_err *err) JM_MUST_CHECK;

/* A recipient got 5xx (refused) or 4xx. service NULL: no service has the address. reason:
 * printable, static. */
void jm_watch_recipient(const char *service, bool refused, const char *reason);

/* Messages of this service that were not archived: the sender got 4xx. */
void jm_watch_deferred(const char *service);

/* A message of this service is in the archive. */
void jm_watch_message(const char *service);

/* What became of an intake, by its stored: one of the last two for each of its services. */
void jm_watch_intake(const struct jm_intake *in);

/* How a service stands, also while the archive cannot be told. False when that is not known yet. */
bool jm_watch_standing(const char *service, struct jm_service_status *s_r);

/* Once a second, by one thread: write the counts, bring every service's status up to now, tell
 * changes as events. */
void jm_watch_tick(struct jm_daemon *d);

#endif
