/* SPDX-License-Identifier: BSD-2-Clause */
/* Items as a table, a line each, or as JSON: what list and search print. */
#ifndef JM_MILTER_CTL_ASK_ROWS_H
#define JM_MILTER_CTL_ASK_ROWS_H

#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

struct jm_rows {
	bool json, set_aside; /* set_aside: the reason is shown, too */
	uint64_t limit;       /* 0: none; what comes behind it is not printed */
	uint64_t after;       /* go on behind this item; 0: from the begin */
	bool reverse;
	const char *sort; /* a word of search's; NULL: as it is */
	struct jm_progress bar;
	size_t address_columns;
	size_t subject_columns; /* 0: no terminal, nothing is cut */
	uint64_t n;             /* how many came, at most limit + 1 */
	uint64_t last_id;       /* of the last one printed */
};

/* Ask (request: what jm_answer() takes for "list" or "search", without what stands in r), print
 * what comes, and say on standard error what is to be said: nothing found, or that there is more
 * and how to go on. r: all up to sort are set, the rest 0. Frees request. Returns the exit code. */
int jm_rows_ask(struct jm_rows *r, const char *verb, struct jm_target *c, json_t *request);

#endif
