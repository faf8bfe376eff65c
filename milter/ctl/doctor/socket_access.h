/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets, and the users that may connect to one. Not thread-safe (getpwnam). */
#ifndef JM_MILTER_CTL_DOCTOR_SOCKET_ACCESS_H
#define JM_MILTER_CTL_DOCTOR_SOCKET_ACCESS_H

#include <stddef.h>

#include "milter/ctl/doctor/finding.h"

/*
 * Write a socket of the settings into text in the form that is shown and compared: "unix:/PATH",
 * "inet:HOST:PORT". Returns text.
 */
char *jm_doctor_socket(const char *socket, char *text, size_t text_bytes);

/*
 * May the user connect to the Unix socket at path? 1: yes. 0: no, and what gets the file or folder
 * whose permissions forbid it. -1: there is no such user.
 */
int jm_doctor_may_connect(const char *path, const char *user, char *what, size_t what_bytes);

/*
 * Check that nobody but the MTA reaches the milter's socket: whoever does can hand in messages, and
 * claim any client address for them. A port of another address than loopback and a Unix socket that
 * every user may use are warnings, a port of loopback is a note.
 */
void jm_doctor_reach(struct jm_doctor *d);

#endif
