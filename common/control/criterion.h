/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of search criteria: the one truth about selecting items. jmctl makes its options, their
 * help and its requests from it, answer.c checks requests and fills the filter of the archive by
 * it, and t/unit/ctl_criteria.c compares jmctl(8) with it. To add a criterion: a row in
 * criterion.c, a field of struct jm_archive_filter, and a paragraph in jmctl(8).
 */
#ifndef JM_CONTROL_CRITERION_H
#define JM_CONTROL_CRITERION_H

#include <stdbool.h>
#include <stddef.h>

enum jm_criterion_type {
	JM_CRITERION_FLAG, /* in a request: true or false. In the filter: bool */
	JM_CRITERION_TEXT, /* a text without NUL. const char * */
	JM_CRITERION_DATE, /* a text for jm_argument_date(). int64_t, milliseconds */
	JM_CRITERION_SIZE, /* bytes, a whole number. uint64_t */
};

struct jm_criterion {
	const char *name; /* of the argument in a request; the option is "--" and the same */
	enum jm_criterion_type type;
	const char *argument; /* what --help calls the value; NULL for a flag */
	const char *help;     /* one line, for --help */
	size_t offset;        /* of the field in struct jm_archive_filter */
	bool list;            /* "list" takes it too; "search" takes all */
	bool selects;         /* it selects items by itself: "export" with it needs no ID */
};

#define JM_CRITERIA_MAX 24

/* The rows, never more than JM_CRITERIA_MAX; their number in *n_r. Static storage. */
const struct jm_criterion *jm_criteria(size_t *n_r);

/* The row of that name, or NULL. Static storage. */
const struct jm_criterion *jm_criterion_named(const char *name);

#endif
