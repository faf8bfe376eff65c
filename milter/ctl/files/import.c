/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jmctl import: archive messages from .eml files, mbox files, Maildirs and folders of them, as
 * arrivals of transport "import". A running daemon gets them over its control socket; without one
 * the archive is opened here. The files are read with the rights of the user.
 */
#include "milter/ctl/files/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/control/client.h"
#include "common/upkeep/import.h"
#include "milter/ctl/cli/option.h"
#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/cli/print.h"
#include "milter/ctl/cli/progress.h"
#include "milter/ctl/cli/target.h"
#include "milter/ctl/files/mbox.h"

#define MESSAGE_MAX_BYTES (1u << 30)
#define PATH_BYTES 4400
#define DEPTH_MAX 16

struct import {
	struct jm_target target;
	const char *service, *type, *quoting;
	struct jm_ctl_list domains;
	bool clear_text, keep_headers;
	enum jm_mbox_quoting mbox;
	struct jm_import how;
	struct jm_archive *a; /* NULL: the daemon has it */
	int fd;               /* of the daemon; -1: not connected */
	struct jm_progress bar;
	bool counting;        /* the first walk, which only counts bytes */
	uint64_t total, done; /* bytes of the files */
	uint64_t files, messages, already_here, bytes, problems, first_seq, last_seq;
};

/* ---- handing over one message ---- */

static json_t *import_request(const struct import *m)
{
	json_t *domains = json_array(), *o;

	for (size_t i = 0; domains && i < m->domains.n; i++)
		if (json_array_append_new(domains, json_string(m->domains.v[i])) != 0) {
			json_decref(domains);
			return NULL;
		}
	o = json_pack("{s:s, s:s, s:b, s:o, s:b, s:b}", "verb", "import", "service", m->service,
	    "eml", m->how.unwrap.type == JM_JOURNAL_EML, "journal-domains", domains,
	    "prefer-clear-text", m->clear_text, "keep-journal-headers", m->keep_headers);
	return o;
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

static int deposit(struct import *m, struct jm_span message, struct jm_err *err)
{
	struct jm_imported done = { 0, false };
	int rc;

	if (m->a) {
		jm_target_read_as_caller(false);
		rc = jm_archive_import(m->a, &m->how, message, &done, err);
		jm_target_read_as_caller(true);
	} else {
		rc = give(m, message, &done, err);
	}
	if (rc < 0)
		return -1;
	if (done.already_here) {
		m->already_here++;
		return 0;
	}
	m->messages++;
	m->bytes += message.len;
	m->first_seq = m->first_seq ? m->first_seq : done.seq;
	m->last_seq = done.seq;
	return 0;
}

/* ---- finding the messages ---- */

/* m->done: the bytes before this file. */
static int import_mbox(struct import *m, struct jm_span all, struct jm_err *err)
{
	struct jm_buf message;
	size_t at = 0;
	int rc;

	jm_buf_init(&message, MESSAGE_MAX_BYTES);
	while ((rc = jm_mbox_next(all, &at, m->mbox, &message, err)) == 1) {
		jm_progress_draw(&m->bar, m->done + at, m->total, NULL);
		if (deposit(m, jm_buf_span(&message), err) != 0) {
			rc = -1;
			break;
		}
	}
	jm_buf_release(&message);
	return rc;
}

static int import_file(struct import *m, const char *path, bool eml, struct jm_err *err)
{
	int fd = jm_io_open(path, O_RDONLY, 0, err), rc = -1;
	struct jm_span all = { (const unsigned char *)"", 0 };
	struct stat st;
	void *map = NULL;

	if (m->counting) { /* errors are reported by the second walk */
		m->total += fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
		    ? (uint64_t)st.st_size
		    : 0;
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		jm_err_set(err, JM_E_USAGE, "%s is no plain file", path);
		goto out;
	}
	if (st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED) {
			map = NULL;
			jm_err_sys(err, JM_E_TEMP, "%s", path);
			goto out;
		}
		all = jm_span_of(map, (size_t)st.st_size);
	}
	m->files++;
	jm_progress_draw(&m->bar, m->done, m->total, NULL);
	rc = !eml && jm_mbox_is(all) ? import_mbox(m, all, err) : deposit(m, all, err);
	m->done += all.len;
	if (rc < 0)
		jm_err_wrap(err, "%s", path);
out:
	if (map)
		munmap(map, (size_t)st.st_size);
	close(fd);
	return rc;
}

static int import_path(struct import *m, const char *path, unsigned depth, struct jm_err *err);

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Import the files of a folder, in the order of their names. */
static int import_folder(
    struct import *m, const char *path, bool maildir, unsigned depth, struct jm_err *err)
{
	struct dirent **list = NULL;
	char one[PATH_BYTES];
	int n = scandir(path, &list, NULL, alphasort), rc = 0;

	if (n < 0)
		return jm_err_sys(err, errno == EACCES ? JM_E_DENIED : JM_E_TEMP, "%s", path);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name, *dot = strrchr(name, '.');

		if (rc == 0 && name[0] != '.' &&
		    (size_t)snprintf(one, sizeof one, "%s/%s", path, name) < sizeof one) {
			if (maildir)
				rc = is_folder(one) ? 0 : import_file(m, one, true, err);
			else if (is_folder(one) ||
			    (dot && (strcmp(dot, ".eml") == 0 || strcmp(dot, ".mbox") == 0)))
				rc = import_path(m, one, depth + 1, err);
		}
		free(list[i]);
	}
	free(list);
	return rc;
}

