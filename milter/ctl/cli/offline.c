/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process that opens the archive. It ends at once, without closing anything, when a daemon
 * starts: for the archive that is like a kill -9, which it survives, and a reader has nothing to
 * lose. Its exit status is then EX_TEMPFAIL. See offline.h.
 */
#include "milter/ctl/cli/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/control/client.h"
#include "common/control/respond.h"

#define WATCH_MS 50
#define SMALL_CATALOG_BYTES (1 << 20)
#define SMALL_CACHE_BYTES (2u << 20)

/* ---- the process that has the archive ---- */

bool jm_offline_is_copy(const char *dir)
{
	static const char *const names[] = { JM_BACKUP_FILE, JM_LOADING_FILE };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (snprintf(path, sizeof path, "%s/%s", dir, names[i]) < (int)sizeof path &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

int jm_offline_busy(void *ctx, const struct jm_archive_user *user, struct jm_err *err)
{
	struct jm_offline_place *place = ctx;

	place->busy = true;
	if (user->starting)
		return jm_err_set(err, JM_E_TEMP, "the daemon is starting (%s); ask again soon",
		    *user->what ? user->what : "just now");
	if (user->kind == JM_USER_DAEMON)
		return jm_err_set(err, JM_E_TEMP,
		    "the daemon (process %ld) has the archive, but nothing answers on %s: it is "
		    "stopping, or it has another control socket (--socket PATH)",
		    user->pid, place->socket ? place->socket : "a control socket");
	return jm_err_set(err, JM_E_TEMP,
	    "%s (process %ld) has the archive \"%s\" open; ask again when it has ended",
	    *user->what ? user->what : "another program", user->pid, place->dir);
}

/* When root runs this: become the owner of dir, so that the archive gets no files of root. */
static int become_owner(const char *dir, struct jm_err *err)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 || setuid(st.st_uid) != 0)
		return jm_err_sys(err, JM_E_DENIED, "archive %s: cannot act as its owner (uid %u)",
		    dir, (unsigned)st.st_uid);
	return 0;
}

/* The thread that gives the archive to a daemon that starts. */
static void *watch_for_daemon(void *arg)
{
	const char *dir = arg;

	while (!jm_archive_is_wanted(dir, NULL))
		jm_clock_sleep_ms(WATCH_MS);
	_exit(EX_TEMPFAIL);
	return NULL;
}

static int start_watch(const struct jm_offline_place *place, struct jm_err *err)
{
	pthread_t thread;

	if (place->writes)
		return 0;
	/* Nobody reads the answer any more when the other process is gone. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pthread_create(&thread, NULL, watch_for_daemon, (void *)(uintptr_t)place->dir) == 0
	    ? 0
	    : jm_err_set(err, JM_E_TEMP, "cannot start a thread");
}

/* A reader of a small catalog needs no large cache. To make one costs more than the answer. 0: the
 * usual one. */
static size_t cache_for(const struct jm_offline_place *place)
{
	char path[PATH_MAX];
	struct stat st;

	return !place->writes &&
		snprintf(path, sizeof path, "%s/catalog/catalog.db", place->dir) <
		    (int)sizeof path &&
		stat(path, &st) == 0 && st.st_size < SMALL_CATALOG_BYTES
	    ? SMALL_CACHE_BYTES
	    : 0;
}

/* Open the archive and answer until the other process closes its socket. Returns the exit status.
 */
static int serve(int fd, struct jm_offline_place *place)
{
	const struct jm_archive_options options = { .dir = place->dir,
		.cache_bytes = cache_for(place),
		.must_exist = true,
		.verbatim = jm_offline_is_copy(place->dir),
		.user = place->writes ? JM_USER_WRITER : JM_USER_READER,
		.program = place->program,
		.busy = jm_offline_busy,
		.busy_ctx = place };
	/* The socket is of the process that asks. */
	struct jm_respond_to to = { .fd = fd, .timeout_ms = -1 };
	struct jm_archive *a = NULL;
	struct jm_err err, ignored;
	json_t *request;

	jm_peer_read(fd, &to.peer);
	if (become_owner(place->dir, &err) != 0 || start_watch(place, &err) != 0 ||
	    jm_archive_open(&options, &a, &err) != 0) {
		(void)!jm_respond_end(fd, -1, &err, &ignored);
		return place->busy ? EX_TEMPFAIL : EX_UNAVAILABLE;
	}
	while (jm_respond_read(fd, -1, &request, &ignored) == 0) {
		int rc = jm_respond_answer(&to, a, NULL, request, &err);

		json_decref(request);
		if (jm_respond_end(fd, -1, rc < 0 ? &err : NULL, &ignored) != 0)
			break;
	}
	jm_archive_close(&a);
	return EX_OK;
}

/* A session of its own: what stops or interrupts the other process at the terminal does not reach
 * this one. */
static void child(int fd, const struct jm_offline_place *place)
{
	struct jm_offline_place own = *place;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	signal(SIGTERM, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(EX_OSERR);
	_exit(serve(fd, &own));
}

/* ---- the process that asks ---- */

int jm_offline_start(struct jm_offline *o, const struct jm_offline_place *place, struct jm_err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot open the archive");
	o->pid = fork();
	if (o->pid == 0) {
		close(fds[0]);
		child(fds[1], place);
	}
	close(fds[1]);
	if (o->pid < 0) {
		o->pid = 0;
		(void)jm_err_sys(err, JM_E_TEMP, "cannot start a process for the archive");
		close(fds[0]);
		return -1;
	}
	o->fd = fds[0];
	return 0;
}

int jm_offline_ask(struct jm_offline *o, const json_t *request, const struct jm_answer_out *out,
    struct jm_err *err)
{
	return jm_client_ask(o->fd, request, out, err);
}

bool jm_offline_end(struct jm_offline *o, struct jm_err *err)
{
	int status = 0;

	if (o->pid == 0)
		return false;
	close(o->fd);
	while (waitpid(o->pid, &status, 0) < 0 && errno == EINTR)
		;
	o->pid = 0;
	/* A daemon kills a reader that does not react. */
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL && err)
		jm_err_set(err, JM_E_BUG,
		    "the process that read the archive was ended by signal %d", WTERMSIG(status));
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
				   : WEXITSTATUS(status) == EX_TEMPFAIL;
}
