/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of byte strings, such as ids of a mailbox, that is remembered from one connection to the
 * next. */
#ifndef JM_DAEMON_IDS_H
#define JM_DAEMON_IDS_H

#include "common/base/arena.h"

struct jm_ids {
	struct jm_arena arena;
	struct jm_span *v; /* in the arena */
	size_t n, cap;
};

/* Make *ids empty. */
void jm_ids_init(struct jm_ids *ids);

/* Free what it holds; it is empty then. */
void jm_ids_release(struct jm_ids *ids);

/* Add a copy of id. Without room (16 MB) or memory it is not remembered: to the users of this that
 * is a detour, no loss. */
void jm_ids_add(struct jm_ids *ids, struct jm_span id);

/* Take the place of *ids, sorted; *by is gone then. */
void jm_ids_replace(struct jm_ids *ids, struct jm_ids *by);

/* Is id in *ids, which came from jm_ids_replace() or is empty? */
bool jm_ids_have(const struct jm_ids *ids, struct jm_span id);

#endif
