/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs that connect to mail servers are in jmctl-net, a program of its own: they need libcurl,
 * and its libraries would double the time that every other verb takes to start.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/ctl/cli/outcome.h"
#include "milter/ctl/doctor/doctor.h"
#include "milter/ctl/setup/test.h"

#define PROGRAM "jmctl-net"
#define WORDS_MAX 4096 /* of a command line */

/* The path of the program: beside this one (as it was built), else as installed. */
static const char *find_program(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - sizeof PROGRAM);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash + 1, PROGRAM, sizeof PROGRAM);
		if (access(path, X_OK) == 0)
			return path;
	}
	return JM_PKGLIBEXECDIR "/" PROGRAM;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Run a verb there. argv[0] is its name. Returns only after --help, or when it cannot be run. */
static int run_elsewhere(int argc, char **argv)
{
	char *words[WORDS_MAX], path[4096], name[] = PROGRAM;
	const char *program = find_program(path, sizeof path);
	struct jm_err err;
	pid_t pid;

	if (argc + 2 > WORDS_MAX)
		return jm_ctl_fail_usage(argv[0], argv[argc - 1]);
	words[0] = name;
	memcpy(words + 1, argv, ((size_t)argc + 1) * sizeof *argv);
	(void)fflush(stdout);
	if (argc < 2 || strcmp(argv[1], "--help") != 0)
		(void)execv(program, words);
	else if ((errno = posix_spawn(&pid, program, NULL, NULL, words, environ)) == 0)
		return wait_for(pid); /* "help --json" has more verbs to print */
	jm_err_sys(&err, JM_E_CONFIG, "cannot run \"%s\", which was installed with jmctl", program);
	return jm_ctl_fail(argv[0], &err);
}

int jm_ctl_doctor(int argc, char **argv)
{
	return run_elsewhere(argc, argv);
}

int jm_ctl_test(int argc, char **argv)
{
	return run_elsewhere(argc, argv);
}
