/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading again while the daemon runs: the settings file, and the sources of the directory of
 * internal addresses. Differences become events. */
#ifndef JM_DAEMON_RELOAD_H
#define JM_DAEMON_RELOAD_H

#include "common/base/peer.h"
#include "milter/daemon/daemon.h"

/*
 * Load the settings file again. The new settings come into force as a whole, or the old ones stay
 * when the file is wrong; which of the two happened, and each change, is logged and noted as an
 * event. After a signal: its actor is "signal from uid 0 (root), pid 4711", the process that sent
 * it. Under a service manager this is not the person who wanted it. The caller holds d->refreshing.
 */
void jm_reload_signalled(struct jm_daemon *d, const struct jm_peer *sender);

/*
 * The same for a request of the control socket ("reload") by peer, who is the actor. Takes
 * d->refreshing. Returns the answer as milter/ctl/schema/reload.json has it, which the caller owns.
 * NULL for a wrong request, which changes nothing, and without memory.
 */
json_t *jm_reload_asked(struct jm_daemon *d, const json_t *request, const struct jm_peer *peer);

/* Note each difference between the settings in force and those that were in force when the last
 * daemon ran (kept.h) as an event. To be called once, at the start, with the archive open and
 * before there can be a reload. */
void jm_reload_compare(struct jm_daemon *d);

/* Read the sources of the directory that are new or have changed; takes d->refreshing. To be called
 * by one thread at a time, every second or so. */
void jm_reload_directory(struct jm_daemon *d);

#endif
