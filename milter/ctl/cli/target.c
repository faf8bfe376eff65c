/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Find the daemon or the archive that the options name, and ask it. Running without a daemon is
 * here, the control protocol is in common/control/client.c.
 */
#include "milter/ctl/cli/target.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/num.h"
#include "common/control/client.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"

#define SETTINGS_REPORT_MAX 65536u

/* Where to ask; the strings are owned. */
struct place {
	char *socket;  /* NULL: not known */
	char *archive; /* NULL: ask only the daemon */
};

static int target_copy(const char *from, char **to_r, struct jm_err *err)
{
	*to_r = strdup(from);
	return *to_r ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
}

static int place_from_settings(const char *path, struct place *p, struct jm_err *err)
{
	struct jm_settings *s = NULL;
	struct jm_buf report;
	int rc = -1;

	jm_buf_init(&report, SETTINGS_REPORT_MAX);
	if (jm_settings_load(path, &s, &report, err) != 0) {
		jm_err_wrap(err, "where is the archive? (--archive DIR works without settings)");
		goto out;
	}
	if ((p->socket || target_copy(s->control_socket, &p->socket, err) == 0) &&
	    target_copy(s->archive_directory, &p->archive, err) == 0)
		rc = 0;
out:
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return rc;
}

static int find_place(const struct jm_target *t, struct place *p, struct jm_err *err)
{
	if (t->socket && target_copy(t->socket, &p->socket, err) != 0)
		return -1;
	if (t->archive) {
		if (target_copy(t->archive, &p->archive, err) != 0)
			return -1;
		if (!p->socket && asprintf(&p->socket, "%s/control.sock", t->archive) < 0) {
			p->socket = NULL;
			return jm_err_set(err, JM_E_TEMP, "out of memory");
		}
		return 0;
	}
	/* Only a socket is named: ask the daemon there, or fail. */
	if (t->socket && !t->config)
		return 0;
	return place_from_settings(t->config ? t->config : JM_SETTINGS_DEFAULT_FILE, p, err);
}

/* When root runs this: act as the owner of dir for a while. *back_r: come_back() has to undo it. */
static int become_owner(const char *dir, bool *back_r, struct jm_err *err)
{
	struct stat st;

	*back_r = false;
	if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
		return 0;
	*back_r = true;
	if (setgroups(0, NULL) != 0 || setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)
		return jm_err_sys(err, JM_E_DENIED, "archive %s: cannot act as its owner (uid %u)",
		    dir, (unsigned)st.st_uid);
	return 0;
}

static int come_back(struct jm_err *err)
{
	if (seteuid(0) != 0 || setegid(getgid()) != 0)
		return jm_err_sys(err, JM_E_BUG, "cannot become root again");
	return 0;
}

/*
 * Is this a copy that jmctl backup or jmctl load made? It must stay a copy: recovery must not write
 * events into it.
 */
