/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl backup and jmctl restore. A backup is an archive itself: it is brought up to date while the
 * daemon runs, then opened and verified. A restore copies the volumes of a backup into a new
 * archive.
 */
#include "milter/ctl/files/backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/archive/tip.h"
#include "common/base/io.h"
#include "common/control/answer.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/upkeep/receive.h"
#include "common/upkeep/verify.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/files/folder.h"
#include "milter/ctl/files/owner.h"

#define PATH_BYTES 4400
#define VERIFIED_MAX_BYTES 4096

struct copy {
	struct jm_target target;
	const char *dir; /* of the copy, or of the archive that is restored */
	struct jm_receiver receiver;
	uint64_t seq;   /* the last record that was verified */
	uint64_t total; /* bytes to copy; 0: unknown */
	struct jm_progress bar;
	bool ok;
	json_t *summary; /* of the verification */
};

static void put_received(void *ctx, uint64_t bytes)
{
	struct copy *c = ctx;

	jm_progress_draw(&c->bar, bytes, c->total, NULL);
}

/* Where an archive ends, as jm_archive_tip() has it. NULL with err. */
static json_t *tip_of(const char *dir, struct jm_err *err)
{
	struct jm_target c = { .json = false };
	struct jm_archive_options options = { .must_exist = true, .verbatim = true };
	struct jm_archive *a = NULL;
	json_t *tip = NULL;

	if (jm_target_open(&c, dir, &options, &a, err) == 0 && jm_archive_tip(a, &tip, err) != 0)
		tip = NULL;
	jm_target_close(&c, &a);
	return tip;
}

static int put_problem(void *ctx, const json_t *finding, struct jm_err *err)
{
	struct copy *c = ctx;

	(void)err;
	jm_progress_wipe(&c->bar);
	if (c->target.json) {
		jm_print_json(stdout, finding);
		return 0;
	}
	fputs("problem", stdout);
	jm_print_finding(finding);
	return 0;
}

static int put_progress(void *ctx, const json_t *o, struct jm_err *err)
{
	struct copy *c = ctx;

	(void)err;
	jm_progress_draw(&c->bar, (uint64_t)json_integer_value(json_object_get(o, "done_bytes")),
	    (uint64_t)json_integer_value(json_object_get(o, "total_bytes")), NULL);
	return 0;
}

static void put_replayed(void *ctx, uint64_t done, uint64_t total)
{
	struct copy *c = ctx;

	jm_progress_draw(&c->bar, done, total, NULL);
}

/* How many bytes the archive has more than the copy; only for the progress bar. */
static int take_status(void *ctx, const json_t *status, struct jm_err *err)
{
	struct copy *c = ctx;
	uint64_t all = (uint64_t)json_integer_value(json_object_get(status, "volume_bytes")),
		 here = jm_mirror_bytes(c->dir);

	(void)err;
	c->total = all > here ? all - here : 0;
	return 0;
}

static void ask_total(struct copy *c)
{
	const struct jm_answer_out out = { .object = take_status, .ctx = c };
	json_t *request = c->bar.shown ? json_pack("{s:s}", "verb", "status") : NULL;
	struct jm_err err;

	if (request && jm_target_ask(&c->target, request, &out, &err) != 0)
		c->total = 0;
	json_decref(request);
}

/* ---- up to which record the copy was verified: not kept by a run that was killed before that ----
 */

static char *verified_path(const struct copy *c, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/" JM_BACKUP_FILE, c->dir);
	return path;
}

static uint64_t verified_until(const struct copy *c)
{
	char path[PATH_BYTES];
	struct jm_err ignored; /* without the file, all of the copy is verified again */
	json_t *o;
	uint64_t seq = 0;

	if (jm_json_read_file(verified_path(c, path), VERIFIED_MAX_BYTES, &o, &ignored) == 0) {
		seq = jm_json_u64(o, "verified");
		json_decref(o);
	}
	return seq;
}

static int keep_verified(const struct copy *c, struct jm_err *err)
{
	char path[PATH_BYTES], text[VERIFIED_MAX_BYTES];
	int n = snprintf(text, sizeof text, "{\"verified\":%" PRIu64 "}\n", c->seq);

	return jm_io_publish(verified_path(c, path), text, (size_t)n, 0600, err);
}

/* Open the copy, which updates its catalog, and verify it from record since on. */
static int backup_verify(struct copy *c, uint64_t since, struct jm_err *err)
{
	struct jm_target here = { .json = false };
	struct jm_archive_options options = {
		.must_exist = true, .verbatim = true, .replayed = put_replayed, .damage_ctx = c
	};
	const struct jm_verification v = { .since_seq = since > 0 ? since : 1,
		.progress = put_progress,
		.finding = put_problem,
		.ctx = c };
	struct jm_archive *a = NULL;
	json_t *tip = NULL;
	int rc;

	jm_progress_start(&c->bar, "catalog");
	rc = jm_target_open(&here, c->dir, &options, &a, err);
	jm_progress_start(&c->bar, "verify");
	if (rc == 0)
		rc = jm_archive_verify(a, &v, &c->summary, err);
	if (rc == 0)
		rc = jm_archive_tip(a, &tip, err);
	jm_progress_wipe(&c->bar);
	jm_target_close(&here, &a);
	if (rc < 0)
		return jm_err_wrap(err, "verifying the copy %s", c->dir);
	c->ok = json_is_true(json_object_get(c->summary, "ok"));
	c->seq = (uint64_t)json_integer_value(json_object_get(tip, "seq"));
	json_decref(tip);
	return 0;
}

