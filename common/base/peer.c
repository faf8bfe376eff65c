/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_PEERCRED, SO_PEERPIDFD, and /proc. See peer.h. */
#include "common/base/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/num.h"

/* Older headers lack it; the kernel that runs decides whether it exists. */
#if !defined SO_PEERPIDFD && !defined __sparc__ && !defined __hppa__
#define SO_PEERPIDFD 77
#endif

#define NAME_BYTES 65

/* Read a small file of a folder. */
static bool read_small(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Does the process of that folder in /proc act as uid? The line has four user ids; the second one
 * is the effective one. */
static bool acts_as(int dir, int64_t uid)
{
	char status[1024];
	const char *line;
	struct jm_span ids;
	uint64_t effective;

	if (!read_small(dir, "status", status, sizeof status) ||
	    !(line = strstr(status, "\nUid:\t")))
		return false;
	ids = jm_span_str(line + 6);
	ids = jm_span_sub(ids, jm_span_index(ids, '\t') + 1, ids.len);
	ids.len = jm_span_index(ids, '\t');
	return jm_num_u64(ids, 0, UINT32_MAX, &effective) == 0 && (int64_t)effective == uid;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

/* pidfd: -1 when the kernel gives none. All files are read below one open folder, which stays that
 * of one process. */
static int64_t read_login(const struct jm_peer *peer, int pidfd)
{
	char path[40], text[24];
	int64_t login = JM_PEER_UNKNOWN;
	uint64_t uid;
	int dir;

	snprintf(path, sizeof path, "/proc/%" PRId64, peer->pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return JM_PEER_UNKNOWN;
	if (read_small(dir, "loginuid", text, sizeof text) &&
	    jm_num_u64(jm_span_trim(jm_span_str(text)), 0, UINT32_MAX, &uid) == 0 &&
	    (pidfd >= 0 ? !has_ended(pidfd) : acts_as(dir, peer->uid)))
		login = uid == UINT32_MAX ? JM_PEER_NO_LOGIN : (int64_t)uid;
	close(dir);
	return login;
}

void jm_peer_read(int fd, struct jm_peer *peer)
{
	struct ucred c;
	socklen_t n = sizeof c;
	int pidfd = -1;

	*peer = (struct jm_peer){ JM_PEER_UNKNOWN, JM_PEER_UNKNOWN, JM_PEER_UNKNOWN,
		JM_PEER_UNKNOWN };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) != 0 || c.uid == (uid_t)-1)
		return;
	peer->uid = c.uid;
	peer->gid = c.gid;
	peer->pid = c.pid;
	if (c.pid <= 0) /* in another pid namespace */
		return;
#ifdef SO_PEERPIDFD
	n = sizeof pidfd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n) != 0) {
		if (errno != ENOPROTOOPT)
			return; /* the process has ended */
		pidfd = -1;
	}
#endif
	peer->login = read_login(peer, pidfd);
	if (pidfd >= 0)
		close(pidfd);
}

/* Write " (NAME)" to text, or "". */
static const char *name_part(int64_t uid, char text[NAME_BYTES + 3])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._-@$\\";
	char strings[4096];
	struct passwd pw, *found = NULL;
	size_t n;

	text[0] = '\0';
	if (getpwuid_r((uid_t)uid, &pw, strings, sizeof strings, &found) != 0 || !found)
		return text;
	n = strspn(pw.pw_name, plain);
	if (n > 0 && n < NAME_BYTES && pw.pw_name[n] == '\0')
		snprintf(text, NAME_BYTES + 3, " (%s)", pw.pw_name);
	return text;
}

const char *jm_peer_text(const struct jm_peer *peer, char text[JM_PEER_TEXT_BYTES])
{
	char name[NAME_BYTES + 3], login_name[NAME_BYTES + 3], login[NAME_BYTES + 40];

	if (peer->uid < 0)
		return memcpy(text, "unknown", sizeof "unknown");
	if (peer->login < 0)
		snprintf(login, sizeof login, "%s",
		    peer->login == JM_PEER_NO_LOGIN ? "no login" : "login unknown");
	else
		snprintf(login, sizeof login, "login uid %" PRId64 "%s", peer->login,
		    name_part(peer->login, login_name));
	name_part(peer->uid, name);
	if (peer->gid < 0)
		snprintf(text, JM_PEER_TEXT_BYTES, "uid %" PRId64 "%s, pid %" PRId64, peer->uid,
		    name, peer->pid);
	else
		snprintf(text, JM_PEER_TEXT_BYTES,
		    "uid %" PRId64 "%s, gid %" PRId64 ", %s, pid %" PRId64, peer->uid, name,
		    peer->gid, login, peer->pid);
	return text;
}

bool jm_peer_is_meant(const char *text, const char *want)
{
	struct jm_span left = jm_span_str(text), wanted = jm_span_str(want);

	if (jm_span_eq(left, wanted))
		return true;
	while (left.len > 0 && wanted.len > 0) {
		size_t n = jm_span_index(left, ',');
		struct jm_span part = jm_span_trim(jm_span_sub(left, 0, n)), name;

		name = jm_span_sub(part, jm_span_index(part, '(') + 1, part.len);
		name.len = jm_span_index(name, ')');
		if (jm_span_eq(part, wanted) || jm_span_eq(name, wanted))
			return true;
		left = jm_span_sub(left, n + 1, left.len);
	}
	return false;
}
