/* SPDX-License-Identifier: BSD-2-Clause */
/* The state that only the running daemon knows, for "jmctl status": its process, its counters
 * since the start, its services and their mailboxes. The published document, which also has the
 * archive's figures, is in document.h. */
#ifndef JM_DAEMON_STATE_H
#define JM_DAEMON_STATE_H

#include "milter/daemon/daemon.h"

/* Make {daemon, since_start, services, unverified_domains}; the caller owns it. NULL without
 * memory. unverified_domains is left out when the archive cannot say which domains are verified.
 * Any thread, while the archive is open. */
json_t *jm_state_make(struct jm_daemon *d);

#endif
