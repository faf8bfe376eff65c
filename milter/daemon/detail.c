/* SPDX-License-Identifier: BSD-2-Clause */
/* How a decision is written to the log. Decisions are made in common/service. See detail.h. */
#include "milter/daemon/detail.h"

#include "common/base/log.h"

bool jm_detail_on(const struct jm_settings *settings, const struct jm_service *service)
{
	return settings->detailed_logging || (service && service->detailed_logging);
}

void jm_detail_log(const struct jm_settings *settings, const struct jm_service *service,
    const char *stage, const char *of, const struct jm_decisions *d)
{
	if (!jm_detail_on(settings, service))
		return;
	for (size_t i = 0; i < d->n; i++)
		JM_LOG(JM_LOG_INFO, "decision", { "stage", JM_S(stage) }, { "of", JM_S(of) },
		    { "service", JM_S(service ? service->email_address : NULL) },
		    { "setting", JM_S(d->v[i].setting) }, { "line", JM_I(d->v[i].line) },
		    { "passed", JM_S(d->v[i].passed ? "yes" : "no") },
		    { "text", JM_S(d->v[i].text) });
}
