/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments of a request: their kinds, and whether a value is of its kind. Pure. Any thread. */
#ifndef JM_CONTROL_ARGUMENT_H
#define JM_CONTROL_ARGUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"

#define JM_ARGUMENT_LIST_MAX 256

enum jm_argument_kind {
	JM_ARGUMENT_FLAG,   /* true or false; false is as good as absent */
	JM_ARGUMENT_NUMBER, /* a whole number, not negative */
	JM_ARGUMENT_TEXT,   /* without NUL */
	JM_ARGUMENT_DATE,   /* a text for jm_clock_parse() */
	JM_ARGUMENT_LIST,   /* at most JM_ARGUMENT_LIST_MAX texts without NUL */
};

struct jm_argument {
	const char *name;
	enum jm_argument_kind kind;
	bool needed;
};

/* Is the value of the argument's kind? 0, or -1: USAGE. */
int jm_argument_check(
    const struct jm_argument *a, const json_t *value, struct jm_err *err) JM_MUST_CHECK;

#endif
