/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking for state changes. Changes are small records; the message is not written again.
 * common/catalog/apply_change.h applies them; SCHEMA.md lists the states.
 */
#ifndef JM_ARCHIVE_CHANGE_H
#define JM_ARCHIVE_CHANGE_H

#include "common/archive/archive.h"
#include "common/catalog/apply_change.h"

enum jm_change_from { JM_FROM_ANY, JM_FROM_QUEUE, JM_FROM_SET_ASIDE };

/* A change of one report. Strings are borrowed for the call. */
struct jm_change {
	uint64_t seq; /* of the report */
	enum jm_change_to to;
	enum jm_change_from from; /* RELEASE: only from this state */
	unsigned attempts;        /* WAIT: attempts until now */
	int64_t due_ms;           /* WAIT: the time of the next attempt, in ms since 1970 */
	const char *reason;       /* SET_ASIDE: the reason; WAIT: the problem, or NULL */
};

/*
 * Make n changes in one record: durable, and in the catalog, when it returns. actor: the user or
 * program that asks. A change that does not fit its report's state is left out; with n = 1 the call
 * fails with NOTFOUND instead, and the text names the state and the verb for it. CORRUPT, TEMP: no
 * change is made, also if a report that is to be archived cannot be read; but a TEMP from waiting
 * for the catalog may come after the record became durable. Any thread.
 */
int jm_archive_change(struct jm_archive *a, const char *actor, const struct jm_change *c, size_t n,
    struct jm_err *err) JM_MUST_CHECK;

/* Fill err with NOTFOUND: report or item seq is not in the wanted state; the text names its state
 * and the verb for it. TEMP, CORRUPT if the catalog cannot be read. Always returns -1. */
int jm_change_refuse(
    struct jm_archive *a, uint64_t seq, enum jm_change_from wanted, struct jm_err *err);

#endif
