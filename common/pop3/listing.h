/* SPDX-License-Identifier: BSD-2-Clause */
/* The listing of a mailbox: STAT, LIST and UIDL of a POP3 session, joined by message number. */
#ifndef JM_POP3_LISTING_H
#define JM_POP3_LISTING_H

#include "common/base/arena.h"
#include "common/pop3/session.h"

/* The most messages of a mailbox in one session; more wait for a later session. */
#define JM_POP3_MAX_ENTRIES 1000000u
/* RFC 1939 says 70. A message with a longer id counts as one without an id. */
#define JM_POP3_MAX_ID_BYTES 255

/* One message of the mailbox. */
struct jm_pop3_entry {
	uint32_t number;     /* in this session */
	uint64_t size_bytes; /* as the server says, often an estimate; 0: unknown */
	struct jm_span id;   /* from UIDL, in the arena; none: there is no usable id */
};

/* The mailbox as this session sees it. */
struct jm_pop3_listing {
	struct jm_pop3_entry *v; /* ascending by number, each once; in the arena */
	size_t n, cap;
	uint64_t stat_count, stat_bytes; /* what STAT said */
	bool has_ids;                    /* UIDL was answered */
	bool partial;                    /* a cap was reached: the mailbox has more */
	struct jm_arena arena;
};

/*
 * Read the listing of a session. When UIDL is refused, has_ids is false; when LIST is refused, the
 * numbers are 1 to STAT's count. -1: the session broke, STAT and LIST were both refused (TEMP), or
 * there is no memory. *l_r is initialised in all cases; the caller releases it.
 */
int jm_pop3_survey(
    struct jm_pop3_session *s, struct jm_pop3_listing *l_r, struct jm_err *err) JM_MUST_CHECK;
void jm_pop3_listing_release(struct jm_pop3_listing *l);

#endif
