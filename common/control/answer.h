/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs that need the archive, answered as JSON. The same code runs in the daemon (asked over
 * its control socket) and in jmctl (which opens the archive itself when no daemon runs). It knows
 * nothing of sockets or terminals.
 */
#ifndef JM_CONTROL_ANSWER_H
#define JM_CONTROL_ANSWER_H

#include "common/archive/archive.h"
#include "common/base/peer.h"
#include "common/base/span.h"

/* Where an answer goes: any number of objects, or raw bytes (export, dump, backup). Each function
 * returns 0, or -1 with err filled, which ends the verb. */
struct jm_answer_out {
	int (*object)(void *ctx, const json_t *object, struct jm_err *err);
	/* show: more rows (an array) of a list of the last object; NULL: an item with so many
	 * cannot be shown */
	int (*rows)(void *ctx, const char *list, const json_t *rows, struct jm_err *err);
	/* may be NULL; the receiver may drop these objects */
	int (*progress)(void *ctx, const json_t *object, struct jm_err *err);
	jm_archive_sink *bytes;
	/* import: get the client's next message, valid until the next call. 1; 0: there are no
	 * more; -1 with err. NULL: it has no messages */
	int (*message)(void *ctx, struct jm_span *message_r, struct jm_err *err);
	void *ctx; /* of all */
};

/*
 * Answer one request: {"verb": NAME, ...arguments as in jmctl(8), named like its options}. The
 * verbs are in the table in answer.c. daemon_state: what only a daemon knows for this verb; NULL
 * offline. For "status" it is uptime, settings file, services and their state, which become part of
 * the answer; for "live" and "reload" it is the answer; for "verify" it says that there is a
 * daemon, so that the result is stored as an event. peer: who asks; the actor of each event that
 * the request causes. All arguments are borrowed. USAGE for an unknown verb or a wrong argument;
 * else the error of the archive or of out. Any thread.
 */
int jm_answer(struct jm_archive *a, const json_t *daemon_state, const struct jm_peer *peer,
    const json_t *request, const struct jm_answer_out *out, struct jm_err *err) JM_MUST_CHECK;

#endif
