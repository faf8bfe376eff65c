/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the MTA's own programs. See run.h. */
#include "milter/ctl/doctor/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"

#define PATIENCE_US 10000000

/* Read both pipes to their ends. Bytes that do not fit are dropped. False when the time is over. */
static bool run_collect(const int fds[2], struct jm_buf *const bufs[2])
{
	struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
	int64_t end_us = jm_clock_mono_us() + PATIENCE_US, left_us;
	char chunk[4096];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		left_us = end_us - jm_clock_mono_us();
		if (left_us <= 0 || (poll(p, 2, (int)(left_us / 1000) + 1) < 0 && errno != EINTR))
			return false;
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (p[i].fd < 0 || !p[i].revents)
				continue;
			n = read(p[i].fd, chunk, sizeof chunk);
			if (n > 0 && bufs[i] && jm_buf_add(bufs[i], chunk, (size_t)n, NULL) != 0)
				continue; /* continue to read, or the program cannot end */
			if (n == 0 || (n < 0 && errno != EINTR))
				p[i].fd = -1;
		}
	}
	return true;
}

static char *environment(void)
{
	static char path[4096];
	const char *given = getenv("PATH");

	snprintf(path, sizeof path, "PATH=%s:/usr/sbin:/sbin:/usr/bin:/bin", given ? given : "");
	return path;
}

static int run_spawn(
    const char *const *argv, int input, const int out[2], const int complaint[2], pid_t *pid_r)
{
	char *env[] = { environment(), NULL };
	posix_spawn_file_actions_t a;
	int rc = posix_spawn_file_actions_init(&a);

	if (rc != 0)
		return rc;
	rc = input >= 0 ? posix_spawn_file_actions_adddup2(&a, input, 0)
			: posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&a, out[1], 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&a, complaint[1], 2);
	if (rc == 0) {
		char path[4096];
		const char *folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin",
			"/usr/local/sbin", "/usr/lib/sm.bin" };

		rc = strchr(argv[0], '/')
		    ? posix_spawn(pid_r, argv[0], &a, NULL, (char *const *)(uintptr_t)argv, env)
		    : ENOENT;
		for (size_t i = 0; rc == ENOENT && !strchr(argv[0], '/') &&
		     i < sizeof folders / sizeof folders[0];
		     i++) {
			snprintf(path, sizeof path, "%s/%s", folders[i], argv[0]);
			rc = posix_spawn(
			    pid_r, path, &a, NULL, (char *const *)(uintptr_t)argv, env);
		}
	}
	(void)posix_spawn_file_actions_destroy(&a);
	return rc;
}

/* A file in memory with the input, at its begin. -1 with errno. */
static int make_input(struct jm_span input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (jm_io_write(fd, input.p, input.len, NULL) != 0 || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int run(const char *const *argv, int input, struct jm_buf *out, struct jm_buf *complaint,
    struct jm_err *err)
{
	int o[2] = { -1, -1 }, c[2] = { -1, -1 }, rc = -1, status = 0;
	bool ended;
	pid_t pid = 0;

	if (pipe2(o, O_CLOEXEC) != 0 || pipe2(c, O_CLOEXEC) != 0) {
		(void)jm_err_sys(err, JM_E_TEMP, "cannot make a pipe");
		goto out;
	}
	errno = run_spawn(argv, input, o, c, &pid);
	if (errno != 0) {
		rc = errno == ENOENT ? 127 : jm_err_sys(err, JM_E_TEMP, "cannot run %s", argv[0]);
		goto out;
	}
	close(o[1]);
	close(c[1]);
	o[1] = c[1] = -1;
	ended = run_collect((int[2]){ o[0], c[0] }, (struct jm_buf *[2]){ out, complaint });
	if (!ended)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rc = !ended             ? jm_err_set(err, JM_E_TEMP, "%s did not end in time", argv[0])
	    : WIFEXITED(status) ? WEXITSTATUS(status)
				: 126;
out:
	for (int i = 0; i < 2; i++) {
		if (o[i] >= 0)
			close(o[i]);
		if (c[i] >= 0)
			close(c[i]);
	}
	return rc;
}

int jm_doctor_run(
    const char *const *argv, struct jm_buf *out, struct jm_buf *complaint, struct jm_err *err)
{
	return run(argv, -1, out, complaint, err);
}

int jm_doctor_run_input(const char *const *argv, struct jm_span input, struct jm_buf *out,
    struct jm_buf *complaint, struct jm_err *err)
{
	int fd = make_input(input), rc;

	if (fd < 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot run %s", argv[0]);
	rc = run(argv, fd, out, complaint, err);
	close(fd);
	return rc;
}
