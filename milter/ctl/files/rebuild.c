/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl rebuild: make a new catalog from the volumes. jmctl upgrade: bring an archive of an older
 * format to the newest; there is only one format so far.
 */
#include "milter/ctl/files/rebuild.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/archive/tip.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

struct rebuild {
	struct jm_target target;
	uint64_t problems;
	struct jm_progress bar;
};

static int rebuild_damage(void *ctx, const json_t *finding, struct jm_err *err)
{
	struct rebuild *r = ctx;

	(void)err;
	r->problems++;
	jm_progress_wipe(&r->bar);
	if (r->target.json) {
		jm_print_json(stdout, finding);
		return 0;
	}
	fputs("damaged", stdout);
	jm_print_finding(finding);
	return 0;
}

static void rebuild_replayed(void *ctx, uint64_t done, uint64_t total)
{
	struct rebuild *r = ctx;

	jm_progress_draw(&r->bar, done, total, NULL);
}

static int rebuild_run(struct rebuild *r, bool rebuild, struct jm_err *err)
{
	struct jm_archive_options options = { .must_exist = true,
		.verbatim = true,
		.rebuild = rebuild,
		.damage = rebuild_damage,
		.replayed = rebuild_replayed,
		.damage_ctx = r };
	struct jm_archive *a = NULL;
	json_t *tip = NULL, *o;
	int rc;

	jm_progress_start(&r->bar, NULL);
	rc = jm_target_open(&r->target, NULL, &options, &a, err);
	jm_progress_wipe(&r->bar);
	if (rc == 0)
		rc = jm_archive_tip(a, &tip, err);
	jm_target_close(&r->target, &a);
	if (rc < 0)
		return -1;
	if (rebuild)
		o = json_pack("{s:b, s:O, s:I}", "ok", r->problems == 0, "last_seq",
		    json_object_get(tip, "seq"), "problems", (json_int_t)r->problems);
	else
		o = json_pack("{s:b, s:O, s:s}", "ok", 1, "format", json_object_get(tip, "format"),
		    "upgrade", "nothing to do: this is the newest format");
	if (r->target.json)
		jm_print_json(stdout, o);
	else
		jm_print_tree(stdout, o, 0);
	json_decref(o);
	json_decref(tip);
	return jm_print_flush(err);
}

static int verb(int argc, char **argv, bool rebuild, const char *help)
{
	struct rebuild r = { .problems = 0 };
	const struct jm_ctl_option options[] = { JM_TARGET_OPTIONS(&r.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options]", help, &code);
	if (n < 0)
		return code;
	if (n > 0)
		return jm_ctl_fail_usage(argv[0], argv[1]);
	if (rebuild_run(&r, rebuild, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return r.problems == 0 ? EX_OK : EX_DATAERR;
}

int jm_ctl_rebuild(int argc, char **argv)
{
	return verb(
	    argc, argv, true, "Make the catalog anew from the volumes alone, without a daemon.");
}

int jm_ctl_upgrade(int argc, char **argv)
{
	return verb(argc, argv, false,
	    "Bring an archive of an older format to the newest, without a daemon.");
}
