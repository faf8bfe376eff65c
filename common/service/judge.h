/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging: is an unwrapped message archived, or set aside? A pure function of settings, message,
 * time and the directory of known internal addresses. Nothing here refuses or drops: set aside
 * means kept whole, with the reason.
 */
#ifndef JM_SERVICE_JUDGE_H
#define JM_SERVICE_JUDGE_H

#include <stdint.h>

#include "common/journal/unwrap.h"
#include "common/service/decision.h"
#include "common/settings/settings.h"

/* Does the directory know local@domain (domain in lower-case A-labels)? */
typedef bool jm_judge_known(void *ctx, struct jm_span local, struct jm_span domain);

struct jm_judgement {
	const char *set_aside; /* NULL: archive; else the reason, which is the text of the last
				  decision */
	const char *cure; /* with set_aside: what to do about it, on the side of Exchange or in the
			     settings; static, one line */
	struct jm_decisions decisions;
};

/*
 * Judge the message u that came for a service of settings.
 *
 * Age: the message's own Date; when that is missing or absurd (before 1990, or more than two days
 * behind now_ms), the report's; when that is too, it is new. Internal: the envelope's sender,
 * on-behalf-of, recipients and the lists they were expanded from; an address without a domain
 * (X.400, X.500) comes from the organisation's own directory and counts as internal and known.
 * Unknown: sender and recipients at an internal domain that known() denies; known NULL: there is no
 * directory, and every address is known.
 *
 * *judgement_r must stay in place while its set_aside is used. Any thread.
 */
void jm_judge(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_unwrap *u, int64_t now_ms, jm_judge_known *known, void *ctx,
    struct jm_judgement *judgement_r);

/* How the settings of a service led to u: journal type, journal headers, clear text. */
void jm_judge_unwrapping(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_decisions *d_r);

#endif
