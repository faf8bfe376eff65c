/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process at the other end of a Unix domain socket, as the kernel describes it:
 *
 * uid, gid, pid: of the process at the time of its connect(2) or socketpair(2) (SO_PEERCRED). They
 * hold as long as the connection, whoever else gets it.
 *
 * login: the user who logged in, which su(1) and sudo(8) do not change (/proc/PID/loginuid). With
 * SO_PEERPIDFD (Linux 6.5) it is certain to be of that process: it is unknown once the process has
 * ended. Before that, it is of a process with the number and the user of the peer; this is another
 * one only if the peer ended, and its number was given to another process of the same user, before
 * jm_peer_read().
 */
#ifndef JM_BASE_PEER_H
#define JM_BASE_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* The login is not known: the process has ended, or /proc is hidden. */
#define JM_PEER_UNKNOWN (-1)
/* Nobody logged in: a service, or a job of cron(8). */
#define JM_PEER_NO_LOGIN (-2)

struct jm_peer {
	int64_t uid, gid, pid; /* JM_PEER_UNKNOWN in all three: not known */
	int64_t login;         /* a user id, or one of the above */
};

#define JM_PEER_TEXT_BYTES 256

/* Read the peer of a connected socket; to be called as soon as it is accepted. Any thread. */
void jm_peer_read(int fd, struct jm_peer *peer);

/*
 * Write "uid 0 (root), gid 0, login uid 1000 (anna), pid 4711" to text, and return it. The names
 * are those that the system gives now; one that cannot be found, is longer than 64 bytes, or has a
 * character other than letters, digits and "._-@$\" is left out. "no login" and "login unknown" are
 * the other forms of the third part. Without a gid, as after a signal, there are user and process
 * only. It may wait for the service that has the names. Any thread.
 */
const char *jm_peer_text(const struct jm_peer *peer, char text[JM_PEER_TEXT_BYTES]);

/* Is that text of an actor meant by want: the same, one of its parts ("uid 0 (root)"), or the name
 * of one of its users? Pure. */
bool jm_peer_is_meant(const char *text, const char *want);

#endif
