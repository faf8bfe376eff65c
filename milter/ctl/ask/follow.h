/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following a daemon: look after look, each a connection of its own whose answer is taken in whole
 * before anything of it is printed. So who reads slowly, or stops, holds nothing of the daemon's;
 * and a daemon that goes away is waited for.
 */
#ifndef JM_MILTER_CTL_ASK_FOLLOW_H
#define JM_MILTER_CTL_ASK_FOLLOW_H

#include "milter/ctl/cli/target.h"

struct jm_follow {
	struct jm_target *target;
	const char *verb; /* for what is said on standard error; NULL: nothing is */
	bool waiting;     /* no daemon answers, which was said */
};

/* Ask once. 1 with *list_r (the objects of the answer; caller owns), 0 when no daemon answers just
 * now, -1. Only the daemon is asked. */
int jm_follow_ask(
    struct jm_follow *f, const json_t *request, json_t **list_r, struct jm_err *err) JM_MUST_CHECK;

#endif
