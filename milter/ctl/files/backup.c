/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl backup and jmctl restore. A backup is an archive itself: it is brought up to date while the
 * daemon runs, then opened and verified. A restore copies the volumes of a backup into a new
 * archive.
 */
#include "milter/ctl/files/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/archive/tip.h"
#include "common/base/io.h"
#include "common/control/answer.h"
#include "common/upkeep/verify.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"

#define PATH_BYTES 4400
#define VERIFIED_MAX_BYTES 4096
#define CHUNK_BYTES (256u * 1024u)

struct copy {
	struct jm_target target;
	const char *dir;    /* of the copy */
	const char *folder; /* its folder of volumes; a restore renames it when all are there */
	int fd;             /* of the volume that is being received; -1: none */
	uint64_t offset, left, bytes, volumes, seq;
	uint64_t total; /* bytes to copy; 0: unknown */
	struct jm_progress bar;
	bool done, ok;
	json_t *summary; /* of the verification */
};

static int close_volume(struct copy *c, struct jm_err *err)
{
	int rc = 0;

	if (c->fd < 0)
		return 0;
	if (c->left > 0)
		rc = jm_err_set(err, JM_E_TEMP, "a volume came without all of its bytes");
	if (rc == 0)
		rc = jm_io_datasync(c->fd, err);
	close(c->fd);
	c->fd = -1;
	return rc;
}

static int open_volume(struct copy *c, uint64_t number, struct jm_err *err)
{
	char path[PATH_BYTES];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s/%08" PRIu64 ".jmv", c->dir, c->folder, number);
	c->fd = jm_io_open(path, O_RDWR | O_CREAT, 0600, err);
	if (c->fd < 0)
		return -1;
	if (fstat(c->fd, &st) != 0)
		return jm_err_sys(err, JM_E_TEMP, "%s", path);
	/* Bytes after the valid part are from an interrupted copy. They come again. */
	if ((uint64_t)st.st_size > c->offset && jm_io_truncate(c->fd, c->offset, err) != 0)
		return -1;
	if ((uint64_t)st.st_size < c->offset)
		return jm_err_set(err, JM_E_CORRUPT, "%s is shorter than it was", path);
	c->volumes++;
	return 0;
}

static int put_object(void *ctx, const json_t *o, struct jm_err *err)
{
	const char *what = json_string_value(json_object_get(o, "copy"));
	struct copy *c = ctx;

	if (close_volume(c, err) != 0)
		return -1;
	if (what && strcmp(what, "end") == 0) {
		c->done = true;
		c->seq = (uint64_t)json_integer_value(json_object_get(o, "seq"));
		return 0;
	}
	if (!what || strcmp(what, "volume") != 0)
		return jm_err_set(err, JM_E_CORRUPT, "backup was answered with something else");
	c->offset = (uint64_t)json_integer_value(json_object_get(o, "offset"));
	c->left = (uint64_t)json_integer_value(json_object_get(o, "bytes"));
	return open_volume(c, (uint64_t)json_integer_value(json_object_get(o, "volume")), err);
}

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct copy *c = ctx;
	struct iovec v = { (void *)(uintptr_t)p, n };

	if (c->fd < 0 || n > c->left)
		return jm_err_set(err, JM_E_CORRUPT, "bytes came that belong to no volume");
	if (jm_io_pwritev(c->fd, &v, 1, c->offset, err) != 0)
		return -1;
	c->offset += n;
	c->left -= n;
	c->bytes += n;
	jm_progress_draw(&c->bar, c->bytes, c->total, NULL);
	return 0;
}

/* The number of volumes in a folder; with remove_them, of those that could not be removed. */
static uint64_t count_volumes(const char *dir, const char *folder, bool remove_them)
{
	char path[PATH_BYTES];
	uint64_t n = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", dir, folder);
	d = opendir(path);
	while (d && (e = readdir(d)) != NULL) {
		if (strlen(e->d_name) <= 4 ||
		    strcmp(e->d_name + strlen(e->d_name) - 4, ".jmv") != 0)
			continue;
		n += !remove_them || unlinkat(dirfd(d), e->d_name, 0) != 0;
	}
	if (d)
		closedir(d);
	return n;
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

/* The bytes of all volumes of an archive. */
static uint64_t volume_bytes(const char *dir)
{
	char path[PATH_BYTES];
	struct stat st;
	uint64_t sum = 0;

	for (uint64_t i = 1; snprintf(path, sizeof path, "%s/volumes/%08" PRIu64 ".jmv", dir, i) <
		 (int)sizeof path &&
	     stat(path, &st) == 0;
	     i++)
		sum += (uint64_t)st.st_size;
	return sum;
}

/* How many bytes the archive has more than the copy; only for the progress bar. */
static int take_status(void *ctx, const json_t *status, struct jm_err *err)
{
	struct copy *c = ctx;
	uint64_t all = (uint64_t)json_integer_value(json_object_get(status, "volume_bytes")),
		 here = volume_bytes(c->dir);

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
	json_t *o = json_load_file(verified_path(c, path), 0, NULL);
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(o, "verified"));

	json_decref(o);
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

static int make_folders(const struct copy *c, struct jm_err *err)
{
	char path[PATH_BYTES];

	if (strlen(c->dir) > 3900)
		return jm_err_set(err, JM_E_USAGE, "the folder's name is too long");
	snprintf(path, sizeof path, "%s/%s", c->dir, c->folder);
	return jm_io_mkdirs(path, 0700, err);
}

static int sync_folders(const struct copy *c, struct jm_err *err)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/%s", c->dir, c->folder);
	return jm_io_sync_dir(path, err) != 0 ? -1 : jm_io_sync_dir(c->dir, err);
}

