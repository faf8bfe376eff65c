/* SPDX-License-Identifier: BSD-2-Clause */
/* The clients (IP addresses) that handed in most messages in the last minutes, for "jmctl top". The
 * counts are lost when the process ends. Everything but jm_clients_new() may be called by any
 * thread. */
#ifndef JM_DAEMON_CLIENTS_H
#define JM_DAEMON_CLIENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct jm_clients;

/* An empty list, which lives as long as the process. NULL without memory. */
struct jm_clients *jm_clients_new(void);

/* Count a message that client handed in or, with turned_away, a recipient that was not accepted
 * from it. client is an address as text; NULL or "" counts nothing. */
void jm_clients_count(struct jm_clients *c, const char *client, bool turned_away);

/* List the n busiest clients, the busiest first: [{client, per_minute, messages, turned_away,
 * last}]. The caller owns it. NULL without memory. */
json_t *jm_clients_list(struct jm_clients *c, size_t n);

#endif
