/* SPDX-License-Identifier: BSD-2-Clause */
/* The process at the other end of a socket, and the text of an actor. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/peer.h"
#include "t/lib/tap.h"

#define NOBODY 65534

/* Log in as a user, as pam_loginuid(8) does. It needs root. */
static bool log_in(unsigned uid)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
	char text[12];
	int n = snprintf(text, sizeof text, "%u", uid);
	bool done = fd >= 0 && write(fd, text, (size_t)n) == n;

	if (fd >= 0)
		close(fd);
	return done;
}

/* A peer that lives until *end_r is closed; 0 as its process: it cannot log in here. */
static pid_t make_peer(int *fd_r, int *end_r, unsigned login)
{
	int pair[2] = { -1, -1 }, end[2], report[2];
	char byte = 0;
	pid_t pid;

	if (pipe(end) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, report) != 0)
		abort();
	pid = fork();
	if (pid == 0) {
		struct iovec v = { &byte, 1 };
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(sizeof(int))];
		} c = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			    .cmsg_level = SOL_SOCKET,
			    .cmsg_type = SCM_RIGHTS } };
		struct msghdr m = { .msg_iov = &v,
			.msg_iovlen = 1,
			.msg_control = c.room,
			.msg_controllen = sizeof c.room };

		close(end[1]);
		if ((login && !log_in(login)) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
			_exit(1);
		memcpy(CMSG_DATA(&c.head), &pair[0], sizeof pair[0]);
		if (sendmsg(report[1], &m, 0) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(end[0]);
	close(report[1]);
	*end_r = end[1];
	{
		struct iovec v = { &byte, 1 };
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(sizeof(int))];
		} c;
		struct msghdr m = { .msg_iov = &v,
			.msg_iovlen = 1,
			.msg_control = c.room,
			.msg_controllen = sizeof c.room };
		bool came = recvmsg(report[0], &m, MSG_CMSG_CLOEXEC) == 1;

		close(report[0]);
		if (came)
			memcpy(fd_r, CMSG_DATA(&c.head), sizeof *fd_r);
		return came ? pid : 0;
	}
}

static void test_read(void)
{
	char text[JM_PEER_TEXT_BYTES], want[JM_PEER_TEXT_BYTES];
	struct jm_peer p;
	int fd, end, fds[2];
	pid_t pid = make_peer(&fd, &end, NOBODY);

	if (pid == 0) {
		tap_skip(6, "a process cannot log in here");
	} else {
		jm_peer_read(fd, &p);
		tap_ok(p.uid == getuid() && p.gid == getgid() && p.pid == pid,
		    "user, group and process of the peer");
		tap_ok(p.login == NOBODY, "and who logged in: %" PRId64, p.login);
		snprintf(want, sizeof want, "login uid %d (nobody), pid %d", NOBODY, (int)pid);
		tap_ok(strstr(jm_peer_text(&p, text), want) != NULL, "as text: %s", text);
		close(end);
		waitpid(pid, NULL, 0);
		jm_peer_read(fd, &p);
		tap_ok(p.uid == getuid() && p.pid == pid,
		    "the peer has ended: its user and number stay");
		tap_ok(p.login == JM_PEER_UNKNOWN, "but nobody knows any more who logged in");
		tap_ok(strstr(jm_peer_text(&p, text), ", login unknown, ") != NULL, "%s", text);
		close(fd);
	}
	if (pipe(fds) != 0)
		abort();
	jm_peer_read(fds[0], &p);
	tap_is_str(jm_peer_text(&p, text), "unknown", "a descriptor that is no socket");
	close(fds[0]);
	close(fds[1]);
}

static void test_text(void)
{
	static const struct {
		struct jm_peer peer;
		const char *text;
	} cases[] = {
		{ { 0, 0, 1, JM_PEER_NO_LOGIN }, "uid 0 (root), gid 0, no login, pid 1" },
		{ { 0, 4294967294, 2147483647, 0 },
		    "uid 0 (root), gid 4294967294, login uid 0 (root), pid 2147483647" },
		{ { 4000000000, 7, 9, JM_PEER_UNKNOWN },
		    "uid 4000000000, gid 7, login unknown, pid 9" },
		{ { 0, JM_PEER_UNKNOWN, 9, JM_PEER_UNKNOWN }, "uid 0 (root), pid 9" },
		{ { JM_PEER_UNKNOWN, JM_PEER_UNKNOWN, JM_PEER_UNKNOWN, JM_PEER_UNKNOWN },
		    "unknown" },
	};
	char text[JM_PEER_TEXT_BYTES];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		tap_is_str(jm_peer_text(&cases[i].peer, text), cases[i].text, "case %zu", i);
}

static void test_meant(void)
{
	static const char text[] = "uid 0 (root), gid 5, login uid 1000 (anna), pid 4711";
	static const char *const meant[] = { text, "root", "anna", "uid 0 (root)", "gid 5",
		"login uid 1000 (anna)", "pid 4711" };
	static const char *const not_meant[] = { "", "uid 0", "roo", "root)", "4711", "(anna)",
		", gid 5", "uid 0 (root), gid 5", "anna)" };

	for (size_t i = 0; i < sizeof meant / sizeof *meant; i++)
		tap_ok(jm_peer_is_meant(text, meant[i]), "\"%s\" is meant", meant[i]);
	for (size_t i = 0; i < sizeof not_meant / sizeof *not_meant; i++)
		tap_ok(!jm_peer_is_meant(text, not_meant[i]), "\"%s\" is not", not_meant[i]);
	tap_ok(jm_peer_is_meant("192.0.2.1", "192.0.2.1") && !jm_peer_is_meant("192.0.2.1", ""),
	    "an address is compared as a whole");
}

int main(void)
{
	test_read();
	test_text();
	test_meant();
	return tap_done();
}
