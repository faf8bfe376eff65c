/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the MTA's own programs. See run.h. */
#include "milter/ctl/doctor/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Read both pipes to their ends. Bytes that do not fit are dropped. */
static void run_collect(const int fds[2], struct jm_buf *const bufs[2])
{
	struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
	char chunk[4096];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
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
}

static char *environment(void)
{
	static char path[4096];
	const char *given = getenv("PATH");

	snprintf(path, sizeof path, "PATH=%s:/usr/sbin:/sbin:/usr/bin:/bin", given ? given : "");
	return path;
}

static int run_spawn(
    const char *const *argv, const int out[2], const int complaint[2], pid_t *pid_r)
{
	char *env[] = { environment(), NULL };
	posix_spawn_file_actions_t a;
	int rc = posix_spawn_file_actions_init(&a);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
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

int jm_doctor_run(
    const char *const *argv, struct jm_buf *out, struct jm_buf *complaint, struct jm_err *err)
{
	int o[2] = { -1, -1 }, c[2] = { -1, -1 }, rc = -1, status = 0;
	pid_t pid = 0;

	if (pipe2(o, O_CLOEXEC) != 0 || pipe2(c, O_CLOEXEC) != 0) {
		(void)jm_err_sys(err, JM_E_TEMP, "cannot make a pipe");
		goto out;
	}
	errno = run_spawn(argv, o, c, &pid);
	if (errno != 0) {
		rc = errno == ENOENT ? 127 : jm_err_sys(err, JM_E_TEMP, "cannot run %s", argv[0]);
		goto out;
	}
	close(o[1]);
	close(c[1]);
	o[1] = c[1] = -1;
	run_collect((int[2]){ o[0], c[0] }, (struct jm_buf *[2]){ out, complaint });
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rc = WIFEXITED(status) ? WEXITSTATUS(status) : 126;
out:
	for (int i = 0; i < 2; i++) {
		if (o[i] >= 0)
			close(o[i]);
		if (c[i] >= 0)
			close(c[i]);
	}
	return rc;
}
