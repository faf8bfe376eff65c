/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl import: archive messages from .eml files, mbox files, Maildirs and folders of them, as
 * arrivals of transport "import". A running daemon gets them over its control socket; without one
 * the archive is opened here, or begun. The files are read with the rights of the user. Each byte
 * of them is archived in one message, or is named with the reason why it is not.
 */
#include "milter/ctl/files/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/base/io.h"
#include "common/base/peer.h"
#include "common/control/client.h"
#include "common/json/value.h"
#include "common/upkeep/import.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/files/begin.h"
#include "milter/ctl/files/mbox.h"
#include "milter/ctl/files/source.h"
#include "milter/ctl/files/tree.h"

#define REMARKS_MAX 1000 /* in the JSON; standard error has all */

struct import {
	struct jm_target target;
	const char *service, *type, *quoting;
	struct jm_ctl_list domains, senders;
	bool clear_text, keep_headers, yes;
	enum jm_mbox_quoting mbox;
	struct jm_import how;
	struct jm_buf command; /* that begins an archive */
	struct jm_archive *a;  /* NULL: the daemon has it */
	int fd;                /* of the daemon; -1: not connected */
	bool broken_off;       /* an error is that of the archive or the daemon */
	struct jm_spool message;
	struct jm_progress bar;
	uint64_t total, done; /* bytes of the files */
	uint64_t files, bytes;
	struct jm_import_sum sum;
	char *from;          /* the paths, for the event; owned */
	struct jm_peer self; /* this process, as a daemon would see it */
	/* problems: what standard error names, the sum of left_out and doubtful */
	uint64_t problems, left_out, doubtful, passed_over;
	json_t *remarks;
	bool begun;
};

/* The file that is being read. */
struct source {
	struct import *m;
	const char *path;
	int fd;
};

/* ---- handing over one message ---- */

