/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding out what a port speaks, when a connection failed as it does with the wrong kind of
 * encryption. Each probe makes a connection of its own, sends no login, and takes a few seconds at
 * most. Any thread; jm_pop3_setup() comes before. */
#ifndef JM_POP3_PROBE_H
#define JM_POP3_PROBE_H

#include <stdbool.h>

/* True when the server at this name or address answers TLS at once (POP3S). */
bool jm_pop3_probe_tls(const char *host, unsigned port);

/* True when the server greets in clear, as POP3 does. */
bool jm_pop3_probe_clear(const char *host, unsigned port);

#endif
