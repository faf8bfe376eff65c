/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is busiest: the clients (IP addresses) that handed in most in the last minutes, for jmctl
 * top. Lost with the process. Any thread. */
#ifndef JM_DAEMON_CLIENTS_H
#define JM_DAEMON_CLIENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A client handed in a message, or (turned_away) a recipient of its was not accepted. client NULL:
 * none of the network, nothing is counted. */
void jm_clients_count(const char *client, bool turned_away);

/* The n busiest, the busiest first: a list of {client, per_minute, messages, turned_away, last}.
 * NULL without memory. Caller owns. */
json_t *jm_clients_list(size_t n);

#endif