static int backup(struct copy *c, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = put_object, .bytes = put_bytes, .ctx = c };
	json_t *tip = NULL, *request;
	uint64_t since = 0, verified = verified_until(c);
	char *text = NULL;
	int rc;

	if (count_volumes(c->dir, c->folder, false) > 0) {
		/* NOTFOUND: the first run was interrupted before the first record. */
		if (!(tip = tip_of(c->dir, err)) && err->kind != JM_E_NOTFOUND)
			return jm_err_wrap(err, "the copy so far, %s", c->dir);
		since = (uint64_t)json_integer_value(json_object_get(tip, "seq"));
		since = (verified < since ? verified : since) + 1;
		text = tip ? json_dumps(tip, JSON_COMPACT) : NULL;
		json_decref(tip);
	}
	request = json_pack("{s:s, s:s*}", "verb", "backup", "tip", text);
	free(text);
	rc = make_folders(c, err);
	jm_progress_start(&c->bar, "copy");
	ask_total(c);
	if (rc == 0 && since == 0)
		rc = keep_verified(c, err); /* this file marks the folder as a copy */
	if (rc == 0)
		rc = request ? jm_target_ask(&c->target, request, &out, err)
			     : jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(request);
	if (rc == 0 && !c->done)
		rc = jm_err_set(err, JM_E_TEMP, "the copy broke off");
	if (rc < 0 || close_volume(c, err) != 0 || sync_folders(c, err) != 0)
		return -1;
	if (backup_verify(c, since, err) != 0)
		return -1;
	return c->ok ? keep_verified(c, err) : 0;
}

/* Give files that root made to the owner of the folder. */
static int give_away(const struct copy *c, uint64_t volumes, struct jm_err *err)
{
	char path[PATH_BYTES];
	struct stat st;
	int rc;

	if (geteuid() != 0 || stat(c->dir, &st) != 0 || st.st_uid == 0)
		return 0;
	snprintf(path, sizeof path, "%s/%s", c->dir, c->folder);
	rc = chown(path, st.st_uid, st.st_gid);
	for (uint64_t i = 1; rc == 0 && i <= volumes; i++) {
		snprintf(path, sizeof path, "%s/%s/%08" PRIu64 ".jmv", c->dir, c->folder, i);
		rc = chown(path, st.st_uid, st.st_gid);
	}
	return rc == 0 ? 0 : jm_err_sys(err, JM_E_DENIED, "%s: cannot give it to its owner", path);
}

/* ---- restore ---- */

/*
 * Copy one volume. The backup may be on a read-only disk, so it is read as files; the verification
 * of the new archive shows what they contain.
 */
static int copy_volume(struct copy *c, const char *from, uint64_t number, struct jm_err *err)
{
	unsigned char *chunk = malloc(CHUNK_BYTES);
	char path[PATH_BYTES];
	uint64_t at = 0;
	struct stat st;
	int fd, rc = -1;

	snprintf(path, sizeof path, "%s/volumes/%08" PRIu64 ".jmv", from, number);
	fd = jm_io_open(path, O_RDONLY, 0, err);
	if (!chunk || fd < 0 || fstat(fd, &st) != 0) {
		rc = fd < 0 ? -1 : jm_err_sys(err, JM_E_TEMP, "%s", path);
		goto out;
	}
	c->offset = 0;
	c->left = (uint64_t)st.st_size;
	rc = open_volume(c, number, err);
	while (rc == 0 && c->left > 0) {
		size_t n = c->left < CHUNK_BYTES ? (size_t)c->left : CHUNK_BYTES;

		rc = jm_io_pread(fd, chunk, n, at, err) < 0 ? jm_err_wrap(err, "%s", path)
							    : put_bytes(c, chunk, n, err);
		at += n;
	}
	if (rc == 0)
		rc = close_volume(c, err);
out:
	if (fd >= 0)
		close(fd);
	free(chunk);
	return rc;
}

