/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl export: the exact bytes of one item, to standard output or to a file that is either
 * complete or absent. Exports of many items into a folder are in exporter.c.
 */
#include "milter/ctl/files/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/control/answer.h"
#include "milter/ctl/cli/criteria.h"
#include "milter/ctl/cli/left_out.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/files/edrm.h"
#include "milter/ctl/files/export_files.h"
#include "milter/ctl/files/exporter.h"

struct exporting {
	struct jm_target target;
	const char *output; /* --output; NULL or "-": standard output */
	const char *format;
	struct jm_criteria criteria;
	bool report, raw, force, all;
	uint64_t which;
	int fd;
	uint64_t bytes;
};

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct exporting *x = ctx;

	x->bytes += n;
	return jm_io_write(x->fd, p, n, err);
}

static int put_object(void *ctx, const json_t *object, struct jm_err *err)
{
	(void)ctx, (void)object;
	return jm_err_set(err, JM_E_CORRUPT, "export was answered with an object, not with bytes");
}

static int export_ask(struct exporting *x, uint64_t id, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = put_object, .bytes = put_bytes, .ctx = x };
	json_t *request = json_pack("{s:s, s:I, s:b, s:b, s:I, s:b}", "verb", "export", "id",
	    (json_int_t)id, "report", x->report, "raw", x->raw, "which", (json_int_t)x->which,
	    "bcc", jm_criteria_flag(&x->criteria, "bcc"));
	int rc = request ? jm_target_ask(&x->target, request, &out, err)
			 : jm_err_set(err, JM_E_TEMP, "out of memory");

	json_decref(request);
	return rc;
}

/* Replace plain files only: as root, a rename over /dev/null would destroy it. */
static int check_target(const char *path, struct jm_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT
		    ? 0
		    : jm_err_sys(err, errno == EACCES ? JM_E_DENIED : JM_E_USAGE, "%s", path);
	if (!S_ISREG(st.st_mode))
		return jm_err_set(err, JM_E_USAGE,
		    "%s is no plain file; without --output the message goes to the standard output",
		    path);
	return 0;
}

/* The folder that path is in; the caller frees it. NULL without memory. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

static int export_to_file(struct exporting *x, uint64_t id, struct jm_err *err)
{
	char *temporary = NULL, *folder = folder_of(x->output);
	int rc = -1;

	if (!folder || asprintf(&temporary, "%s.XXXXXX", x->output) < 0) {
		temporary = NULL;
		jm_err_set(err, JM_E_TEMP, "out of memory");
		goto out;
	}
	if (check_target(x->output, err) != 0)
		goto out;
	x->fd = mkostemp(temporary, O_CLOEXEC);
	if (x->fd < 0) {
		jm_err_sys(err,
		    errno == EACCES || errno == EROFS         ? JM_E_DENIED
			: errno == ENOENT || errno == ENOTDIR ? JM_E_USAGE
							      : JM_E_TEMP,
		    "%s", x->output);
		goto out;
	}
	if (export_ask(x, id, err) == 0 && jm_io_datasync(x->fd, err) == 0 &&
	    jm_io_rename(temporary, x->output, err) == 0)
		rc = jm_io_sync_dir(folder, err);
	else
		unlink(temporary);
	close(x->fd);
out:
	free(temporary);
	free(folder);
	return rc;
}

static void say_what(const struct exporting *x, uint64_t id)
{
	json_t *o = json_pack("{s:I, s:s, s:I, s:s, s:I}", "id", (json_int_t)id, "what",
	    x->report    ? "report"
		: x->raw ? "raw"
			 : "message",
	    "which", (json_int_t)x->which, "output", x->output, "bytes", (json_int_t)x->bytes);

	if (o)
		jm_print_json(stdout, o);
	json_decref(o);
}

static int export_run(struct exporting *x, uint64_t id, struct jm_err *err)
{
	bool to_stdout = !x->output || strcmp(x->output, "-") == 0;

	if (x->report && x->raw)
		return jm_err_set(err, JM_E_USAGE, "--report and --raw exclude each other");
	if (x->which > INT32_MAX)
		return jm_err_set(err, JM_E_USAGE, "--which is at most %d", INT32_MAX);
	if (to_stdout && x->target.json)
		return jm_err_set(
		    err, JM_E_USAGE, "--json says what was written, so it needs --output FILE");
	if (to_stdout && !x->force && isatty(STDOUT_FILENO))
		return jm_err_set(err, JM_E_USAGE,
		    "a message may drive your terminal; use --output FILE, a pipe, or --force");
	if (to_stdout) {
		x->fd = STDOUT_FILENO;
		return export_ask(x, id, err);
	}
	if (export_to_file(x, id, err) != 0)
		return -1;
	if (x->target.json)
		say_what(x, id);
	return jm_print_flush(err);
}

/* ---- many ---- */

static int add_found(void *ctx, const json_t *item, struct jm_err *err)
{
	if (jm_left_out_is(item)) {
		jm_left_out_say("export", item);
		return 0;
	}
	return json_array_append(ctx, json_object_get(item, "id")) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "no memory for what was found");
}

/* How the items are selected: the IDs of the command line as a list, or the request that finds
 * them. The caller owns it; NULL with err. */
