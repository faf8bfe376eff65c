/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Find the daemon or the archive that the options name, and ask it. Reading without a daemon is in
 * offline.c, finding a daemon in spite of its settings in instance.c, the control protocol in
 * common/control/client.c.
 */
#include "milter/ctl/cli/target.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/control/client.h"
#include "common/settings/default.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"
#include "milter/ctl/cli/instance.h"
#include "milter/ctl/cli/print.h"

#define SETTINGS_REPORT_MAX 65536u
#define WAIT_MS 5000 /* for a daemon that starts, and for another process */
#define POLL_MS 50
#define TIMEOUT_MAX_S 86400u
#define YIELDS_MAX 20 /* daemons that start and end again, in one request */

/* Where to ask; the strings are owned. */
struct jm_target_place {
	char *socket;   /* NULL: not known */
	char *archive;  /* NULL: ask only the daemon */
	char *config;   /* the settings that name them; NULL: options do */
	struct stat st; /* of these settings, before they were read */
	bool broken;    /* they cannot be loaded */
	struct jm_err fault;
};

static char program[64] = "jmctl";

void jm_target_name(const char *verb)
{
	snprintf(program, sizeof program, "jmctl %s", verb);
}

static int target_copy(const char *from, char **to_r, struct jm_err *err)
{
	*to_r = strdup(from);
	return *to_r ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
}

static void place_release(struct jm_target_place *p)
{
	free(p->socket);
	free(p->archive);
	free(p->config);
}

/* A file that cannot be loaded is no error yet: its daemon may run. */
static int place_from_settings(const char *path, struct jm_target_place *p, struct jm_err *err)
{
	struct jm_settings *s = NULL;
	struct jm_buf report;
	int rc = target_copy(path, &p->config, err);

	jm_buf_init(&report, SETTINGS_REPORT_MAX);
	if (stat(path, &p->st) != 0)
		memset(&p->st, 0, sizeof p->st);
	if (rc == 0 && jm_settings_load(path, &s, &report, &p->fault) != 0)
		p->broken = true;
	if (rc == 0 && s && !p->socket)
		rc = target_copy(s->control_socket, &p->socket, err);
	if (rc == 0 && s)
		rc = target_copy(s->archive_directory, &p->archive, err);
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return rc;
}

static int find_place(const struct jm_target *t, struct jm_target_place *p, struct jm_err *err)
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

/* Are its settings the same as when they were read? Reading them takes longer than most answers. */
static bool is_current(const struct jm_target_place *p)
{
	struct stat st;

	return !p->config ||
	    (stat(p->config, &st) == 0 && jm_io_is_same(&st, &p->st) &&
		st.st_ctim.tv_sec == p->st.st_ctim.tv_sec &&
		st.st_ctim.tv_nsec == p->st.st_ctim.tv_nsec);
}

static void forget_place(struct jm_target *t)
{
	if (t->place)
		place_release(t->place);
	free(t->place);
	t->place = NULL;
}

/* Find the place, or take the one that the last question kept. */
static int take_place(struct jm_target *t, struct jm_target_place *p, struct jm_err *err)
{
	if (!t->place || !is_current(t->place)) {
		forget_place(t);
		return find_place(t, p, err);
	}
	*p = *t->place;
	free(t->place);
	t->place = NULL;
	return 0;
}

/* Keep the place for the next question, or free it. */
static void keep_place(struct jm_target *t, struct jm_target_place *p)
{
	if (t->keep && !p->broken)
		t->place = malloc(sizeof *p);
	if (t->place)
		*t->place = *p;
	else
		place_release(p);
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

/* ---- questions ---- */

/* The daemon was found, but not by its settings as they are now. */
static void warn_settings(struct jm_target *t, const struct jm_target_place *p, const char *socket)
{
	if (t->warned)
		return;
	t->warned = true;
	if (p->broken)
		jm_print(stderr,
		    "jmctl: warning: %s; the daemon still runs with its earlier settings, and "
		    "answers on %s\n",
		    p->fault.text, socket);
	else
		jm_print(stderr,
		    "jmctl: warning: %s names the control socket %s, but its daemon still runs "
		    "with earlier settings, and answers on %s: restart it\n",
		    p->config, p->socket, socket);
}

/* As jm_client_connect(). */
static int connect_daemon(
    struct jm_target *t, const struct jm_target_place *p, int *fd_r, struct jm_err *err)
{
	char *socket = NULL;
	int rc = p->socket ? jm_client_connect(p->socket, fd_r, err) : 0;

	if (rc == 1 && p->broken)
		warn_settings(t, p, p->socket);
	/* A socket that an option names is the only one. */
	if (rc != 0 || t->socket)
		return rc;
	if (!p->config)
		return p->archive ? jm_instance_of_archive(p->archive, fd_r) : 0;
	rc = jm_instance_connect(p->config, p->broken, &socket, fd_r);
	/* The same socket: the daemon has begun to listen in between. */
	if (rc == 1 && (p->broken || !p->socket || strcmp(socket, p->socket) != 0))
		warn_settings(t, p, socket);
	free(socket);
	return rc;
}

/* Counts the answer, so that a question is asked again only while nothing of it is known. */
struct counted {
	const struct jm_answer_out *out;
	bool any;
};

static int count_object(void *ctx, const json_t *object, struct jm_err *err)
{
	struct counted *c = ctx;

	c->any = true;
	return c->out->object(c->out->ctx, object, err);
}

static int count_rows(void *ctx, const char *list, const json_t *rows, struct jm_err *err)
{
	const struct counted *c = ctx;

	return c->out->rows(c->out->ctx, list, rows, err);
}

static int count_progress(void *ctx, const json_t *object, struct jm_err *err)
{
	const struct counted *c = ctx;

	return c->out->progress ? c->out->progress(c->out->ctx, object, err) : 0;
}

static int count_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct counted *c = ctx;

	c->any = true;
	return c->out->bytes(c->out->ctx, p, n, err);
}

