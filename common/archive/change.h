/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking for state changes. Each is one small record; the message is not written again. How they
 * are applied: common/catalog/apply_change.h. SCHEMA.md lists the states.
 */
#ifndef JM_ARCHIVE_CHANGE_H
#define JM_ARCHIVE_CHANGE_H

#include "common/archive/archive.h"
#include "common/catalog/apply_change.h"

enum jm_change_from { JM_FROM_ANY, JM_FROM_QUEUE, JM_FROM_SET_ASIDE };

struct jm_change {
	uint64_t seq; /* of the report */
	enum jm_change_to to;
	enum jm_change_from from; /* RELEASE: only from there */
	unsigned attempts;        /* WAIT: attempts until now */
	int64_t due_ms;           /* WAIT: the next one */
	const char *reason;       /* SET_ASIDE: why; WAIT: the problem, or NULL */
};

/*
 * Make n changes, durable together, and in the catalog when it returns. actor: who asks. A change
 * that does not fit its report's state is left out; with n = 1 that is NOTFOUND, which says the
 * state and the verb for it. CORRUPT, TEMP: none is made, also if a report that is to be archived
 * cannot be read. Any thread.
 */
int jm_archive_change(struct jm_archive *a, const char *actor, const struct jm_change *c, size_t n,
    struct jm_err *err) JM_MUST_CHECK;

/* Fill err with NOTFOUND: report or item seq is not in the wanted state, with its state and the
 * verb for it; TEMP if the catalog cannot be read. Returns -1 always. */
int jm_change_refuse(
    struct jm_archive *a, uint64_t seq, enum jm_change_from wanted, struct jm_err *err);

#endif
