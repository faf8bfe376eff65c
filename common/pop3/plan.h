/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planning a session: from the listing of a mailbox, and from what is archived already, to the
 * messages to retrieve, the messages to delete and the marks to forget. Pure.
 *
 * The rules that lose nothing:
 *
 *  1. A message is deleted without being retrieved only when its id is marked done, no other listed
 *     message has that id, and its size is the one that the server gave when the message was
 *     archived. An id alone does not identify a message: mailboxes are moved, and servers start
 *     numbering anew.
 *  2. A message without an id, or with an id that is listed twice, is always retrieved and
 *     leaves no mark. The archive recognises bytes that it has.
 *  3. A mark is forgotten when a whole listing with ids no longer shows it, and when the server
 *     confirmed the deletion (milter/daemon/pull.c): from then on the server may give the id to
 *     another message (RFC 1939 section 7).
 *  4. Messages that could not be retrieved before come after all others.
 */
#ifndef JM_POP3_PLAN_H
#define JM_POP3_PLAN_H

#include "common/pop3/listing.h"

/* A mark: a message of this mailbox that is durably archived. */
struct jm_pop3_mark {
	struct jm_span id;
	uint64_t size_bytes; /* as the server gave it then; 0: not known */
};

/* Borrowed until the plan is released. */
struct jm_pop3_plan_input {
	const struct jm_pop3_listing *listing;
	const struct jm_pop3_mark *marks; /* in any order */
	size_t marks_n;
	const struct jm_span *failing; /* ids that could not be retrieved before; in any order */
	size_t failing_n;
	bool leave_on_server; /* delete nothing */
	size_t max_messages;  /* to retrieve in one session; 0: no limit */
};

struct jm_pop3_todo {
	const struct jm_pop3_entry *entry; /* in the listing */
	bool marks;                        /* mark its id as done once it is archived */
};

/* All arrays are in the arena; entries and spans point into the input. */
struct jm_pop3_plan {
	struct jm_pop3_todo *retr; /* in the order of the listing, failing ones last */
	size_t retr_n, retr_cap;
	const struct jm_pop3_entry **dele; /* to delete without RETR */
	size_t dele_n, dele_cap;
	struct jm_span *forget; /* marks that are no longer needed */
	size_t forget_n, forget_cap;
	uint64_t done_n;       /* listed and done: deleted or left */
	uint64_t without_id_n; /* have no id */
	uint64_t same_id_n;    /* share their id with another one */
	uint64_t changed_n;    /* id done, but of another size: retrieved again */
	uint64_t later_n;      /* beyond max_messages: for the next session */
	struct jm_arena arena;
};

/* Make a plan. -1 (TEMP, LIMIT) only without memory. *p_r is initialised in all cases; the caller
 * releases it. Any thread. */
int jm_pop3_plan(const struct jm_pop3_plan_input *in, struct jm_pop3_plan *p_r,
    struct jm_err *err) JM_MUST_CHECK;
void jm_pop3_plan_release(struct jm_pop3_plan *p);

#endif
