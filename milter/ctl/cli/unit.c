/* SPDX-License-Identifier: BSD-2-Clause */
/* Running "systemctl show". Its output is judged in common/settings/sandbox.c. See unit.h. */
#include "milter/ctl/cli/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"

#define SHOW_MAX_BYTES 65536u

static void read_all(int fd, struct jm_buf *out)
{
	char chunk[4096];
	bool full = false; /* the rest is dropped, but read: the program must end */
	ssize_t n;

	while ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && !full)
			full = jm_buf_add(out, chunk, (size_t)n, NULL) != 0;
}

/* The settings of the unit. Empty when there is no systemd. */
static void ask_systemd(struct jm_buf *out)
{
	static const char *const argv[] = { "systemctl", "show", JM_UNIT_NAME, NULL };
	posix_spawn_file_actions_t a;
	int fds[2], status = 0, rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return;
	rc = posix_spawn_file_actions_init(&a) |
	    posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0) |
	    posix_spawn_file_actions_adddup2(&a, fds[1], 1) |
	    posix_spawn_file_actions_addopen(&a, 2, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawnp(&pid, argv[0], &a, NULL, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&a);
	close(fds[1]);
	if (rc == 0) {
		read_all(fds[0], out);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			jm_buf_reset(out);
	}
	close(fds[0]);
}

/* dir without symbolic links, as far as its parts exist. */
static void resolve(const char *dir, char out[PATH_MAX])
{
	char part[PATH_MAX], real[PATH_MAX], *end;

	snprintf(part, sizeof part, "%s", dir);
	for (end = part + strlen(part); end > part; end = strrchr(part, '/')) {
		*end = '\0';
		if (realpath(*part ? part : "/", real)) {
			if (snprintf(out, PATH_MAX, "%s%s", strcmp(real, "/") == 0 ? "" : real,
				dir + (end - part)) < PATH_MAX)
				return;
			break;
		}
	}
	snprintf(out, PATH_MAX, "%s", dir);
}

void jm_unit_judge(const char *dir, struct jm_unit_verdict *v)
{
	static const char *const effects[] = { [JM_SANDBOX_OPEN] = "",
		[JM_SANDBOX_READ_ONLY] = "can only be read by the daemon",
		[JM_SANDBOX_HIDDEN] = "is hidden from the daemon",
		[JM_SANDBOX_PRIVATE] = "is another, private folder for the daemon" };
	char path[PATH_MAX];
	struct jm_buf show;

	*v = (struct jm_unit_verdict){ .state = JM_SANDBOX_OPEN };
	if (dir[0] != '/')
		return;
	resolve(dir, path);
	jm_buf_init(&show, SHOW_MAX_BYTES);
	ask_systemd(&show);
	if (strstr(jm_buf_str(&show), "LoadState=loaded"))
		v->state = jm_sandbox_judge(jm_buf_span(&show), path);
	jm_buf_release(&show);
	if (v->state == JM_SANDBOX_OPEN)
		return;
	snprintf(v->text, sizeof v->text, "%.512s %s: %s of the unit " JM_UNIT_NAME, path,
	    effects[v->state], jm_sandbox_setting(v->state, path));
	jm_sandbox_cure(v->state, path, access(path, F_OK) != 0 && errno == ENOENT, v->cure);
}
