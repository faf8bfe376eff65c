/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl list: the items of the archive, a line each. The same as search, with fewer criteria. */
#include "milter/ctl/ask/list.h"

#include "milter/ctl/ask/rows.h"
#include "milter/ctl/cli/criteria.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/target.h"

int jm_ctl_list(int argc, char **argv)
{
	struct jm_target target = { .json = false };
	struct jm_criteria c = { .flag = { false } };
	struct jm_rows rows = { .n = 0 };
	const struct jm_ctl_option own[] = { { "limit", JM_CTL_NUMBER, &rows.limit, "N",
						 "at most N items" },
		{ "after", JM_CTL_NUMBER, &rows.after, "ID",
		    "continue after this item (with --newest: before it)" },
		{ "newest", JM_CTL_FLAG, &rows.reverse, NULL, "newest first" },
		{ "reverse", JM_CTL_FLAG, &rows.reverse, NULL, "the same as --newest" }, { NULL } };
	const struct jm_ctl_option shared[] = { JM_TARGET_OPTIONS(&target), { NULL } };
	struct jm_ctl_option options[JM_CTL_OPTIONS_MAX];
	json_t *request;
	struct jm_err err;
	int n, code;

	jm_ctl_options_add(jm_criteria_options(jm_ctl_options_add(options, own), &c, true), shared);
	n = jm_ctl_options(argc, argv, options, "[options]",
	    "List the items of the archive, oldest first.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	rows.json = target.json;
	rows.set_aside = jm_criteria_flag(&c, "set-aside");
	request = jm_criteria_request(&c, "list", &err);
	return request ? jm_rows_ask(&rows, argv[0], &target, request) : jm_ctl_fail(argv[0], &err);
}