static int import_path(struct import *m, const char *path, unsigned depth, struct jm_err *err)
{
	char cur[PATH_BYTES], new_[PATH_BYTES];
	const char *dot = strrchr(path, '.');

	if (depth > DEPTH_MAX || strlen(path) > 4000)
		return jm_err_set(err, JM_E_LIMIT, "%.200s: too deep", path);
	if (!is_folder(path))
		return import_file(m, path, dot && strcmp(dot, ".eml") == 0, err);
	snprintf(cur, sizeof cur, "%s/cur", path);
	snprintf(new_, sizeof new_, "%s/new", path);
	if (!is_folder(cur) || !is_folder(new_))
		return import_folder(m, path, false, depth, err);
	return import_folder(m, cur, true, depth, err) != 0
	    ? -1
	    : import_folder(m, new_, true, depth, err);
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

/* Open what the messages go to: the daemon, or the archive. */
static int import_open(struct import *m, struct jm_err *err)
{
	struct jm_archive_options options = { .must_exist = true };
	int rc = import_connect(m, err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = jm_target_open(&m->target, NULL, &options, &m->a, err);
	jm_target_read_as_caller(true);
	return rc;
}

static int import_close(struct import *m, int rc, struct jm_err *err)
{
	const struct jm_answer_out out = { .object = take_answer,
		.ctx = &(struct jm_imported){ 0 } };

	if (m->fd >= 0) {
		if (rc == 0)
			rc = jm_client_end(m->fd, &out, err);
		close(m->fd);
		m->fd = -1;
	}
	jm_target_read_as_caller(false);
	jm_target_close(&m->target, &m->a);
	return rc;
}

/* Import all paths. A file that cannot be read is skipped; a fault of the archive ends the import.
 */
static int import_run(struct import *m, char **paths, int n, struct jm_err *err)
{
	struct jm_err ignored;
	int rc;

	if (read_options(m, err) != 0)
		return -1;
	rc = import_open(m, err);
	jm_progress_start(&m->bar, NULL);
	m->counting = true;
	for (int i = 0; rc == 0 && m->bar.shown && i < n; i++)
		(void)import_path(m, paths[i], 0, &ignored); /* reported by the second walk */
	m->counting = false;
	for (int i = 0; rc == 0 && i < n; i++) {
		rc = import_path(m, paths[i], 0, err);
		if (rc < 0 && err->kind != JM_E_TEMP) {
			jm_progress_wipe(&m->bar);
			fprintf(stderr, "jmctl import: %s\n", err->text);
			m->problems++;
			rc = 0;
		}
	}
	jm_progress_wipe(&m->bar);
	rc = import_close(m, rc, err);
	return rc < 0 ? jm_err_wrap(err, "broken off; the same command does the rest") : 0;
}

int jm_ctl_import(int argc, char **argv)
{
	struct import m = { .fd = -1 };
	const struct jm_ctl_option options[] = { { "service", JM_CTL_TEXT, &m.service, "ADDRESS",
						     "the journal address that they count for" },
		{ "journal-type", JM_CTL_TEXT, &m.type, "TYPE",
		    "envelope: unwrap what is a journal report; eml: never [envelope]",
		    "envelope eml" },
		{ "journal-domain", JM_CTL_LIST, &m.domains, "DOMAIN",
		    "a domain of journal addresses, any number of times" },
		{ "prefer-clear-text", JM_CTL_FLAG, &m.clear_text, NULL,
		    "take the clear-text copy of a rights-protected message" },
		{ "keep-journal-headers", JM_CTL_FLAG, &m.keep_headers, NULL,
		    "leave the two X-MS-Exchange BCC fields in" },
		{ "quoting", JM_CTL_TEXT, &m.quoting, "HOW",
		    "of From_ lines in mbox files: mboxrd, mboxo, none [mboxrd]",
		    "mboxrd mboxo none" },
		JM_TARGET_OPTIONS(&m.target), { NULL } };
	struct jm_err err;
	json_t *o;
	int n, code, rc;

	n = jm_ctl_options(argc, argv, options, "[options] --service ADDRESS PATH...",
	    "Archive messages from .eml files, mbox files, Maildirs and folders, beside a running "
	    "daemon, too. What was imported before is left out.",
	    &code);
	if (n < 0)
		return code;
	if (n == 0)
		return jm_ctl_fail_missing(argv[0], "PATH");
	rc = import_run(&m, argv + 1, n, &err);
	if (rc < 0)
		code = jm_ctl_fail(argv[0], &err);
	else
		code = m.problems == 0 ? EX_OK : EX_DATAERR;
	o = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "ok", code == EX_OK, "files",
	    (json_int_t)m.files, "messages", (json_int_t)m.messages, "already_here",
	    (json_int_t)m.already_here, "bytes", (json_int_t)m.bytes, "problems",
	    (json_int_t)m.problems, "first_seq", (json_int_t)m.first_seq, "last_seq",
	    (json_int_t)m.last_seq);
	if (m.messages > 0 || m.already_here > 0 || rc == 0) {
		if (m.target.json)
			jm_print_json(stdout, o);
		else
			jm_print_tree(stdout, o, 0);
	}
	json_decref(o);
	free(m.domains.v);
	if (jm_print_flush(&err) != 0)
		return jm_ctl_fail(argv[0], &err);
	return code;
}
