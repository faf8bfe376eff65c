/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings that were last in force, kept beside the archive (last-settings.xml, without
 * secrets), so that what was changed while no daemon ran is told at the next start. They are kept
 * when the events about the changes are durable: after kill -9 in between, changes are told twice
 * rather than never.
 */
#ifndef JM_DAEMON_KEPT_H
#define JM_DAEMON_KEPT_H

#include "milter/daemon/daemon.h"

/* At the start, with the archive open: note what changed. */
void jm_kept_compare(struct jm_daemon *d);

/* These settings are in force from now on, and the events about that are noted. Under
 * d->refreshing, as the rest. */
void jm_kept_later(struct jm_daemon *d, struct jm_settings *s);

/* Now and then: keep them once the events are durable. */
void jm_kept_tick(struct jm_daemon *d);

/* The archive was closed: keep what is to be kept. */
void jm_kept_end(struct jm_daemon *d);

#endif
