/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl search: the items that match all criteria, sorted and in pages. The criteria are in
 * common/control/criterion.c.
 */
#include "milter/ctl/ask/search.h"

#include <stdio.h>
#include <sysexits.h>

#include "milter/ctl/ask/rows.h"
#include "milter/ctl/cli/criteria.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"

int jm_ctl_search(int argc, char **argv)
{
	struct jm_target target = { .json = false };
	struct jm_criteria c = { .flag = { false } };
	struct jm_rows rows = { .n = 0 };
	const struct jm_ctl_option more[] = {
		{ "sort", JM_CTL_TEXT, &rows.sort, "BY",
		    "date (of archiving), sent, size, sender or subject [date]",
		    "date sent size sender subject" },
		{ "reverse", JM_CTL_FLAG, &rows.reverse, NULL,
		    "the other way round: newest, largest first" },
		{ "newest", JM_CTL_FLAG, &rows.reverse, NULL, "the same as --reverse" },
		{ "limit", JM_CTL_NUMBER, &rows.limit, "N", "at most N items" },
		{ "after", JM_CTL_NUMBER, &rows.after, "ID",
		    "the next page: continue after this item, the last one of the page before" },
		JM_TARGET_OPTIONS(&target), { NULL }
	};
	struct jm_ctl_option options[JM_CTL_OPTIONS_MAX];
	json_t *request;
	struct jm_err err;
	int n, code;

	jm_ctl_options_add(jm_criteria_options(options, &c, false), more);
	n = jm_ctl_options(argc, argv, options, "[options]",
	    "List the items that fit all of the criteria given.", &code);
	if (n < 0)
		return code;
	if (n > 0) {
		jm_print(stderr,
		    "jmctl search: what is \"%s\"? Criteria are options: --address, --sender, "
		    "--recipient, --domain, --subject, --since, ...; "
		    "jmctl search --help lists them\n",
		    argv[1]);
		return EX_USAGE;
	}
	rows.json = target.json;
	rows.set_aside = jm_criteria_flag(&c, "set-aside");
	request = jm_criteria_request(&c, "search", &err);
	return request ? jm_rows_ask(&rows, argv[0], &target, request) : jm_ctl_fail(argv[0], &err);
}
