/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs that need the archive, answered as JSON: the same code inside the daemon (asked over
 * its control socket) and inside jmctl (which opens the archive itself when no daemon runs). Knows
 * nothing of sockets or terminals.
 */
#ifndef JM_CONTROL_ANSWER_H
#define JM_CONTROL_ANSWER_H

#include "common/archive/change.h"
#include "common/archive/deposit.h"
#include "common/archive/domain.h"
#include "common/archive/gauge.h"
#include "common/archive/health.h"
#include "common/archive/marks.h"
#include "common/archive/match.h"
#include "common/archive/note.h"
#include "common/archive/tally.h"
#include "common/archive/tip.h"
#include "common/json/read.h"
#include "common/query/query.h"
#include "common/upkeep/upkeep.h"

/* Where an answer goes: any number of objects, or raw bytes (export). Each returns 0, or -1 with
 * err filled, which ends the verb. */
struct jm_answer_out {
	int (*object)(void *ctx, const json_t *object, struct jm_err *err);
	int (*progress)(void *ctx, const json_t *object, struct jm_err *err); /* may be dropped by
										 the receiver */
	jm_archive_sink *bytes;
	void *ctx;
};

/*
 * request: {"verb":
 * "status"|"list"|"show"|"export"|"verify"|"events"|"queue"|"retry"|"release"|"expire",
 * ...arguments as in jmctl(8) with their option names}. daemon_state: what only a daemon knows for
 * this verb: for "status" uptime, settings file, services and their state, merged into the answer;
 * for "live" the answer; with "verify" that there is a daemon, so that the result is noted. NULL
 * offline. USAGE for an unknown verb or argument. Any thread.
 */
int jm_answer(struct jm_archive *a, const json_t *daemon_state, const json_t *request,
    const struct jm_answer_out *out, struct jm_err *err) JM_MUST_CHECK;

/* Is kind among kinds, names with commas between; NULL: all are. */
bool jm_answer_is_kind(const char *kinds, const char *kind);

#endif