static json_t *export_asked(struct exporting *x, char **ids, int n, struct jm_err *err)
{
	json_t *list;
	uint64_t id = 0;

	if (n == 0)
		return jm_criteria_request(&x->criteria, "search", err);
	list = json_array();
	for (int i = 0; i < n; i++) {
		int rc = jm_ctl_id(ids[i], &id, err);

		if (rc == 0 && json_array_append_new(list, json_integer((json_int_t)id)) != 0)
			rc = jm_err_set(err, JM_E_TEMP, "out of memory");
		if (rc < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The IDs of the items that were asked for. The caller owns the list; NULL with err. */
static json_t *export_find(struct exporting *x, json_t *asked, struct jm_err *err)
{
	json_t *list;
	struct jm_answer_out out = { .object = add_found };

	if (json_is_array(asked))
		return json_incref(asked);
	list = json_array();
	out.ctx = list;
	if (list && jm_target_ask(&x->target, asked, &out, err) == 0)
		return list;
	if (!list)
		(void)jm_err_set(err, JM_E_TEMP, "out of memory");
	json_decref(list);
	return NULL;
}

static const struct jm_export_format *format_named(const char *name, struct jm_err *err)
{
	static const struct jm_export_format *const formats[] = { &jm_export_eml, &jm_export_mbox,
		&jm_export_maildir, &jm_export_edrm };

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	jm_err_set(err, JM_E_USAGE, "--format is eml, mbox, maildir or edrm, not \"%.40s\"", name);
	return NULL;
}

static void say_sum(const struct exporting *x, const struct jm_exporter *e)
{
	json_t *o = json_pack("{s:b, s:s, s:s, s:I, s:I, s:I, s:I}", "ok", e->problems == 0,
	    "format", e->format->name, "output", e->dir, "messages", (json_int_t)e->messages,
	    "bytes", (json_int_t)e->bytes, "problems", (json_int_t)e->problems, "companions",
	    (json_int_t)e->companions);

	if (x->target.json)
		jm_print_json(stdout, o);
	else
		jm_print_tree(stdout, o, 0);
	if (!x->target.json && e->companions > 0)
		puts("a companion is the other form of a rights-protected message or its clear "
		     "text; the manifest names them, and the same with --report has them");
	json_decref(o);
}

/* Export many items. Returns the exit code. */
static int run_many(struct exporting *x, char **ids, int n, const char *verb)
{
	struct jm_exporter e = { .target = &x->target,
		.dir = x->output,
		.report = x->report,
		.raw = x->raw,
		.bcc = jm_criteria_flag(&x->criteria, "bcc") };
	json_t *asked = NULL;
	struct jm_err err;
	int rc = -1;

	x->target.keep = true;
	if (!x->output || strcmp(x->output, "-") == 0)
		jm_err_set(&err, JM_E_USAGE, "many messages go into a folder: --output DIR");
	else if (x->report && x->raw)
		jm_err_set(&err, JM_E_USAGE, "--report and --raw exclude each other");
	else if (x->which > 0)
		jm_err_set(&err, JM_E_USAGE, "--which goes with one ID");
	else if (n > 0 && (jm_criteria_given(&x->criteria) || x->all))
		jm_err_set(&err, JM_E_USAGE, "IDs and criteria exclude each other");
	else if (n == 0 && !jm_criteria_given(&x->criteria) && !x->all &&
	    !jm_criteria_flag(&x->criteria, "set-aside"))
		jm_err_set(&err, JM_E_USAGE, "which items? IDs, criteria as with search, or --all");
	else if ((e.format = format_named(x->format ? x->format : "eml", &err)) &&
	    (asked = export_asked(x, ids, n, &err)) && (e.ids = export_find(x, asked, &err))) {
		e.asked = asked;
		rc = jm_exporter_run(&e, &err);
	}
	jm_target_end(&x->target);
	json_decref(e.ids);
	json_decref(asked);
	if (rc == 0) {
		say_sum(x, &e);
		rc = jm_print_flush(&err);
	}
	return rc < 0 ? jm_ctl_fail(verb, &err) : e.problems > 0 ? EX_DATAERR : EX_OK;
}

int jm_ctl_export(int argc, char **argv)
{
	struct exporting x = { .fd = -1 };
	const struct jm_ctl_option own[] = {
		{ "output", JM_CTL_TEXT, &x.output, "FILE",
		    "write FILE, mode 0600: whole and synced, or not at all; of many messages, "
		    "the folder" },
		{ "report", JM_CTL_FLAG, &x.report, NULL, "the journal report as received" },
		{ "original", JM_CTL_FLAG, &x.report, NULL, "the same as --report" },
		{ "raw", JM_CTL_FLAG, &x.raw, NULL,
		    "the message before the removal of journal headers" },
		{ "which", JM_CTL_NUMBER, &x.which, "N",
		    "the Nth content or report of the item, from 0 on [0]" },
		{ "force", JM_CTL_FLAG, &x.force, NULL, "also to a terminal" },
		{ "format", JM_CTL_TEXT, &x.format, "FORMAT",
		    "of many: eml (a file each), mbox, maildir, or edrm (load file) [eml]",
		    "eml mbox maildir edrm" },
		{ "all", JM_CTL_FLAG, &x.all, NULL, "all items" }, { NULL }
	};
	const struct jm_ctl_option shared[] = { JM_TARGET_OPTIONS(&x.target), { NULL } };
	struct jm_ctl_option options[JM_CTL_OPTIONS_MAX];
	struct jm_err err;
	uint64_t id = 0;
	int n, code;

	jm_ctl_options_add(
	    jm_criteria_options(jm_ctl_options_add(options, own), &x.criteria, false), shared);
	n = jm_ctl_options(argc, argv, options, "[options] [ID...]",
	    "Write the exact bytes of archived messages; their digests are checked first.", &code);
	if (n < 0)
		return code;
	if (x.format || n > 1 || x.all || jm_criteria_given(&x.criteria) ||
	    (n == 0 && jm_criteria_flag(&x.criteria, "set-aside")))
		return run_many(&x, argv + 1, n, argv[0]);
	if (n == 0)
		return jm_ctl_fail_missing(argv[0], "ID");
	if (jm_ctl_id(argv[1], &id, &err) != 0 || export_run(&x, id, &err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return 0;
}
