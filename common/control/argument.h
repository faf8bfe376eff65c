/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments of a request: their kinds, and whether a value is of its kind. Pure. Any thread. */
#ifndef JM_CONTROL_ARGUMENT_H
#define JM_CONTROL_ARGUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#define JM_ARGUMENT_LIST_MAX 256

enum jm_argument_kind {
	JM_ARGUMENT_FLAG,   /* true or false; false is as good as absent */
	JM_ARGUMENT_NUMBER, /* a whole number, not negative */
	JM_ARGUMENT_TEXT,   /* without NUL */
	JM_ARGUMENT_DATE,   /* a text for jm_argument_date() */
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

/* Read a date as jm_clock_parse() and jm_date_typed() do, in UTC unless it has a zone, as ms since
 * 1970, never 0. Returns 0, or -1 with *ms_r untouched. */
int jm_argument_date(const char *text, int64_t *ms_r);

#endif
