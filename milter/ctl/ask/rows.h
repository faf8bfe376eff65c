/* SPDX-License-Identifier: BSD-2-Clause */
/* Items as a table, a line each, or as JSON: the output of list and search. One thread. */
#ifndef JM_MILTER_CTL_ASK_ROWS_H
#define JM_MILTER_CTL_ASK_ROWS_H

#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

struct jm_rows {
	bool json, set_aside; /* set_aside: print the reason, too */
	uint64_t limit;       /* print at most so many; 0: all */
	uint64_t after;       /* begin after this item; 0: with the first */
	bool reverse;
	const char *sort; /* a value of --sort; NULL: by id */
	struct jm_progress bar;
	size_t address_columns;
	size_t subject_columns; /* 0: not a terminal, do not cut */
	uint64_t n;             /* received, at most limit + 1 */
	uint64_t last_id;       /* of the last one printed */
	json_t *left_out;       /* the object after the items; NULL: it did not come */
};

/*
 * Ask and print the items. request: what jm_answer() takes for "list" or "search", without the
 * arguments that r has; it is freed here. r: the caller sets the members up to sort, the others are
 * 0. Prints on standard error when nothing was found, or that there are more items and how to get
 * them. Returns the exit code.
 */
int jm_rows_ask(struct jm_rows *r, const char *verb, struct jm_target *c, json_t *request);

#endif
