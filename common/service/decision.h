/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions: what was asked, what came out, and which setting in which line of the file made it so.
 * For detailed logging and jmctl explain. */
#ifndef JM_SERVICE_DECISION_H
#define JM_SERVICE_DECISION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define JM_DECISIONS_MAX 12
#define JM_DECISION_TEXT_BYTES 240

struct jm_decision {
	const char *setting; /* element's name; static storage; NULL: no setting decides that */
	int line;            /* of the file of settings; 0: the default holds */
	bool passed;
	char text[JM_DECISION_TEXT_BYTES]; /* printable ASCII, no secret, no message text */
};

/* In the order in which they were made; the last one decided. */
struct jm_decisions {
	struct jm_decision v[JM_DECISIONS_MAX];
	size_t n;
};

/* One more decision; what is not printable ASCII becomes '?'. Returns passed. Any thread, one
 * object at a time. */
bool jm_decide(struct jm_decisions *d, const char *setting, int line, bool passed, const char *fmt,
    ...) JM_PRINTF(5, 6);

#endif
