/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two lock files. DIR/lock is locked with flock(2), as all versions do, and also with a lock of
 * fcntl(2), from which the kernel names the process. DIR/starting is locked with an open file
 * description lock only: another process can ask for it without taking it.
 *
 * Both contain text for other processes: the process number, then a line about it. The text is
 * written at once and has a fixed length, so that nobody reads half of it.
 */
#include "common/archive/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/num.h"
#include "common/volume/volume.h"

#define TEXT_BYTES 96
#define POLL_MS 20

static const char *const kinds[] = {
	[JM_USER_WRITER] = "writer", [JM_USER_READER] = "reader", [JM_USER_DAEMON] = "daemon"
};

static int open_file(const char *dir, const char *name, int flags, int *fd_r, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	*fd_r = jm_io_open(path, flags, 0600, err);
	return *fd_r < 0 ? -1 : 0;
}

/* Write process number and text. A full disk must not prevent the start. */
static void put_text(int fd, const char *text)
{
	char all[TEXT_BYTES + 1], line[TEXT_BYTES];

	snprintf(line, sizeof line, "%ld\n%s\n", (long)getpid(), text);
	snprintf(all, sizeof all, "%-*s", TEXT_BYTES, line);
	if (pwrite(fd, all, TEXT_BYTES, 0) < 0 || ftruncate(fd, TEXT_BYTES) != 0)
		JM_LOG(JM_LOG_WARNING, "lock-without-text", { "text", JM_S(text) });
}

/* Read what put_text() wrote. An older version wrote the number only. */
static void get_text(int fd, struct jm_archive_user *user_r)
{
	char text[TEXT_BYTES + 1] = "", *line, *end;
	uint64_t pid = 0;
	ssize_t n = pread(fd, text, TEXT_BYTES, 0);

	*user_r = (struct jm_archive_user){ .kind = JM_USER_WRITER };
	text[n > 0 ? (size_t)n : 0] = '\0';
	line = text + strcspn(text, "\n");
	if (jm_num_u64(jm_span_of(text, (size_t)(line - text)), 1, INT32_MAX, &pid) == 0)
		user_r->pid = (long)pid;
	line += *line != '\0';
	end = line + strcspn(line, "\n");
	*end = '\0';
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(line, kinds[i], strlen(kinds[i])) == 0 &&
		    line[strlen(kinds[i])] == ' ') {
			user_r->kind = (enum jm_user)i;
			line += strlen(kinds[i]) + 1;
			break;
		}
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	snprintf(user_r->what, sizeof user_r->what, "%s", line);
}

static struct flock whole(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* ---- the start of a daemon ---- */

bool jm_lock_starting(const char *dir, struct jm_archive_user *user_r)
{
	struct flock ask = whole(F_WRLCK);
	struct jm_err ignored;
	bool held;
	int fd;

	if (open_file(dir, "starting", O_RDONLY, &fd, &ignored) != 0)
		return false;
	held = fcntl(fd, F_OFD_GETLK, &ask) == 0 && ask.l_type != F_UNLCK;
	if (held && user_r) {
		get_text(fd, user_r);
		user_r->kind = JM_USER_DAEMON;
		user_r->starting = true;
	}
	close(fd);
	return held;
}

bool jm_lock_of_daemon(const char *dir)
{
	struct flock ask = whole(F_WRLCK);
	struct jm_archive_user user = { .kind = JM_USER_WRITER };
	struct jm_err ignored;
	bool held;
	int fd;

	if (open_file(dir, "lock", O_RDONLY, &fd, &ignored) != 0)
		return false;
	held = fcntl(fd, F_OFD_GETLK, &ask) == 0 && ask.l_type != F_UNLCK;
	if (held)
		get_text(fd, &user);
	close(fd);
	return held && user.kind == JM_USER_DAEMON;
}

static void put_stage(struct jm_lock *l, const char *stage)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof text, "daemon %s", stage);
	if (l->starting_fd >= 0)
		put_text(l->starting_fd, text);
}

void jm_lock_progress(struct jm_lock *l, uint64_t done_bytes, uint64_t total_bytes)
{
	unsigned percent = total_bytes > 0
	    ? (unsigned)((double)done_bytes * 100 / (double)total_bytes)
	    : 100;
	char stage[32];

	if (l->starting_fd < 0 || l->percent == percent)
		return;
	l->percent = percent;
	snprintf(stage, sizeof stage, "catalog %u %%", percent);
	put_stage(l, stage);
}

void jm_lock_started(struct jm_lock *l)
{
	if (l->starting_fd >= 0)
		close(l->starting_fd);
	l->starting_fd = -1;
}

/* ---- the archive ---- */

