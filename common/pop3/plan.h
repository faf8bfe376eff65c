/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What to do with a mailbox: from its listing and from what is archived already to what is
 * retrieved, deleted and forgotten.
 *
 * Pure. The rules that lose nothing:
 *  1. A message is deleted without being retrieved only when its id is marked done, no other listed
 * message has that id, and the size that the server tells is the one it told when the message was
 * archived. An id alone is no identity: mailboxes get moved and servers number anew.
 *  2. A message without an id, or with an id that is listed twice, is always retrieved, and leaves
 * no mark. The archive knows bytes it has.
 *  3. A mark is forgotten when a whole listing with ids does not show it any more, and when the
 * server confirmed the deletion (milter/daemon/pull.c): from then on it may give the id to another
 * message (RFC 1939 section 7).
 *  4. What could not be retrieved before comes after everything else.
 */
#ifndef JM_POP3_PLAN_H
#define JM_POP3_PLAN_H

#include "common/pop3/session.h"

/* A mark: a message of this mailbox that is archived durably. */
struct jm_pop3_mark {
	struct jm_span id;
	uint64_t size_bytes; /* as the server told it then; 0: not known */
};

struct jm_pop3_plan_input {
	const struct jm_pop3_listing *listing;
	const struct jm_pop3_mark *marks; /* what is done; any order */
	size_t marks_n;
	const struct jm_span *failing; /* ids that could not be retrieved before; any order */
	size_t failing_n;
	bool leave_on_server; /* nothing is deleted */
	size_t max_messages;  /* to retrieve in one session; 0: no limit */
};

struct jm_pop3_todo {
	const struct jm_pop3_entry *entry; /* of the listing */
	bool marks;                        /* its id may be marked done once it is archived */
};

/* All arrays are in the arena; spans point into the input. */
struct jm_pop3_plan {
	struct jm_pop3_todo *retr; /* in the order of the listing, failing ones last */
	size_t retr_n, retr_cap;
	const struct jm_pop3_entry **dele; /* to delete without RETR */
	size_t dele_n, dele_cap;
	struct jm_span *forget; /* marks that are of no use any more */
	size_t forget_n, forget_cap;
	uint64_t done_n;       /* listed and done: deleted or left */
	uint64_t without_id_n; /* have no id */
	uint64_t same_id_n;    /* share their id with another one */
	uint64_t changed_n;    /* id done, but of another size: retrieved again */
	uint64_t later_n;      /* past max_messages: for the next session */
	struct jm_arena arena;
};

/* Make a plan. -1 (TEMP, LIMIT) only without memory. *p_r is initialised in all cases; release it.
 */
int jm_pop3_plan(const struct jm_pop3_plan_input *in, struct jm_pop3_plan *p_r,
    struct jm_err *err) JM_MUST_CHECK;
void jm_pop3_plan_release(struct jm_pop3_plan *p);

#endif
