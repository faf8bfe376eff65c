/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets, and who may connect to one. */
#ifndef JM_MILTER_CTL_DOCTOR_SOCKET_H
#define JM_MILTER_CTL_DOCTOR_SOCKET_H

#include <stddef.h>

/* How a socket of the settings is written for people and compared: "unix:/PATH", "inet:HOST:PORT".
 * Fills text, which is returned. */
char *jm_doctor_socket(const char *socket, char *text, size_t text_bytes);

/* May the user connect to the unix socket: 1 yes, 0 no (*what says which file or folder stands in
 * the way), -1 there is no such user. */
int jm_doctor_may_connect(const char *path, const char *user, char *what, size_t what_bytes);

#endif
