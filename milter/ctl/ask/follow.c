/* SPDX-License-Identifier: BSD-2-Clause */
/* Repeated requests to a daemon that may go away. See follow.h. */
#include "milter/ctl/ask/follow.h"

#include <stdio.h>

#include "common/control/answer.h"

#include "milter/ctl/cli/print.h"

static int follow_keep(void *ctx, const json_t *object, struct jm_err *err)
{
	return json_array_append(ctx, (json_t *)(uintptr_t)object) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "out of memory");
}

int jm_follow_ask(struct jm_follow *f, const json_t *request, json_t **list_r, struct jm_err *err)
{
	json_t *list = json_array();
	const struct jm_answer_out out = { .object = follow_keep, .ctx = list };
	bool was_waiting = f->waiting;

	/* Opening the archive again and again would prevent a daemon from starting. */
	f->target->only_daemon = true;
	if (list && jm_target_ask(f->target, request, &out, err) == 0) {
		f->waiting = false;
		if (was_waiting && f->verb)
			jm_print(stderr, "jmctl %s: the daemon answers again\n", f->verb);
		*list_r = list;
		return 1;
	}
	json_decref(list);
	if (err->kind != JM_E_TEMP)
		return -1;
	f->waiting = true;
	if (!was_waiting && f->verb)
		jm_print(stderr, "jmctl %s: %s; waiting for a daemon\n", f->verb,
		    f->target->offline ? "no daemon runs" : err->text);
	return 0;
}