/* Lock the copy, so that no other process writes to it meanwhile. */
static int backup_hold(const char *from, int *fd_r, struct jm_err *err)
{
	char path[PATH_BYTES];
	struct jm_err ignored;

	snprintf(path, sizeof path, "%s/lock", from);
	*fd_r = jm_io_open(path, O_RDONLY, 0, &ignored);
	if (*fd_r >= 0 && flock(*fd_r, LOCK_SH | LOCK_NB) != 0)
		return jm_err_set(
		    err, JM_E_DENIED, "the copy %s is in use by another process", from);
	return 0;
}

static int copy_volumes(struct copy *c, const char *from, uint64_t n, struct jm_err *err)
{
	char path[PATH_BYTES];

	for (uint64_t i = 1; i <= n; i++) {
		snprintf(path, sizeof path, "%s/volumes/%08" PRIu64 ".jmv", from, i);
		if (access(path, F_OK) != 0 && errno == ENOENT)
			return jm_err_set(err, JM_E_CORRUPT,
			    "the copy lacks %s: complete it (jmctl dump saves what can be read)",
			    path);
		if (copy_volume(c, from, i, err) != 0)
			return -1;
	}
	return 0;
}

/* Rename the folder of volumes at the end, so that an interrupted restore leaves no archive. */
static int put_in_place(struct copy *c, struct jm_err *err)
{
	char from[PATH_BYTES], to[PATH_BYTES];

	snprintf(from, sizeof from, "%s/%s", c->dir, c->folder);
	snprintf(to, sizeof to, "%s/volumes", c->dir);
	return jm_io_rename(from, to, err) != 0 ? -1 : jm_io_sync_dir(c->dir, err);
}

/* from: the backup; c->dir: the folder of the new archive. */
static int restore(struct copy *c, const char *from, struct jm_err *err)
{
	uint64_t n = count_volumes(from, "volumes", false);
	int lock = -1, rc;

	c->folder = "volumes.part";
	if (count_volumes(c->dir, "volumes", false) > 0)
		return jm_err_set(err, JM_E_USAGE,
		    "there is an archive in %s already; restore into a new folder", c->dir);
	if (n == 0)
		return jm_err_set(err, JM_E_NOTFOUND, "there is no archive in \"%s\"", from);
	if (count_volumes(c->dir, c->folder, true) > 0)
		return jm_err_set(err, JM_E_DENIED,
		    "cannot remove what a restore that was broken off left in %s/%s", c->dir,
		    c->folder);
	rc = backup_hold(from, &lock, err) != 0 ? -1 : make_folders(c, err);
	jm_progress_start(&c->bar, "copy");
	c->total = volume_bytes(from);
	if (rc == 0)
		rc = copy_volumes(c, from, n, err);
	if (lock >= 0)
		close(lock);
	if (rc < 0 || sync_folders(c, err) != 0 || give_away(c, c->volumes, err) != 0 ||
	    put_in_place(c, err) != 0)
		return -1;
	return backup_verify(c, 0, err);
}

static int backup_report(struct copy *c, struct jm_err *err)
{
	json_t *o = json_pack("{s:b, s:s, s:I, s:I, s:I, s:O}", "ok", c->ok, "directory", c->dir,
	    "last_seq", (json_int_t)c->seq, "copied_bytes", (json_int_t)c->bytes, "copied_volumes",
	    (json_int_t)c->volumes, "verified", c->summary);

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
	struct copy c = { .fd = -1, .folder = "volumes" };
	const struct jm_ctl_option options[] = { JM_TARGET_OPTIONS(&c.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options] DIR",
	    "Bring a copy of the archive up to date, beside a running daemon, and verify it.",
	    &code);
	if (n < 0)
		return code;
	if (n != 1)
		return jm_ctl_fail_usage(argv[0], n > 1 ? argv[2] : NULL);
	c.dir = argv[1];
	if (backup(&c, &err) != 0 || backup_report(&c, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return c.ok ? EX_OK : EX_DATAERR;
}

int jm_ctl_restore(int argc, char **argv)
{
	struct copy c = { .fd = -1, .folder = "volumes" };
	const struct jm_ctl_option options[] = { JM_TARGET_OPTIONS(&c.target), { NULL } };
	struct jm_err err;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "--archive NEW DIR",
	    "Make an archive in NEW from a backup, and verify all of it.", &code);
	if (n < 0)
		return code;
	if (n != 1)
		return jm_ctl_fail_usage(argv[0], n > 1 ? argv[2] : NULL);
	c.dir = c.target.archive;
	if (!c.dir) {
		jm_err_set(&err, JM_E_USAGE, "into which folder? --archive NEW tells");
		return jm_ctl_fail(argv[0], &err);
	}
	if (restore(&c, argv[1], &err) != 0 || backup_report(&c, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return c.ok ? EX_OK : EX_DATAERR;
}
