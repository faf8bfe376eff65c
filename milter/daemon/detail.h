/* SPDX-License-Identifier: BSD-2-Clause */
/* Detailed logging: each decision with the setting that made it, one line each. Never a secret,
 * never message text. */
#ifndef JM_DAEMON_DETAIL_H
#define JM_DAEMON_DETAIL_H

#include "common/service/decision.h"
#include "common/settings/settings.h"

/* Log d when the service or the daemon asks for it. stage: "admit", "unwrap", "judge"; service
 * NULL: none; what: queue id or client. Any thread. */
void jm_detail_log(const struct jm_settings *settings, const struct jm_service *service,
    const char *stage, const char *what, const struct jm_decisions *d);

#endif
