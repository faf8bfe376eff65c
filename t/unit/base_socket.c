/* SPDX-License-Identifier: BSD-2-Clause */
/* Making way for a Unix domain socket: the file of a dead process goes, everything else stays. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/socket.h"
#include "t/lib/tap.h"

static char path[100];

static bool exists(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int bound(int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    (type != SOCK_DGRAM && listen(fd, 1) != 0))
		abort();
	return fd;
}

/* Another process listens until the descriptor that is returned is closed. */
static int other_process(int type, pid_t *pid_r)
{
	int begun[2], end[2];
	char byte;

	if (pipe(begun) != 0 || pipe(end) != 0)
		abort();
	*pid_r = fork();
	if (*pid_r == 0) {
		close(end[1]);
		bound(type);
		if (write(begun[1], "x", 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
	}
	if (*pid_r < 0 || read(begun[0], &byte, 1) != 1)
		abort();
	close(begun[0]);
	close(begun[1]);
	close(end[0]);
	return end[1];
}

static void test_processes(int type, const char *name)
{
	struct jm_err err = { JM_E_NONE, 0, "" };
	pid_t pid;
	int end = other_process(type, &pid);

	tap_ok(
	    jm_socket_clear("test socket", path, &err) != 0 && err.kind == JM_E_DENIED && exists(),
	    "%s: the socket of another process that runs stays: %s", name, err.text);
	tap_ok(strstr(err.text, "test socket") && strstr(err.text, path), "%s: the error names it",
	    name);
	close(end);
	if (waitpid(pid, NULL, 0) != pid)
		abort();
	tap_ok(exists(), "%s: the file is still there after the end of the process", name);
	tap_ok(jm_socket_clear("test socket", path, &err) == 0 && !exists(),
	    "%s: and is removed now", name);
}

static void test_full_backlog(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = bound(SOCK_STREAM), clients[8];
	struct jm_err err = { JM_E_NONE, 0, "" };
	size_t n = 0;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	for (; n < sizeof clients / sizeof *clients; n++) {
		clients[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(clients[n], (struct sockaddr *)&at, sizeof at) != 0)
			break;
	}
	tap_ok(n < sizeof clients / sizeof *clients && errno == EAGAIN, "the backlog is full");
	tap_ok(
	    jm_socket_clear("test socket", path, &err) != 0 && err.kind == JM_E_DENIED && exists(),
	    "a listener with a full backlog stays: %s", err.text);
	for (size_t i = 0; i < n; i++)
		close(clients[i]);
	close(fd);
	unlink(path);
}

static void test_no_right(void)
{
	struct jm_err err = { JM_E_NONE, 0, "" };
	int fd = bound(SOCK_STREAM);

	if (geteuid() == 0) {
		tap_skip(1, "root may connect to every socket");
	} else {
		chmod(path, 0);
		tap_ok(jm_socket_clear("test socket", path, &err) != 0 && err.kind == JM_E_DENIED &&
			exists(),
		    "a socket that cannot be connected to stays: %s", err.text);
	}
	close(fd);
	unlink(path);
}

static void test_other_files(void)
{
	struct jm_err err = { JM_E_NONE, 0, "" };
	char longer[200];

	tap_ok(jm_socket_clear("test socket", path, &err) == 0, "no file is fine");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	tap_ok(
	    jm_socket_clear("test socket", path, &err) != 0 && err.kind == JM_E_CONFIG && exists(),
	    "a plain file stays: %s", err.text);
	unlink(path);
	if (symlink("/nonexistent", path) != 0)
		abort();
	tap_ok(
	    jm_socket_clear("test socket", path, &err) != 0 && err.kind == JM_E_CONFIG && exists(),
	    "a symbolic link stays: %s", err.text);
	unlink(path);
	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	tap_ok(jm_socket_clear("test socket", longer, &err) != 0 && err.kind == JM_E_CONFIG,
	    "a path that is too long: %.50s...", err.text);
	tap_ok(jm_socket_clear("test socket", "", &err) != 0 && err.kind == JM_E_CONFIG,
	    "an empty path: %s", err.text);
}

int main(void)
{
	snprintf(path, sizeof path, "%s/s", tap_folder());
	test_processes(SOCK_STREAM, "stream");
	test_processes(SOCK_DGRAM, "datagram");
	test_full_backlog();
	test_no_right();
	test_other_files();
	return tap_done();
}
