/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl list: the items of the archive, a line each; search with fewer criteria. */
#include "milter/ctl/ask/list.h"

#include "milter/ctl/ask/rows.h"
#include "milter/ctl/cli/criteria.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/target.h"

int jm_ctl_list(int argc, char **argv)
{
	struct jm_target target = { .json = false };
	struct jm_criteria c = { .since = NULL };
	struct jm_rows rows = { .n = 0 };
	const struct jm_ctl_option options[] = { { "limit", JM_CTL_NUMBER, &rows.limit, "N",
						     "at most N items" },
		{ "after", JM_CTL_NUMBER, &rows.after, "ID",
		    "go on behind this item (with --newest: before it)" },
		{ "newest", JM_CTL_FLAG, &rows.reverse, NULL, "newest first" },
		{ "reverse", JM_CTL_FLAG, &rows.reverse, NULL, "the same as --newest" },
		{ "since", JM_CTL_TEXT, &c.since, "DATE",
		    "archived at or after DATE, UTC: 2026-11-22 or 2026-11-22T08:30:00Z" },
		{ "until", JM_CTL_TEXT, &c.until, "DATE", "archived before DATE" },
		{ "address", JM_CTL_TEXT, &c.address, "ADDRESS",
		    "with this sender or recipient (letter case does not matter)" },
		{ "message-id", JM_CTL_TEXT, &c.message_id, "ID",
		    "with this Message-ID, with or without <>" },
		{ "service", JM_CTL_TEXT, &c.service, "ADDRESS",
		    "that came through this journal address" },
		{ "set-aside", JM_CTL_FLAG, &c.set_aside, NULL,
		    "what is set aside, not what is archived" },
		{ "bcc", JM_CTL_FLAG, &c.bcc, NULL, "Bcc recipients count, too" },
		JM_TARGET_OPTIONS(&target), { NULL } };
	json_t *request;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]",
	    "List the items of the archive, oldest first.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	rows.json = target.json;
	rows.set_aside = c.set_aside;
	request = jm_criteria_request(&c, "list", &err);
	return request ? jm_rows_ask(&rows, argv[0], &target, request) : jm_ctl_fail(argv[0], &err);
}
