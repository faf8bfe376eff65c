/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follow a daemon by repeated requests. Each has a connection of its own, and its answer is read
 * whole before any of it is printed, so that a slow or stopped reader of the output does not block
 * the daemon. When the daemon goes away, the caller asks again until one answers.
 */
#ifndef JM_MILTER_CTL_ASK_FOLLOW_H
#define JM_MILTER_CTL_ASK_FOLLOW_H

#include "milter/ctl/cli/target.h"

struct jm_follow {
	struct jm_target *target;
	const char *verb; /* for messages on standard error; NULL: print none */
	bool waiting;     /* no daemon answered the last time; the message was printed */
};

/*
 * Ask the daemon once, never the archive. Returns 1 with the objects of the answer in *list_r,
 * which the caller owns; 0 when no daemon answers at the moment; -1 for other errors.
 */
int jm_follow_ask(
    struct jm_follow *f, const json_t *request, json_t **list_r, struct jm_err *err) JM_MUST_CHECK;

#endif
