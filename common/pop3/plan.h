/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planning a session: from the listing of a mailbox, and from what is archived already, to the
 * messages to retrieve, the messages to delete and the marks to forget. Pure.
 *
 * The rules that lose nothing:
 *
 *  1. A message is deleted only in the session that retrieved it, when its bytes are archived. A
 *     mark proves nothing about the message that is listed now: after a QUIT without an answer the
 *     server may have deleted the marked one and given its id to another one, of the same size,
 *     too. So what is listed and marked is retrieved once more and compared with what is archived.
 *  2. A message without an id, or with an id that is listed twice, is always retrieved and
 *     leaves no mark. The archive recognises bytes that it has.
 *  3. A mark is forgotten when a whole listing with ids no longer shows it, and when the server
 *     confirmed the deletion (milter/daemon/pull.c): from then on the server may give the id to
 *     another message (RFC 1939 section 7).
 *  4. Messages that could not be retrieved before come after all others. A message at which a
 *     session ended is left out, so that it does not hold up the others, and is tried in a session
 *     of its own.
 *  5. New messages come before those that are only compared, so that those of a server that never
 *     carries out a deletion do not use up the limit of a session.
 */
#ifndef JM_POP3_PLAN_H
#define JM_POP3_PLAN_H

#include "common/pop3/listing.h"

/* A mark: a message of this mailbox that is durably archived. */
struct jm_pop3_mark {
	struct jm_span id;
	uint64_t size_bytes; /* as the server gave it then; 0: not known */
	uint64_t seq;        /* of the report that is the mark */
};

/* Strings in any order. */
struct jm_pop3_keys {
	const struct jm_span *v;
	size_t n;
};

/* Borrowed until the plan is released. */
struct jm_pop3_plan_input {
	const struct jm_pop3_listing *listing;
	const struct jm_pop3_mark *marks; /* in any order */
	size_t marks_n;
	struct jm_pop3_keys failing; /* ids that could not be retrieved before */
	/* ids of marked messages that the server keeps though it confirmed to delete them: they are
	 * left alone */
	struct jm_pop3_keys staying;
	struct jm_pop3_keys apart; /* keys of messages at which a session ended: rule 4 */
	bool trial;                /* retrieve only one of those, and forget nothing */
	size_t turn;               /* of the trial: counts through them */
	bool leave_on_server;      /* delete nothing */
	size_t max_messages;       /* to retrieve in one session; 0: no limit */
};

struct jm_pop3_todo {
	const struct jm_pop3_entry *entry; /* in the listing */
	bool marks;                        /* mark its id as done once it is archived */
	const struct jm_pop3_mark *mark;   /* of its id, in the input; NULL: the id has no mark */
};

/* Listed messages. */
struct jm_pop3_entries {
	const struct jm_pop3_entry **v;
	size_t n, cap;
};

/* All arrays are in the arena; entries and spans point into the input. */
struct jm_pop3_plan {
	struct jm_pop3_todo *retr; /* new ones, then those of rule 5, then failing ones */
	size_t retr_n, retr_cap;
	struct jm_pop3_entries apart;   /* those of the input that are listed */
	struct jm_pop3_entries staying; /* likewise */
	struct jm_span *forget;         /* marks that are no longer needed */
	size_t forget_n, forget_cap;
	uint64_t left_n;       /* listed, done and left on the server by the settings */
	uint64_t compare_n;    /* of retr: id done, and of the same size */
	uint64_t without_id_n; /* have no id */
	uint64_t same_id_n;    /* share their id with another one */
	uint64_t changed_n;    /* id done, but of another size */
	uint64_t later_n;      /* beyond max_messages: for the next session */
	struct jm_arena arena;
};

/* Make a plan. -1 (TEMP, LIMIT) only without memory. *p_r is initialised in all cases; the caller
 * releases it. Any thread. */
int jm_pop3_plan(const struct jm_pop3_plan_input *in, struct jm_pop3_plan *p_r,
    struct jm_err *err) JM_MUST_CHECK;
void jm_pop3_plan_release(struct jm_pop3_plan *p);

#define JM_POP3_KEY_BYTES (JM_POP3_MAX_ID_BYTES + 1)

/* By what a message is known from one session to the next: its id, else a blank and its size, else
 * a blank and "#" and its number. The span is in the entry or in key. */
struct jm_span jm_pop3_entry_key(const struct jm_pop3_entry *e, char key[JM_POP3_KEY_BYTES]);

#endif
