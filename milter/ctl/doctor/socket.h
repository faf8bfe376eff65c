/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets, and users that may connect to one. Not thread-safe (getpwnam). */
#ifndef JM_MILTER_CTL_DOCTOR_SOCKET_H
#define JM_MILTER_CTL_DOCTOR_SOCKET_H

#include <stddef.h>

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

#endif
