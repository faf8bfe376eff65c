/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a match: when a report in the processing queue is tried, how often, and what happens
 * to one whose processing fails. Pure functions of settings and time; the queue's worker
 * (milter/daemon/queue.c) does what they say. All times are in milliseconds since 1970, UTC.
 */
#ifndef JM_SERVICE_WAIT_H
#define JM_SERVICE_WAIT_H

#include <stdint.h>

#include "common/service/decision.h"
#include "common/settings/settings.h"

#define JM_WAIT_EXTENDED_MS (10 * INT64_C(60000)) /* extended-de-duplication */

/* How often processing is tried when the report itself is the trouble, and when the trouble may
 * pass (no memory, a disk that does not answer). */
#define JM_WAIT_POISON_ATTEMPTS 3
#define JM_WAIT_TROUBLE_ATTEMPTS 20

/* A report in the queue. */
struct jm_wait {
	int64_t since_ms;  /* when it came in */
	unsigned attempts; /* made so far, with the current one */
};

/*
 * When a report of service that came in at now_ms is to be tried first. 0: at once, because no
 * ordinary mail can come that it would have to wait for. *match_first_r: true when the report need
 * not wait if there is already an item that it can join. Any thread.
 */
int64_t jm_wait_first(const struct jm_settings *settings, const struct jm_service *service,
    int64_t now_ms, bool *match_first_r);

/* When to try again after nothing matched at now_ms. 0: archive the report as an item of its own.
 * service NULL: the service was removed from the settings. Any thread. */
int64_t jm_wait_next(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_wait *w, int64_t now_ms);

/* When to try again after processing failed at now_ms. 0: set the report aside, so that it does not
 * stop the others. may_pass: the report is not the cause. service NULL: the service was removed
 * from the settings. Any thread. */
int64_t jm_wait_failed(
    const struct jm_service *service, const struct jm_wait *w, bool may_pass, int64_t now_ms);

/* Say which settings make a report of service wait, or not, and for how long. Any thread. */
void jm_wait_explain(
    const struct jm_settings *settings, const struct jm_service *service, struct jm_decisions *d_r);

#endif
