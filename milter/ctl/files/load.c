/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl load: read a dump into a new archive, with the numbers, times, recipients and digests of
 * the old one.
 */
#include "milter/ctl/files/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/below.h"
#include "common/base/io.h"
#include "common/json/read.h"
#include "common/upkeep/load.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/files/dumpdir.h"
#include "milter/ctl/files/owner.h"

#define REPORT_MAX_BYTES (4ull << 30)
#define PATH_BYTES 4400

struct load {
	struct jm_target target;
	const char *dir;
	int top; /* the folder */
	struct jm_loader *loader;
	struct jm_progress bar;
	uint64_t lines, loaded, there, problems, last_seq;
	char mark[PATH_BYTES]; /* path of JM_LOADING_FILE */
	bool marked;
};

/* Refuse a path of the manifest that leaves the folder. */
static int check_path(const char *path, struct jm_err *err)
{
	if (path && strncmp(path, "reports/", 8) == 0 && !strstr(path, "..") &&
	    strlen(path) < JM_DUMP_PATH_BYTES)
		return 0;
	return jm_err_set(err, JM_E_CORRUPT,
	    "the manifest names a report at an impossible place: \"%.80s\"", path ? path : "");
}

/*
 * Write the file that marks the archive as being loaded: while it exists, no verb that opens the
 * archive writes events into it, so that an interrupted load can continue.
 */
static int load_mark(struct load *l, struct jm_err *err)
{
	if (!l->marked && jm_io_publish(l->mark, "", 0, 0600, err) != 0)
		return -1;
	l->marked = true;
	return 0;
}

/* A report that cannot be read costs this one only. */
static int read_report(
    const struct load *l, const char *path, unsigned char **p_r, size_t *n_r, struct jm_err *err)
{
	int fd = jm_below_open(l->top, path, NULL, err), rc = -1;

	if (fd >= 0) {
		rc = jm_io_read_whole(fd, path, REPORT_MAX_BYTES, p_r, n_r, err);
		close(fd);
	}
	if (rc < 0 && err->kind != JM_E_TEMP)
		err->kind = JM_E_CORRUPT;
	return rc;
}

static int add_line(struct load *l, const json_t *line, struct jm_err *err)
{
	const char *type = json_string_value(json_object_get(line, "type")),
		   *path = json_string_value(json_object_get(line, "report"));
	unsigned char *bytes = NULL;
	bool fresh = false;
	size_t n = 0;
	int rc = 0;

	if (type && strcmp(type, "report") == 0) {
		if (check_path(path, err) != 0)
			return -1;
		jm_target_read_as_caller(true);
		rc = read_report(l, path, &bytes, &n, err);
		jm_target_read_as_caller(false);
	}
	/* Mark the archive only when there is something to add: it may be the wrong one. */
	if (rc == 0 &&
	    (uint64_t)json_integer_value(json_object_get(line, "seq")) >= jm_loader_next(l->loader))
		rc = load_mark(l, err);
	if (rc == 0)
		rc = jm_loader_add(l->loader, line, jm_span_of(bytes, n), &fresh, err);
	free(bytes);
	l->loaded += rc == 0 && fresh;
	l->there += rc == 0 && !fresh;
	return rc;
}

/* Progress is measured by the part of the manifest that was read: only its length is known before.
 */
