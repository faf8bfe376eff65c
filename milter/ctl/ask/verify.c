/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl verify: re-read and compare every record. Prints findings as they come, and a summary. */
#include "milter/ctl/ask/verify.h"

#include <sysexits.h>

#include "common/control/answer.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

struct verify {
	struct jm_target target;
	struct jm_progress bar;
	uint64_t after;
	const char *since;
	bool resume, ok, done;
};

static int verify_progress(void *ctx, const json_t *o, struct jm_err *err)
{
	struct verify *v = ctx;

	(void)err;
	jm_progress_draw(&v->bar, (uint64_t)json_integer_value(json_object_get(o, "done_bytes")),
	    (uint64_t)json_integer_value(json_object_get(o, "total_bytes")), NULL);
	return 0;
}

static void put_finding(const json_t *o)
{
	jm_print_style(stdout, JM_PRINT_BAD);
	fputs("problem", stdout);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	jm_print_finding(o);
}

static void put_summary(const struct verify *v, const json_t *o)
{
	jm_print_tree(stdout, o, 0);
	jm_print_style(stdout, v->ok ? JM_PRINT_GOOD : JM_PRINT_BAD);
	fputs(v->ok ? "the archive is what was put into it" : "the archive has problems", stdout);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
}

static int verify_put(void *ctx, const json_t *o, struct jm_err *err)
{
	struct verify *v = ctx;
	bool summary = json_object_get(o, "ok") != NULL;

	jm_progress_wipe(&v->bar);
	if (summary) {
		v->done = true;
		v->ok = json_is_true(json_object_get(o, "ok"));
	}
	if (v->target.json)
		jm_print_json(stdout, o);
	else if (summary)
		put_summary(v, o);
	else
		put_finding(o);
	return jm_print_flush(err);
}

int jm_ctl_verify(int argc, char **argv)
{
	struct verify v = { .after = 0 };
	const struct jm_ctl_option options[] = { { "after", JM_CTL_NUMBER, &v.after, "SEQ",
						     "only records after this sequence number" },
		{ "since", JM_CTL_TEXT, &v.since, "DATE",
		    "only records written at or after DATE, UTC: 2026-11-22 or "
		    "2026-11-22T08:30:00Z" },
		{ "resume", JM_CTL_FLAG, &v.resume, NULL,
		    "continue a verification that was broken off" },
		JM_TARGET_OPTIONS(&v.target), { NULL } };
	const struct jm_answer_out out = {
		.object = verify_put, .progress = verify_progress, .ctx = &v
	};
	json_t *request;
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]",
	    "Re-read every record and compare it with its digests and with the catalog.", &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	if (v.after >= INT64_MAX) {
		jm_err_set(&err, JM_E_USAGE, "--after is at most 9223372036854775806");
		return jm_ctl_fail(argv[0], &err);
	}
	if ((v.resume && (v.after > 0 || v.since)) || (v.after > 0 && v.since)) {
		jm_err_set(&err, JM_E_USAGE,
		    "one of --after, --since and --resume; --resume goes on with what the "
		    "verification that was broken off was given");
		return jm_ctl_fail(argv[0], &err);
	}
	jm_progress_start(&v.bar, NULL);
	request = json_pack("{s:s, s:I, s:s*, s:b}", "verb", "verify", "after", (json_int_t)v.after,
	    "since", v.since, "resume", v.resume);
	code = jm_target_ask(&v.target, request, &out, &err);
	json_decref(request);
	jm_progress_wipe(&v.bar);
	if (code < 0)
		return jm_ctl_fail(argv[0], &err);
	return v.done && v.ok ? EX_OK : EX_DATAERR;
}
