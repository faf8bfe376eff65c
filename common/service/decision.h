/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions: each check that was made, its result, and the setting (with its line in the file) that
 * caused it. For detailed logging and jmctl explain.
 */
#ifndef JM_SERVICE_DECISION_H
#define JM_SERVICE_DECISION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define JM_DECISIONS_MAX 12
#define JM_DECISION_TEXT_BYTES 240

struct jm_decision {
	const char *setting; /* name of its element, static; NULL: no setting decides this */
	int line;            /* in the settings file; 0: the default applies */
	bool passed;
	char text[JM_DECISION_TEXT_BYTES]; /* visible UTF-8, no secret, no text of a message */
};

/* In the order in which they were made; the last one gave the result. */
struct jm_decisions {
	struct jm_decision v[JM_DECISIONS_MAX];
	size_t n;
};

/* Append a decision; its text gets the escapes of jm_visible_line(). A list that is full keeps its
 * first ones, and the new one replaces the last. Returns passed. Any thread, one at a time per
 * list. */
bool jm_decide(struct jm_decisions *d, const char *setting, int line, bool passed, const char *fmt,
    ...) JM_PRINTF(5, 6);

#endif
