/* SPDX-License-Identifier: BSD-2-Clause */
/* Detailed logging: one line for each decision about a message, with the setting that made it.
 * Never a secret, never text of a message. */
#ifndef JM_DAEMON_DETAIL_H
#define JM_DAEMON_DETAIL_H

#include "common/service/decision.h"
#include "common/settings/settings.h"

/* True when jm_detail_log() writes anything for this service (may be NULL). Any thread. */
bool jm_detail_on(const struct jm_settings *settings, const struct jm_service *service);

/* Log the decisions d when settings or service (may be NULL) have detailed-logging on. stage is
 * "admit", "unwrap", "judge" or "wait"; of names the message or the client: its queue id or
 * address. Any thread. */
void jm_detail_log(const struct jm_settings *settings, const struct jm_service *service,
    const char *stage, const char *of, const struct jm_decisions *d);

#endif
