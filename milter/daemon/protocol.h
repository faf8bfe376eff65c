/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors that clients of the milter's socket make in its protocol. They are counted, and reported
 * so seldom that nobody can fill the log with them. Any thread. */
#ifndef JM_DAEMON_PROTOCOL_H
#define JM_DAEMON_PROTOCOL_H

#include <stdbool.h>

#define JM_PROTOCOL_TEXT_BYTES 400

/* Count an error. fd: the client's connection, or -1; step: of the protocol, "rcpt"; error: what is
 * wrong. Both are string constants. */
void jm_protocol_error(int fd, const char *step, const char *error);

/* True when errors are to be reported: the first ones at once, more of them once a minute. Then
 * text gets their number, and what the last one was and whose. */
bool jm_protocol_report(char text[JM_PROTOCOL_TEXT_BYTES]);

/* Log that an MTA lacks what is needed: the first time at once, then once a minute, with the number
 * of connections. actions, steps: what it offers. */
void jm_protocol_too_old(unsigned long actions, unsigned long steps);

#endif