static int load_lines(struct load *l, FILE *f, struct jm_err *err)
{
	struct stat st;
	uint64_t total = fstat(fileno(f), &st) == 0 ? (uint64_t)st.st_size : 0, done = 0;
	struct jm_buf text;
	int rc = 0, more;

	jm_buf_init(&text, JM_DUMP_LINE_MAX);
	jm_progress_start(&l->bar, "manifest");
	while (rc == 0 && (more = jm_dump_next_line(f, &text, err)) != 0) {
		json_t *line = NULL;

		jm_progress_draw(&l->bar, done, total, NULL);
		done += text.len;
		l->lines++;
		if (more < 0 || jm_json_read(text.p, text.len, &line, err) != 0 ||
		    add_line(l, line, err) != 0)
			rc = jm_err_wrap(err, "%s/manifest.jsonl, line %" PRIu64, l->dir, l->lines);
		/* A damaged file of the dump costs one message only: its number becomes an event.
		 */
		if (more > 0 && rc < 0 && err->kind == JM_E_CORRUPT) {
			jm_progress_wipe(&l->bar);
			jm_print(stderr, "jmctl load: %s\n", err->text);
			l->problems++;
			rc = 0;
		}
		json_decref(line);
	}
	jm_progress_wipe(&l->bar);
	jm_buf_release(&text);
	return rc;
}

static int load_all(
    struct load *l, struct jm_archive *a, const char *dir, FILE *f, struct jm_err *err)
{
	struct jm_err other;
	int rc;

	if (snprintf(l->mark, sizeof l->mark, "%s/" JM_LOADING_FILE, dir) >= (int)sizeof l->mark)
		return jm_err_set(err, JM_E_USAGE, "the archive's name is too long");
	if (jm_loader_new(a, &l->loader, err) != 0)
		return -1;
	rc = load_lines(l, f, err);
	l->last_seq = jm_loader_next(l->loader) - 1;
	if (jm_loader_finish(&l->loader, rc == 0 ? err : &other) != 0)
		rc = -1;
	if (rc == 0 && unlink(l->mark) != 0 && errno != ENOENT)
		rc = jm_err_sys(err, JM_E_TEMP, "cannot remove \"%s\"", l->mark);
	return rc;
}

static int load_run(struct load *l, struct jm_err *err)
{
	struct jm_archive_options options = { .verbatim = true };
	struct jm_archive *a = NULL;
	FILE *f;
	int rc = -1;

	if (!l->target.archive && !l->target.config)
		return jm_err_set(err, JM_E_USAGE, "into which folder? Give it with --archive NEW");
	if (strlen(l->dir) > 4000)
		return jm_err_set(err, JM_E_USAGE, "the folder's name is too long");
	l->top = jm_io_open(l->dir, O_RDONLY | O_DIRECTORY, 0, err);
	if (l->top < 0)
		return -1;
	f = jm_below_read(l->top, "manifest.jsonl", err);
	if (!f) {
		close(l->top);
		return jm_err_wrap(err, "%s", l->dir);
	}
	if ((!l->target.archive ||
		jm_owner_make_folder(&l->target, "load", l->target.archive, 0700, err) == 0) &&
	    jm_target_open(&l->target, NULL, &options, &a, err) == 0)
		rc = load_all(l, a, options.dir, f, err);
	jm_target_close(&l->target, &a);
	fclose(f);
	close(l->top);
	return rc;
}

int jm_ctl_load(int argc, char **argv)
{
	struct load l = { .lines = 0 };
	const struct jm_ctl_option options[] = { JM_TARGET_NEW_OPTIONS(&l.target), { NULL } };
	struct jm_err err;
	json_t *o;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "--archive NEW DIR",
	    "Make an archive in NEW from what dump wrote, or continue a load that was broken off.",
	    &code);
	if (n < 0)
		return code;
	if (n != 1)
		return n > 1 ? jm_ctl_fail_usage(argv[0], argv[2])
			     : jm_ctl_fail_missing(argv[0], "DIR");
	l.dir = argv[1];
	if (load_run(&l, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	o = json_pack("{s:b, s:I, s:I, s:I, s:I}", "ok", l.problems == 0, "loaded",
	    (json_int_t)l.loaded, "there", (json_int_t)l.there, "problems", (json_int_t)l.problems,
	    "last_seq", (json_int_t)l.last_seq);
	if (l.target.json)
		jm_print_json(stdout, o);
	else
		jm_print_tree(stdout, o, 0);
	json_decref(o);
	if (jm_print_flush(&err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return l.problems == 0 ? EX_OK : EX_DATAERR;
}
