/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a match: when a report is looked at, how often, and what becomes of one whose
 * processing fails. Pure functions of settings and time; the queue's worker (milter/daemon/queue.c)
 * does what they say.
 */
#ifndef JM_SERVICE_WAIT_H
#define JM_SERVICE_WAIT_H

#include <stdint.h>

#include "common/service/decision.h"
#include "common/settings/settings.h"

#define JM_WAIT_EXTENDED_MS (10 * INT64_C(60000)) /* extended-de-duplication */
#define JM_WAIT_POISON_ATTEMPTS 3
#define JM_WAIT_TROUBLE_ATTEMPTS \
	20 /* for what may pass: no memory, a disk that does not answer \
	    */

/* A report in the queue. */
struct jm_wait {
	int64_t since_ms;  /* when it came in */
	unsigned attempts; /* made by now, with the one that is asked about */
};

/*
 * When a report of service that came in at now_ms has to be looked at: 0 at once, as nothing can
 * come that it would have to wait for. With *match_first_r it need not wait when there is an item
 * to join already. Any thread.
 */
int64_t jm_wait_first(const struct jm_settings *settings, const struct jm_service *service,
    int64_t now_ms, bool *match_first_r);

/* Nothing matched at now_ms: when to look again; 0: it is to be archived on its own. service NULL:
 * it is gone. Any thread. */
int64_t jm_wait_next(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_wait *w, int64_t now_ms);

/* Its processing failed at now_ms: when to try again; 0: it is to be set aside, out of the way of
 * the others. may_pass: the trouble is not the report's. service NULL: it is gone. Any thread. */
int64_t jm_wait_failed(
    const struct jm_service *service, const struct jm_wait *w, bool may_pass, int64_t now_ms);

/* Which settings make a report of service wait, or not, and for how long. Any thread. */
void jm_wait_explain(
    const struct jm_settings *settings, const struct jm_service *service, struct jm_decisions *d_r);

#endif
