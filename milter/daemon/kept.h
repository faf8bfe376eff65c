/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The settings that were last in force, kept in the archive's folder (last-settings.xml, without
 * secrets), so that the next start can report what was changed while no daemon ran. They are
 * written only when the events about their own changes are durable: after a kill -9 in between,
 * changes are reported twice rather than never.
 *
 * The settings still to be kept are fields of struct jm_daemon, guarded by d->refreshing.
 */
#ifndef JM_DAEMON_KEPT_H
#define JM_DAEMON_KEPT_H

#include "milter/daemon/daemon.h"

/* Load the settings that were kept, with the secrets of now in place of the missing ones. The
 * caller owns *old_r. Returns 0, or -1 with NOTFOUND when none were kept, or another error; *old_r
 * may be set then, too. Any thread. */
int jm_kept_load(struct jm_daemon *d, const struct jm_settings *now, struct jm_settings **old_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Keep s (a reference is taken) once all events noted so far are durable. The caller holds
 * d->refreshing, or is the only thread that could. */
void jm_kept_later(struct jm_daemon *d, struct jm_settings *s);

/* Write the settings that are to be kept, when their time has come. To be called a few times a
 * second, under d->refreshing. A failure is logged and not tried again. */
void jm_kept_tick(struct jm_daemon *d);

/* The archive was closed, so that all events are durable: write the settings that are still to be
 * kept. Under d->refreshing. */
void jm_kept_end(struct jm_daemon *d);

#endif