/* The request for what the copy lacks; *since_r: the first record to verify, 0: all. NULL with err.
 */
static json_t *make_request(struct copy *c, uint64_t *since_r, struct jm_err *err)
{
	uint64_t verified = verified_until(c), last;
	json_t *tip = NULL, *request = NULL;
	char *text = NULL;

	*since_r = 0;
	if (jm_mirror_count(c->dir) > 0) {
		/* NOTFOUND: the first run was interrupted before the first record. */
		if (!(tip = tip_of(c->dir, err)) && err->kind != JM_E_NOTFOUND) {
			(void)jm_err_wrap(err, "the copy so far, %s", c->dir);
			return NULL;
		}
		last = jm_json_u64(tip, "seq");
		*since_r = (verified < last ? verified : last) + 1;
		text = tip ? json_dumps(tip, JSON_COMPACT) : NULL;
	}
	if (text || !tip)
		request = json_pack("{s:s, s:s*}", "verb", "backup", "tip", text);
	if (!request)
		(void)jm_err_set(err, JM_E_TEMP, "out of memory");
	free(text);
	json_decref(tip);
	return request;
}

static int backup(struct copy *c, struct jm_err *err)
{
	const struct jm_answer_out out = {
		.object = jm_receive_object, .bytes = jm_receive_bytes, .ctx = &c->receiver
	};
	uint64_t since;
	json_t *request = jm_folder_outside(c->dir, true, err) == 0 &&
		jm_folder_safe(c->dir, err) == 0
	    ? make_request(c, &since, err)
	    : NULL;
	int rc = request ? jm_receive_into(&c->receiver, c->dir, err) : -1;

	jm_progress_start(&c->bar, "copy");
	if (rc == 0)
		ask_total(c);
	if (rc == 0 && since == 0)
		rc = keep_verified(c, err); /* this file marks the folder as a copy */
	if (rc == 0)
		rc = jm_target_ask(&c->target, request, &out, err);
	if (rc == 0)
		rc = jm_receive_finish(&c->receiver, err);
	json_decref(request);
	jm_receive_release(&c->receiver);
	if (rc != 0 || backup_verify(c, since, err) != 0)
		return -1;
	return c->ok ? keep_verified(c, err) : 0;
}

/* from: the backup; c->dir: the folder of the new archive. */
static int restore(struct copy *c, const char *from, struct jm_err *err)
{
	int rc;

	if (jm_folder_safe(c->dir, err) != 0 ||
	    jm_owner_make_folder(&c->target, "restore", c->dir, 0700, err) != 0)
		return -1;
	jm_progress_start(&c->bar, "copy");
	c->total = jm_mirror_bytes(from);
	rc = jm_receive_restore(&c->receiver, c->dir, from, err);
	jm_receive_release(&c->receiver);
	if (rc == 0)
		rc = jm_owner_spread(c->dir, err);
	return rc != 0 ? -1 : backup_verify(c, 0, err);
}

static int backup_report(struct copy *c, struct jm_err *err)
{
	json_t *o = json_pack("{s:b, s:s, s:I, s:I, s:I, s:O}", "ok", c->ok, "directory", c->dir,
	    "last_seq", (json_int_t)c->seq, "copied_bytes", (json_int_t)c->receiver.bytes,
	    "copied_volumes", (json_int_t)c->receiver.mirror.files, "verified", c->summary);

	if (c->target.json)
		jm_print_json(stdout, o);
	else
		jm_print_tree(stdout, o, 0);
	json_decref(o);
	json_decref(c->summary);
	return jm_print_flush(err);
}

int jm_ctl_backup(int argc, char **argv)
{
	struct copy c = { .receiver = { .progress = put_received, .ctx = &c, .mirror.fd = -1 } };
	const struct jm_ctl_option options[] = { JM_TARGET_OPTIONS(&c.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options] DIR",
	    "Bring a copy of the archive up to date, beside a running daemon, and verify it.",
	    &code);
	if (n < 0)
		return code;
	if (n != 1)
		return n > 1 ? jm_ctl_fail_usage(argv[0], argv[2])
			     : jm_ctl_fail_missing(argv[0], "DIR");
	c.dir = argv[1];
	if (backup(&c, &err) != 0 || backup_report(&c, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return c.ok ? EX_OK : EX_DATAERR;
}

int jm_ctl_restore(int argc, char **argv)
{
	struct copy c = { .receiver = { .progress = put_received, .ctx = &c, .mirror.fd = -1 } };
	const struct jm_ctl_option options[] = { JM_TARGET_NEW_OPTIONS(&c.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "--archive NEW DIR",
	    "Make an archive in NEW from a backup, and verify all of it.", &code);
	if (n < 0)
		return code;
	if (n != 1)
		return n > 1 ? jm_ctl_fail_usage(argv[0], argv[2])
			     : jm_ctl_fail_missing(argv[0], "DIR");
	c.dir = c.target.archive;
	if (!c.dir) {
		jm_err_set(&err, JM_E_USAGE, "into which folder? Give it with --archive NEW");
		return jm_ctl_fail(argv[0], &err);
	}
	if (restore(&c, argv[1], &err) != 0 || backup_report(&c, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return c.ok ? EX_OK : EX_DATAERR;
}