/* The texts as JSON; NULL when one is no UTF-8. */
static json_t *list_of(const struct jm_ctl_list *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < texts->n; i++)
		if (json_array_append_new(list, json_string(texts->v[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *import_request(const struct import *m)
{
	/* json_pack() releases both lists when one is NULL. */
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:b, s:b, s:o}", "verb", "import", "service",
	    m->service, "eml", m->how.unwrap.type == JM_JOURNAL_EML, "journal-domains",
	    list_of(&m->domains), "report-senders", list_of(&m->senders), "prefer-clear-text",
	    m->clear_text, "keep-journal-headers", m->keep_headers, "from",
	    jm_json_text(jm_span_str(m->from)));
}

/* Connect to the daemon. 1; 0: there is no daemon; -1. */
static int import_connect(struct import *m, struct jm_err *err)
{
	int rc = jm_target_connect(&m->target, &m->fd, err);
	json_t *request;

	if (rc != 1)
		return rc;
	request = import_request(m);
	rc = request ? jm_client_begin(m->fd, request, err)
		     : jm_err_set(err, JM_E_USAGE, "an argument is no UTF-8");
	json_decref(request);
	return rc < 0 ? -1 : 1;
}

static int take_answer(void *ctx, const json_t *o, struct jm_err *err)
{
	struct jm_imported *done = ctx;

	(void)err;
	done->seq = (uint64_t)json_integer_value(json_object_get(o, "seq"));
	done->already_here = json_is_true(json_object_get(o, "already_here"));
	return 0;
}

/* Give a message to the daemon. After an error the next message needs a new connection. */
static int give(
    struct import *m, struct jm_span message, struct jm_imported *done_r, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = take_answer, .ctx = done_r };
	int rc = m->fd >= 0 ? 1 : import_connect(m, err);

	if (rc == 0)
		return jm_err_set(err, JM_E_TEMP, "the daemon was stopped");
	if (rc == 1)
		rc = jm_client_give(m->fd, message, &out, err);
	if (rc < 0 && m->fd >= 0) {
		close(m->fd);
		m->fd = -1;
	}
	return rc;
}

static int deposit(struct import *m, struct jm_err *err)
{
	struct jm_imported done = { 0, false };
	struct jm_span message;
	int rc = jm_spool_view(&m->message, &message, err);

	if (rc == 0 && m->a) {
		jm_target_read_as_caller(false);
		rc = jm_archive_import(m->a, &m->how, message, &done, err);
		jm_target_read_as_caller(true);
	} else if (rc == 0) {
		rc = give(m, message, &done, err);
	}
	m->broken_off = rc < 0 && err->kind != JM_E_LIMIT;
	if (rc < 0)
		return -1;
	jm_import_add(&m->sum, &done);
	if (!done.already_here)
		m->bytes += message.len;
	return 0;
}

/* ---- naming what is not imported ---- */

/* Name a file, or a line of it (0: the file), on standard error and in the outcome. */
static void remark(struct import *m, const char *path, uint64_t line, bool out, const char *reason)
{
	json_t *o;

	jm_progress_wipe(&m->bar);
	jm_print(stderr, "jmctl import: ");
	jm_print_text(stderr, jm_span_str(path));
	if (line > 0)
		jm_print(stderr, ":%" PRIu64, line);
	jm_print(stderr, ": %s", out ? "left out: " : "");
	jm_print_text(stderr, jm_span_str(reason));
	fputc('\n', stderr);
	m->problems++;
	m->left_out += out;
	m->doubtful += !out;
	if (json_array_size(m->remarks) >= REMARKS_MAX)
		return;
	o = json_pack("{s:o, s:b, s:s}", "path", jm_json_text(jm_span_str(path)), "left_out", out,
	    "reason", reason);
	if (line > 0)
		(void)json_object_set_new(o, "line", json_integer((json_int_t)line));
	(void)json_array_append_new(m->remarks, o);
}

static void leave_out(void *ctx, const char *path, const char *reason)
{
	remark(ctx, path, 0, true, reason);
}

static void name_doubt(void *ctx, uint64_t line, const char *reason)
{
	const struct source *s = ctx;

	remark(s->m, s->path, line, false, reason);
}

/* ---- reading files ---- */

static int read_source(void *ctx, uint64_t at, void *p, size_t n, struct jm_err *err)
{
	const struct source *s = ctx;

	return jm_io_pread(s->fd, p, n, at, err);
}

/* Import all messages of a file. */
static int import_messages(struct source *s, struct jm_mbox *b, struct jm_err *err)
{
	char rest[JM_ERR_TEXT_BYTES + 40];
	struct import *m = s->m;
	uint64_t line = 1;
	int rc;

	while ((rc = jm_mbox_next(b, &m->message, &line, err)) != 0) {
		jm_progress_draw(&m->bar, m->done + b->at, m->total, NULL);
		if (rc == 1 && m->message.len == 0)
			remark(m, s->path, line, true, "a From_ line without a message");
		else if (rc == 1 && deposit(m, err) == 0)
			continue;
		else if (rc == 1 && m->broken_off)
			return -1;
		else if (rc == 1 || (err->kind == JM_E_LIMIT && !b->unreadable))
			remark(m, s->path, line, true, err->text);
		else
			break;
	}
	if (rc == 0)
		return 0;
	if (b->unreadable) {
		snprintf(rest, sizeof rest, "all from the message here on: %s", err->text);
		remark(m, s->path, line, true, rest);
		return 0;
	}
	m->broken_off = true; /* the spool's disk, or memory */
	return -1;
}

static int import_source(struct source *s, const struct stat *st, bool message, struct jm_err *err)
{
	unsigned char first[JM_SOURCE_HEAD_BYTES];
	const char *slash = strrchr(s->path, '/'), *name = slash ? slash + 1 : s->path, *reason;
	struct jm_mbox b = { .read = read_source,
		.size_bytes = (uint64_t)st->st_size,
		.quoting = s->m->mbox,
		.ctx = s };
	struct jm_span head = jm_span_of(
	    first, b.size_bytes < sizeof first ? (size_t)b.size_bytes : sizeof first);
	enum jm_source kind;
	int rc;

	if (head.len > 0 && read_source(s, 0, first, head.len, err) != 0) {
		leave_out(s->m, s->path, err->text);
		return 0;
	}
	if (jm_source_is_index(name, head)) {
		s->m->passed_over++;
		return 0;
	}
	message = message || jm_source_is_eml(name);
	kind = jm_source_kind(head, message, &reason);
	if (head.len == 0 || kind == JM_SOURCE_OTHER) {
		leave_out(s->m, s->path, head.len == 0 ? "an empty file" : reason);
		return 0;
	}
	b.whole = kind == JM_SOURCE_MESSAGE;
	if (b.whole && b.size_bytes > JM_MESSAGE_MAX_BYTES) {
		leave_out(s->m, s->path, "it is larger than any message");
		return 0;
	}
	/* A message may have From_ lines in its text. A file that is only perhaps a message, or
	 * begins with a From_ line, may be an mbox file. */
	if (!b.whole || !message || jm_mail_line_from(head) != JM_FROM_NOT)
		b.doubt = name_doubt;
	s->m->files++;
	rc = jm_mbox_start(&b, err) == 0 ? import_messages(s, &b, err) : -1;
	jm_mbox_release(&b);
	return rc;
}

static int import_file(void *ctx, const struct jm_tree_file *f, struct jm_err *err)
{
	struct import *m = ctx;
	struct source s = { m, f->path, f->fd };
	struct stat after;
	int rc;

	jm_progress_draw(&m->bar, m->done, m->total, NULL);
	rc = import_source(&s, &f->st, f->message, err);
	if (rc == 0 && (fstat(f->fd, &after) != 0 || !jm_io_is_same(&after, &f->st)))
		remark(m, f->path, 0, false,
		    "it was changed while it was read; import it again when it is at rest");
	m->done += (uint64_t)f->st.st_size;
	return rc < 0 ? jm_err_wrap(err, "%s", f->path) : 0;
}

/* The walk before, for the bar. */

static int count_file(void *ctx, const struct jm_tree_file *f, struct jm_err *err)
{
	struct import *m = ctx;

	(void)err;
	m->total += (uint64_t)f->st.st_size;
	return 0;
}

static void ignore_path(void *ctx, const char *path, const char *reason)
{
	(void)ctx, (void)path, (void)reason;
}

static int read_options(struct import *m, struct jm_err *err)
{
	static const char *const none[] = { NULL };

	if (!m->service)
		return jm_err_set(err, JM_E_USAGE,
		    "give the journal address that the messages belong to with --service");
	m->how.service = m->service;
	m->how.unwrap = (struct jm_unwrap_options){
		.journal_domains = m->domains.n > 0 ? m->domains.v : none,
		.report_senders = m->senders.v,
		.prefer_clear_text = m->clear_text,
		.remove_journal_headers = !m->keep_headers
	};
	if (m->type && strcmp(m->type, "eml") == 0)
		m->how.unwrap.type = JM_JOURNAL_EML;
	else if (m->type && strcmp(m->type, "envelope") != 0)
		return jm_err_set(
		    err, JM_E_USAGE, "--journal-type is envelope or eml, not \"%.40s\"", m->type);
	if (!m->quoting || strcmp(m->quoting, "mboxrd") == 0)
		m->mbox = JM_MBOX_RD;
	else if (strcmp(m->quoting, "mboxo") == 0)
		m->mbox = JM_MBOX_O;
	else if (strcmp(m->quoting, "none") == 0)
		m->mbox = JM_MBOX_NONE;
	else
		return jm_err_set(err, JM_E_USAGE,
		    "--quoting is mboxrd, mboxo or none, not \"%.40s\"", m->quoting);
	return 0;
}

/* Describe user and place for the event. Before this process becomes another user. */
static int import_describe(struct import *m, char **paths, int n, struct jm_err *err)
{
	char *whole = realpath(paths[0], NULL);
	int fds[2], rc = 0;

	if (n == 1)
		rc = asprintf(&m->from, "%s", whole ? whole : paths[0]);
	else
		rc = asprintf(&m->from, "%s and %d more", whole ? whole : paths[0], n - 1);
	free(whole);
	if (rc < 0) {
		m->from = NULL;
		return jm_err_sys(err, JM_E_TEMP, "import");
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return jm_err_sys(err, JM_E_TEMP, "import");
	jm_peer_read(fds[0], &m->self);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

/* Open what the messages go to: the daemon, or the archive. */
static int import_open(struct import *m, struct jm_err *err)
{
	struct jm_archive_options options = { .must_exist = true };
	char *dir = NULL;
	int rc = import_connect(m, err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = jm_target_open(&m->target, NULL, &options, &m->a, err);
	if (rc < 0 && err->kind == JM_E_NOTFOUND && err->sys == 0 &&
	    jm_target_archive(&m->target, &dir, err) == 0) {
		rc = jm_begin_folder(&m->target, "import", m->yes, &m->command, err);
		options.must_exist = false;
		if (rc == 0)
			rc = jm_target_open(&m->target, NULL, &options, &m->a, err);
		m->begun = rc == 0;
	}
	free(dir);
	jm_target_read_as_caller(true);
	return rc;
}

static int import_close(struct import *m, int rc, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = take_answer,
		.ctx = &(struct jm_imported){ 0 } };
	char actor[JM_PEER_TEXT_BYTES];

	if (m->fd >= 0) {
		if (rc == 0)
			rc = jm_client_end(m->fd, &out, err);
		close(m->fd);
		m->fd = -1;
	}
	jm_target_read_as_caller(false);
	if (m->a) /* else the daemon notes it */
		jm_import_note(m->a, &m->how, jm_peer_text(&m->self, actor), m->from, &m->sum);
	jm_target_close(&m->target, &m->a);
	return rc;
}

static int walk_all(const struct jm_tree *w, char **paths, int n, struct jm_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++)
		rc = jm_tree_walk(w, paths[i], err);
	return rc;
}

/* Import all paths. A file that cannot be read is named; a fault of the archive ends the import. */
static int import_run(struct import *m, char **paths, int n, struct jm_err *err)
{
	const struct jm_tree count = { false, count_file, ignore_path, m };
	const struct jm_tree all = { true, import_file, leave_out, m };
	const char *tmp = getenv("TMPDIR");
	int rc;

	if (read_options(m, err) != 0 || import_describe(m, paths, n, err) != 0)
		return -1;
	rc = import_open(m, err);
	if (rc < 0)
		return import_close(m, rc, err);
	jm_spool_init(&m->message, tmp ? tmp : "/var/tmp", JM_MESSAGE_MAX_BYTES);
	jm_progress_start(&m->bar, NULL);
	if (m->bar.shown)
		rc = walk_all(&count, paths, n, err);
	if (rc == 0)
		rc = walk_all(&all, paths, n, err);
	jm_progress_wipe(&m->bar);
	jm_spool_release(&m->message);
	rc = import_close(m, rc, err);
	return rc < 0 ? jm_err_wrap(err, "broken off; the same command does the rest") : 0;
}

/* The outcome. */
static void import_report(const struct import *m, bool ok)
{
	json_t *o = json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "ok",
	    ok, "begun", m->begun, "files", (json_int_t)m->files, "messages",
	    (json_int_t)m->sum.messages, "already_here", (json_int_t)m->sum.already_here, "bytes",
	    (json_int_t)m->bytes, "passed_over", (json_int_t)m->passed_over, "left_out",
	    (json_int_t)m->left_out, "doubtful", (json_int_t)m->doubtful, "problems",
	    (json_int_t)m->problems, "first_seq", (json_int_t)m->sum.first_seq, "last_seq",
	    (json_int_t)m->sum.last_seq);

	if (m->target.json) {
		(void)json_object_set(o, "remarks", m->remarks);
		jm_print_json(stdout, o);
	} else {
		jm_print_tree(stdout, o, 0);
	}
	json_decref(o);
}

int jm_ctl_import(int argc, char **argv)
{
	struct import m = { .fd = -1, .remarks = json_array() };
	const struct jm_ctl_option options[] = { { "service", JM_CTL_TEXT, &m.service, "ADDRESS",
						     "the journal address that they count for" },
		{ "journal-type", JM_CTL_TEXT, &m.type, "TYPE",
		    "envelope: unwrap what is a journal report; eml: never [envelope]",
		    "envelope eml" },
		{ "report-sender", JM_CTL_LIST, &m.senders, "ADDRESS",
		    "an address that sends journal reports, besides Exchange's; repeatable" },
		{ "journal-domain", JM_CTL_LIST, &m.domains, "DOMAIN",
		    "a domain of journal addresses, any number of times" },
		{ "prefer-clear-text", JM_CTL_FLAG, &m.clear_text, NULL,
		    "take the clear-text copy of a rights-protected message" },
		{ "keep-journal-headers", JM_CTL_FLAG, &m.keep_headers, NULL,
		    "leave the two X-MS-Exchange BCC fields in" },
		{ "quoting", JM_CTL_TEXT, &m.quoting, "HOW",
		    "of From_ lines in mbox files: mboxrd, mboxo, none [mboxrd]",
		    "mboxrd mboxo none" },
		{ "yes", JM_CTL_FLAG, &m.yes, NULL,
		    "begin an archive where there is none, without asking" },
		JM_TARGET_OPTIONS(&m.target), { NULL } };
	struct jm_err err;
	int n, code, rc = -1;

	jm_begin_command(&m.command, argc, argv);
	n = jm_ctl_options(argc, argv, options, "[options] --service ADDRESS PATH...",
	    "Archive messages from .eml files, mbox files, Maildirs and folders, beside a running "
	    "daemon, too. What was imported before is left out.",
	    &code);
	if (n == 0)
		code = jm_ctl_fail_missing(argv[0], "PATH");
	if (n > 0) {
		rc = import_run(&m, argv + 1, n, &err);
		code = m.problems == 0 ? EX_OK : EX_DATAERR;
		if (rc < 0)
			code = jm_ctl_fail(argv[0], &err);
		if (m.sum.messages > 0 || m.sum.already_here > 0 || rc == 0)
			import_report(&m, code == EX_OK);
		if (jm_print_flush(&err) != 0)
			code = jm_ctl_fail(argv[0], &err);
	}
	free(m.domains.v);
	free(m.senders.v);
	free(m.from);
	jm_buf_release(&m.command);
	json_decref(m.remarks);
	return code;
}
