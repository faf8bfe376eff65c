/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of byte strings, such as the ids of a mailbox's messages, that is remembered from one
 * connection to the next. Elements are added, and the set is searched once it is sorted. One thread
 * at a time. */
#ifndef JM_DAEMON_IDS_H
#define JM_DAEMON_IDS_H

#include "common/base/arena.h"

struct jm_ids {
	struct jm_arena arena; /* owns the strings and v */
	struct jm_span *v;
	size_t n, cap;
};

/* Initialise *ids as an empty set. */
void jm_ids_init(struct jm_ids *ids);

/* Free the elements; *ids is an empty set afterwards. */
void jm_ids_release(struct jm_ids *ids);

/* Add a copy of id. Without memory, or when the set has 16 MiB, id is not added: its users then
 * fetch a message once more, and lose nothing. */
void jm_ids_add(struct jm_ids *ids, struct jm_span id);

/* Free the elements of *ids and move those of *by into it, sorted. *by is an empty set
 * afterwards. */
void jm_ids_replace(struct jm_ids *ids, struct jm_ids *by);

/* Sort the elements, for jm_ids_have(). */
void jm_ids_sort(struct jm_ids *ids);

/* True when id is in *ids, which must be empty or sorted. */
bool jm_ids_have(const struct jm_ids *ids, struct jm_span id);

#endif
