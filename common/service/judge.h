/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging: is an unwrapped message archived or set aside? A pure function of settings, message,
 * time and the directory of known internal addresses. Nothing here refuses or drops a message: set
 * aside means kept whole, with the reason.
 */
#ifndef JM_SERVICE_JUDGE_H
#define JM_SERVICE_JUDGE_H

#include <stdint.h>

#include "common/journal/unwrap.h"
#include "common/service/decision.h"
#include "common/settings/settings.h"

/* Does the directory know local@domain (domain in lower-case A-labels)? */
typedef bool jm_judge_known(void *ctx, struct jm_span local, struct jm_span domain);

/* The facts by which a message is judged. Borrowed. */
struct jm_judge_facts {
	const struct jm_settings *settings;
	int64_t now_ms;        /* since 1970, UTC */
	jm_judge_known *known; /* NULL: there is no directory, and every address is known */
	void *known_ctx;
};

struct jm_judgement {
	/* NULL: archive the message; otherwise the reason, in the text of the last decision */
	const char *set_aside;
	/* the address that the reason is about, if it may be a Bcc recipient: the reason does not
	 * name it; borrowed from the message. Else none */
	struct jm_span address;
	/* with set_aside: what to do about it, in Exchange or in the settings; static, one line */
	const char *cure;
	struct jm_decisions decisions;
};

/*
 * Judge the message u that came for service, one of the facts' settings.
 *
 * Age: by the message's own Date; when that is missing or absurd (before 1990, or more than two
 * days after now_ms), by the report's; when that is absurd, too, the message is new.
 * Internal: one of the envelope's sender, on-behalf-of, recipients and the lists they were expanded
 * from is at an internal domain. An address without a domain (X.400, X.500) comes from the
 * organisation's own directory: it counts as internal and known.
 * Unknown: the sender or a recipient is at an internal domain, and known() returns false for it.
 *
 * *judgement_r must not move while its set_aside is in use. Any thread.
 */
void jm_judge(const struct jm_judge_facts *facts, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_judgement *judgement_r);

/* Say how the settings of service led to u: journal type, journal headers, clear text. */
void jm_judge_unwrapping(const struct jm_settings *settings, const struct jm_service *service,
    const struct jm_unwrap *u, struct jm_decisions *d_r);

#endif
