/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl export: the exact bytes of an item, to stdout or to a file that is either whole or not there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"
#include "milter/ctl/client.h"
#include "milter/ctl/print.h"

struct export {
	struct jm_client client;
	const char *output;		/* --output; NULL or "-": stdout */
	bool report, raw, force;
	uint64_t which;
	int fd;
	uint64_t bytes;
};

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct export *x = ctx;

	x->bytes += n;
	return jm_io_write(x->fd, p, n, err);
}

static int put_object(void *ctx, const json_t *object, struct jm_err *err)
{
	(void)ctx, (void)object;
	return jm_err_set(err, JM_E_CORRUPT, "export was answered with an object, not with bytes");
}

static int ask(struct export *x, uint64_t id, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = put_object, .bytes = put_bytes, .ctx = x };
	json_t *request = json_pack("{s:s, s:I, s:b, s:b, s:I}", "verb", "export", "id", (json_int_t)id, "report", x->report, "raw", x->raw,
	    "which", (json_int_t)x->which);
	int rc = request ? jm_client_ask(&x->client, request, &out, err) : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	return rc;
}

/* Only a plain file is replaced: as root, a rename over /dev/null would be a bad surprise. */
static int check_target(const char *path, struct jm_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : jm_err_sys(err, errno == EACCES ? JM_E_DENIED : JM_E_USAGE, "%s", path);
	if (!S_ISREG(st.st_mode))
		return jm_err_set(err, JM_E_USAGE, "%s is no plain file; without --output the message goes to the standard output", path);
	return 0;
}

/* The folder that path is in, owned by the caller. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

static int export_to_file(struct export *x, uint64_t id, struct jm_err *err)
{
	char *temporary = NULL, *folder = folder_of(x->output);
	int rc = -1;

	if (!folder || asprintf(&temporary, "%s.XXXXXX", x->output) < 0) {
		temporary = NULL;
		jm_err_set(err, JM_E_TEMP, "out of memory");
		goto out;
	}
	if (check_target(x->output, err) < 0)
		goto out;
	x->fd = mkostemp(temporary, O_CLOEXEC);
	if (x->fd < 0) {
		jm_err_sys(err, errno == EACCES || errno == EROFS ? JM_E_DENIED : errno == ENOENT || errno == ENOTDIR ? JM_E_USAGE : JM_E_TEMP, "%s",
		    x->output);
		goto out;
	}
	if (ask(x, id, err) == 0 && jm_io_datasync(x->fd, err) == 0 && jm_io_rename(temporary, x->output, err) == 0)
		rc = jm_io_sync_dir(folder, err);
	else
		unlink(temporary);
	close(x->fd);
out:
	free(temporary);
	free(folder);
	return rc;
}

static void say_what(const struct export *x, uint64_t id)
{
	json_t *o = json_pack("{s:I, s:s, s:I, s:s, s:I}", "id", (json_int_t)id, "what", x->report ? "report" : x->raw ? "raw" : "message", "which",
	    (json_int_t)x->which, "output", x->output, "bytes", (json_int_t)x->bytes);

	if (o)
		jm_print_json(stdout, o);
	json_decref(o);
}

static int run(struct export *x, uint64_t id, struct jm_err *err)
{
	bool to_stdout = !x->output || strcmp(x->output, "-") == 0;

	if (x->report && x->raw)
		return jm_err_set(err, JM_E_USAGE, "--report and --raw exclude each other");
	if (x->which > INT32_MAX)
		return jm_err_set(err, JM_E_USAGE, "--which is at most %d", INT32_MAX);
	if (to_stdout && x->client.json)
		return jm_err_set(err, JM_E_USAGE, "--json says what was written, so it needs --output FILE");
	if (to_stdout && !x->force && isatty(STDOUT_FILENO))
		return jm_err_set(err, JM_E_USAGE, "a message may drive your terminal; use --output FILE, a pipe, or --force");
	if (to_stdout) {
		x->fd = STDOUT_FILENO;
		return ask(x, id, err);
	}
	if (export_to_file(x, id, err) < 0)
		return -1;
	if (x->client.json)
		say_what(x, id);
	return jm_client_flush(err);
}

int jm_ctl_export(int argc, char **argv)
{
	struct export x = { .fd = -1 };
	const struct jm_ctl_option options[] = {
		{ "output", JM_CTL_TEXT, &x.output, "FILE", "write FILE, mode 0600: whole and synced, or not at all" },
		{ "report", JM_CTL_FLAG, &x.report, NULL, "the journal report as received" },
		{ "raw", JM_CTL_FLAG, &x.raw, NULL, "the message before the removal of journal headers" },
		{ "which", JM_CTL_NUMBER, &x.which, "N", "the Nth content or report of the item, from 0 on [0]" },
		{ "force", JM_CTL_FLAG, &x.force, NULL, "also to a terminal" },
		JM_CLIENT_OPTIONS(&x.client), { NULL }
	};
	struct jm_err err;
	uint64_t id = 0;
	int n, code;

	n = jm_ctl_options(argc, argv, options, "[options] ID", "Write the exact bytes of an archived message; their digest is checked first.", &code);
	if (n < 0)
		return code;
	if (n > 1)
		return jm_ctl_fail_usage(argv[0], argv[2]);
	if (n == 0)
		return jm_ctl_fail_usage(argv[0], NULL);
	if (jm_client_id(argv[1], &id, &err) < 0 || run(&x, id, &err) < 0)
		return jm_ctl_fail(argv[0], &err);
	return 0;
}