static bool is_change(const json_t *request)
{
	static const char *const verbs[] = { "retry", "release", "expire", "domain" };
	const char *verb = json_string_value(json_object_get(request, "verb"));

	for (size_t i = 0; verb && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

/* *again_r: another process has or wants the archive; the same question may be asked again. */
static int ask_archive(struct jm_target *t, const struct jm_target_place *p, const json_t *request,
    const struct jm_answer_out *out, bool *again_r, struct jm_err *err)
{
	const struct jm_offline_place place = {
		.dir = p->archive,
		.socket = p->socket,
		.program = program,
		.writes = is_change(request),
	};
	struct counted c = { .out = out };
	const struct jm_answer_out counted = { .object = count_object,
		.rows = out->rows ? count_rows : NULL,
		.progress = count_progress,
		.bytes = out->bytes ? count_bytes : NULL,
		.ctx = &c };
	int rc;

	if (t->kept.pid != 0 && t->kept_writes != place.writes)
		(void)jm_offline_end(&t->kept, NULL);
	if (t->kept.pid == 0 && jm_offline_start(&t->kept, &place, err) != 0)
		return -1;
	t->kept_writes = place.writes;
	rc = jm_offline_ask(&t->kept, request, &counted, err);
	if (rc == 0 && t->keep)
		return 0;
	*again_r = jm_offline_end(&t->kept, rc == 0 ? NULL : err) && rc != 0;
	if (*again_r && c.any) {
		*again_r = false;
		return jm_err_set(err, JM_E_TEMP,
		    "a daemon has started and has the archive now, so the answer is not "
		    "complete; ask again");
	}
	return rc;
}

/* One attempt. *again_r: see ask_archive(). */
static int ask_once(struct jm_target *t, const struct jm_target_place *p, const json_t *request,
    const struct jm_answer_out *out, bool *again_r, struct jm_err *err)
{
	struct jm_archive_user user;
	struct jm_offline_place place = { .dir = p->archive, .socket = p->socket };
	int fd = -1, rc;

	*again_r = false;
	/* While the archive is kept open here, no daemon can have started. */
	rc = t->kept.pid == 0 ? connect_daemon(t, p, &fd, err) : 0;
	if (rc < 0)
		return -1;
	t->offline = rc == 0;
	if (rc == 1) {
		rc = jm_client_ask(fd, request, out, err);
		close(fd);
		return rc;
	}
	if (p->broken) {
		*err = p->fault;
		return jm_err_wrap(err,
		    "where is the archive? (--archive DIR and --socket PATH work without "
		    "settings)");
	}
	if (p->archive && jm_archive_is_wanted(p->archive, &user)) {
		*again_r = true;
		return jm_offline_busy(&place, &user, err);
	}
	if (!p->archive || t->only_daemon)
		return jm_err_set(err, JM_E_TEMP, "no daemon listens on %s", p->socket);
	return ask_archive(t, p, request, out, again_r, err);
}

void jm_target_end(struct jm_target *t)
{
	(void)jm_offline_end(&t->kept, NULL);
	forget_place(t);
}

/* Set the limits of waiting for a daemon, once: JMCTL_TIMEOUT, in seconds, and that of the verb. */
static void set_patience(struct jm_target *t)
{
	const char *text = getenv("JMCTL_TIMEOUT");
	char *end = NULL;
	unsigned long seconds = text ? strtoul(text, &end, 10) : 0;

	if (t->patient)
		return;
	t->patient = true;
	if (!text || *end != '\0' || seconds == 0 || seconds > TIMEOUT_MAX_S)
		seconds = JM_CLIENT_SILENCE_MS / 1000;
	jm_client_patience((int)seconds * 1000, (int)t->within_s * 1000);
}

int jm_target_ask(
    struct jm_target *t, const json_t *request, const struct jm_answer_out *out, struct jm_err *err)
{
	struct jm_target_place p = { .socket = NULL };
	int64_t begun_ms, until_ms = 0;
	unsigned yields = 0;
	bool again = true;
	int rc = take_place(t, &p, err);

	set_patience(t);
	while (rc == 0 && again) {
		begun_ms = jm_clock_mono_us() / 1000;
		if (ask_once(t, &p, request, out, &again, err) == 0) {
			keep_place(t, &p);
			return 0;
		}
		/* The time that a daemon may take begins when the archive is given to it. */
		if (again &&
		    (until_ms == 0 || jm_clock_mono_us() / 1000 - begun_ms > WAIT_MS / 2)) {
			until_ms = jm_clock_mono_us() / 1000 + WAIT_MS;
			again = ++yields <= YIELDS_MAX;
		}
		again = again && jm_clock_mono_us() / 1000 < until_ms;
		if (again)
			jm_clock_sleep_ms(POLL_MS);
	}
	place_release(&p);
	return -1;
}

int jm_target_connect(struct jm_target *t, int *fd_r, struct jm_err *err)
{
	struct jm_target_place p = { .socket = NULL };
	int rc = find_place(t, &p, err);

	set_patience(t);
	if (rc == 0)
		rc = connect_daemon(t, &p, fd_r, err);
	t->offline = rc == 0;
	place_release(&p);
	return rc;
}

int jm_target_archive(const struct jm_target *t, char **dir_r, struct jm_err *err)
{
	struct jm_target_place p = { .socket = NULL };
	int rc = find_place(t, &p, err);

	*dir_r = NULL;
	if (rc == 0 && p.broken) {
		*err = p.fault;
		rc = -1;
	} else if (rc == 0 && !p.archive) {
		rc = jm_err_set(err, JM_E_USAGE, "which archive? Give --archive DIR");
	} else if (rc == 0) {
		*dir_r = p.archive;
		p.archive = NULL;
	}
	place_release(&p);
	return rc;
}

/* ---- work that no daemon may do meanwhile ---- */

struct opening {
	struct jm_offline_place place;
	int64_t until_ms;
};

static int wait_busy(void *ctx, const struct jm_archive_user *user, struct jm_err *err)
{
	struct opening *o = ctx;

	return jm_clock_mono_us() / 1000 < o->until_ms ? 0 : jm_offline_busy(&o->place, user, err);
}

static int open_here(struct jm_target *t, const struct jm_archive_options *given,
    const char *socket, struct jm_archive **a_r, struct jm_err *err)
{
	struct opening o = { { .dir = t->dir, .socket = socket },
		jm_clock_mono_us() / 1000 + WAIT_MS };
	struct jm_archive_options options = *given;

	options.program = program;
	options.busy = wait_busy;
	options.busy_ctx = &o;
	if (become_owner(t->dir, &t->back, err) == 0 && jm_archive_open(&options, a_r, err) == 0)
		return 0;
	jm_target_close(t, a_r);
	return -1;
}

int jm_target_open(struct jm_target *t, const char *dir, struct jm_archive_options *options,
    struct jm_archive **a_r, struct jm_err *err)
{
	struct jm_target_place p = { .socket = NULL };
	int fd = -1, rc = 0;

	*a_r = NULL;
	if (dir)
		rc = target_copy(dir, &p.archive, err);
	else if ((rc = find_place(t, &p, err)) == 0)
		rc = connect_daemon(t, &p, &fd, err);
	if (rc == 0 && p.broken) {
		*err = p.fault;
		rc = jm_err_wrap(
		    err, "where is the archive? (--archive DIR works without settings)");
	}
	if (rc == 1)
		rc = jm_err_set(err, JM_E_DENIED,
		    "a daemon has this archive open (%s): stop it first",
		    p.config || t->socket ? p.socket : p.archive);
	if (fd >= 0)
		close(fd);
	if (rc == 0 && !p.archive)
		rc = jm_err_set(
		    err, JM_E_USAGE, "which archive? Give --archive DIR or --config FILE");
	else if (rc == 0) {
		t->dir = p.archive;
		p.archive = NULL;
		options->dir = t->dir;
		rc = open_here(t, options, p.socket, a_r, err);
	}
	place_release(&p);
	return rc;
}

void jm_target_read_as_caller(bool caller)
{
	setfsuid(caller ? getuid() : geteuid());
}

void jm_target_close(struct jm_target *t, struct jm_archive **a)
{
	struct jm_err err;

	jm_archive_close(a);
	if (t->back && come_back(&err) != 0)
		jm_print(stderr, "jmctl: %s\n", err.text);
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