/* End the reader that has the archive. The kernel names it, so that it cannot be another process;
 * not when it is of another machine or container. */
static void evict(const struct jm_lock *l, const struct jm_archive_user *user)
{
	struct flock before = whole(F_WRLCK), after = whole(F_WRLCK);
	int process = -1;

	if (user->kind == JM_USER_READER && fcntl(l->fd, F_GETLK, &before) == 0 &&
	    before.l_type != F_UNLCK && before.l_pid > 0)
		process = (int)syscall(SYS_pidfd_open, before.l_pid, 0);
	if (process < 0)
		return;
	if (fcntl(l->fd, F_GETLK, &after) == 0 && after.l_type != F_UNLCK &&
	    after.l_pid == before.l_pid &&
	    syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) == 0)
		JM_LOG(JM_LOG_WARNING, "reader-ended", { "pid", JM_I(before.l_pid) },
		    { "program", JM_S(user->what) });
	close(process);
}

/* Another process has the archive. 0: try again. */
static int wait_for(const struct jm_lock *l, const struct jm_archive_options *o,
    const struct jm_archive_user *user, struct jm_err *err)
{
	int rc = o->busy
	    ? o->busy(o->busy_ctx, user, err)
	    : jm_err_set(err, JM_E_TEMP, "the archive \"%s\" is in use by %s (process %ld)", o->dir,
		  *user->what ? user->what : "another program", user->pid);

	if (rc > 0)
		evict(l, user);
	if (rc >= 0)
		jm_clock_sleep_ms(POLL_MS);
	return rc < 0 ? -1 : 0;
}

/* Only one daemon starts at a time. */
static int take_start(struct jm_lock *l, const struct jm_archive_options *o, struct jm_err *err)
{
	struct jm_archive_user user;
	struct flock lock = whole(F_WRLCK);

	if (open_file(o->dir, "starting", O_RDWR | O_CREAT, &l->starting_fd, err) != 0)
		return -1;
	while (fcntl(l->starting_fd, F_OFD_SETLK, &lock) != 0) {
		if (errno != EAGAIN && errno != EACCES)
			return jm_err_sys(err, JM_E_TEMP, "cannot lock \"%s/starting\"", o->dir);
		get_text(l->starting_fd, &user);
		user.kind = JM_USER_DAEMON;
		if (wait_for(l, o, &user, err) != 0)
			return -1;
	}
	put_stage(l, "waits for the archive");
	return 0;
}

/* One attempt: 1 when this process has the archive, 0 when *user_r has it. */
static int try_lock(struct jm_lock *l, const struct jm_archive_options *o,
    struct jm_archive_user *user_r, struct jm_err *err)
{
	if (o->user != JM_USER_DAEMON && jm_lock_starting(o->dir, user_r))
		return 0;
	if (flock(l->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return jm_err_sys(err, JM_E_TEMP, "cannot lock \"%s/lock\"", o->dir);
		get_text(l->fd, user_r);
		return 0;
	}
	/* A daemon may have begun to start in between. */
	if (o->user != JM_USER_DAEMON && jm_lock_starting(o->dir, user_r)) {
		(void)flock(l->fd, LOCK_UN);
		return 0;
	}
	return 1;
}

int jm_lock_take(struct jm_lock *l, const struct jm_archive_options *o, struct jm_err *err)
{
	struct flock lock = whole(F_WRLCK);
	struct jm_archive_user user = { .kind = JM_USER_WRITER };
	char text[TEXT_BYTES];
	int rc;

	if (o->user == JM_USER_DAEMON && take_start(l, o, err) != 0)
		return -1;
	if (open_file(o->dir, "lock", O_RDWR | O_CREAT, &l->fd, err) != 0)
		return -1;
	while ((rc = try_lock(l, o, &user, err)) == 0)
		if (wait_for(l, o, &user, err) != 0)
			return -1;
	if (rc < 0)
		return -1;
	snprintf(text, sizeof text, "%s %s", kinds[o->user], o->program ? o->program : "");
	l->taken = true;
	put_text(l->fd, text);
	put_stage(l, "reads the volumes");
	/* Without it a reader that does not react cannot be ended, which is all. */
	if (fcntl(l->fd, F_SETLK, &lock) != 0)
		JM_LOG(JM_LOG_DEBUG, "lock-without-owner", { "errno", JM_I(errno) });
	return 0;
}

void jm_lock_release(struct jm_lock *l)
{
	/* Without it the text would be about a process that is gone. */
	if (l->fd >= 0 && l->taken && ftruncate(l->fd, 0) != 0)
		JM_LOG(JM_LOG_DEBUG, "lock-text-stays", { "errno", JM_I(errno) });
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->taken = false;
	jm_lock_started(l);
}