static bool is_copy(const char *dir)
{
	static const char *const names[] = { JM_BACKUP_FILE, JM_LOADING_FILE };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (snprintf(path, sizeof path, "%s/%s", dir, names[i]) < (int)sizeof path &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

static int ask_archive(struct jm_target *t, const char *dir, const json_t *request,
    const struct jm_answer_out *out, struct jm_err *err)
{
	const struct jm_archive_options options = {
		.dir = dir, .must_exist = true, .verbatim = is_copy(dir)
	};
	struct jm_archive *a = t->kept;
	struct jm_err back_err;
	bool back;
	int rc = -1;

	if (become_owner(dir, &back, err) == 0 && (a || jm_archive_open(&options, &a, err) == 0)) {
		rc = jm_answer(a, NULL, request, out, err);
		t->kept = a;
		if (!t->keep)
			jm_archive_close(&t->kept);
		else if (!t->kept_dir)
			t->kept_dir = strdup(dir);
	}
	if (back && come_back(&back_err) != 0 && rc == 0) {
		*err = back_err;
		rc = -1;
	}
	return rc;
}

void jm_target_end(struct jm_target *t)
{
	struct jm_err err;
	bool back = false;

	if (t->kept && t->kept_dir && become_owner(t->kept_dir, &back, &err) != 0)
		fprintf(stderr, "jmctl: %s\n", err.text);
	jm_archive_close(&t->kept);
	if (back && come_back(&err) != 0)
		fprintf(stderr, "jmctl: %s\n", err.text);
	free(t->kept_dir);
	t->kept_dir = NULL;
}

int jm_target_ask(
    struct jm_target *t, const json_t *request, const struct jm_answer_out *out, struct jm_err *err)
{
	struct place p = { NULL, NULL };
	int fd = -1, rc;

	rc = find_place(t, &p, err);
	if (rc < 0)
		goto out;
	/* While the archive is kept open here, no daemon can have started. */
	rc = p.socket && !t->kept ? jm_client_connect(p.socket, &fd, err) : 0;
	if (rc < 0)
		goto out;
	t->offline = rc == 0;
	if (rc == 1)
		rc = jm_client_ask(fd, request, out, err);
	else if (!p.archive || t->only_daemon)
		rc = jm_err_set(err, JM_E_TEMP, "no daemon listens on %s", p.socket);
	else
		rc = ask_archive(t, p.archive, request, out, err);
out:
	if (fd >= 0)
		close(fd);
	free(p.socket);
	free(p.archive);
	return rc;
}

int jm_target_connect(struct jm_target *t, int *fd_r, struct jm_err *err)
{
	struct place p = { NULL, NULL };
	int rc = find_place(t, &p, err);

	if (rc == 0 && p.socket)
		rc = jm_client_connect(p.socket, fd_r, err);
	t->offline = rc == 0;
	free(p.socket);
	free(p.archive);
	return rc;
}

int jm_target_open(struct jm_target *t, const char *dir, struct jm_archive_options *options,
    struct jm_archive **a_r, struct jm_err *err)
{
	struct place p = { NULL, NULL };
	int fd = -1, rc = 0;

	*a_r = NULL;
	if (dir)
		rc = target_copy(dir, &p.archive, err);
	else if ((rc = find_place(t, &p, err)) == 0 && p.socket)
		rc = jm_client_connect(p.socket, &fd, err);
	if (rc == 1)
		rc = jm_err_set(err, JM_E_DENIED,
		    "a daemon has this archive open (%s): stop it first", p.socket);
	if (fd >= 0)
		close(fd);
	if (rc == 0 && !p.archive)
		rc = jm_err_set(
		    err, JM_E_USAGE, "which archive? Give --archive DIR or --config FILE");
	if (rc == 0) {
		t->dir = p.archive;
		p.archive = NULL;
		options->dir = t->dir;
		if (become_owner(t->dir, &t->back, err) != 0 ||
		    jm_archive_open(options, a_r, err) != 0) {
			jm_target_close(t, a_r);
			rc = -1;
		}
	}
	free(p.socket);
	free(p.archive);
	return rc;
}

void jm_target_close(struct jm_target *t, struct jm_archive **a)
{
	struct jm_err err;

	jm_archive_close(a);
	if (t->back && come_back(&err) != 0)
		fprintf(stderr, "jmctl: %s\n", err.text);
	t->back = false;
	free(t->dir);
	t->dir = NULL;
}

static int keep_row(void *ctx, const json_t *row, struct jm_err *err)
{
	return json_array_append(ctx, (json_t *)(uintptr_t)row) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "out of memory");
}

json_t *jm_target_domains(struct jm_target *t)
{
	json_t *rows = json_array(), *request = json_pack("{s:s}", "verb", "domains");
	const struct jm_answer_out out = { .object = keep_row, .ctx = rows };
	struct jm_err err;

	if (!rows || !request ||
	    (jm_target_ask(t, request, &out, &err) != 0 &&
		!(t->offline && err.kind == JM_E_NOTFOUND))) {
		json_decref(rows);
		rows = NULL;
	}
	json_decref(request);
	return rows;
}
