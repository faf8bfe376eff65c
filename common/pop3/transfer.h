/* SPDX-License-Identifier: BSD-2-Clause */
/* Retrieving and deleting messages in a POP3 session, pipelined when the session allows it. */
#ifndef JM_POP3_TRANSFER_H
#define JM_POP3_TRANSFER_H

#include "common/pop3/session.h"

/* Gets a message in pieces, each valid during the call only. Returns 0, or -1 with err filled: then
 * the rest of the message is dropped. */
typedef int jm_pop3_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

/* Called at the line that ends a message, before the bytes of the next one. whole: the sink took
 * all bytes; the message must now be kept, apart from the next one, until its result. Returns 0, or
 * -1 with err filled when it cannot be kept: its result is then SINK. */
typedef int jm_pop3_ended(void *ctx, size_t at, bool whole, struct jm_err *err);

/*
 * Gets the result of the command for one message: the message's index in numbers, then FINE,
 * REFUSED or SINK, and err (filled unless FINE). Returns true to continue. After false no more
 * commands are sent; those in flight are still answered and reported, and their messages dropped
 * (as SINK).
 */
typedef bool jm_pop3_done(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err);

/* The receiver of the messages and the results. */
struct jm_pop3_receiver {
	jm_pop3_sink *sink;
	jm_pop3_ended *ended; /* may be NULL when s->group is 1 */
	jm_pop3_done *done;
	void *ctx; /* of all */
	/* The message's id in UIDL; an empty span when it shares its id or UIDL gave no id. May be
	 * NULL. */
	struct jm_span (*id)(void *ctx, size_t at);
};

/*
 * RETR of n messages in the order of numbers, s->depth commands in flight. The sink gets the bytes
 * of each message, then ended its end, then done its result.
 *
 * A line "." does not prove that the message ends there: a server that does not double the dots at
 * the start of lines sends this line in the middle of a message, and the rest of the message then
 * looks like the answers to the next commands. So after each s->group messages, and after the last
 * one, a STAT is sent. Its answer must be the one of the listing, and nothing may follow it. Only
 * then the results of these messages are reported. Some servers count anew when mail comes in or
 * when they have read a message, so another answer is no fault: the messages in flight are dropped
 * and asked for again, and instead of STAT, UIDL (or LIST) of the last message must give its line.
 *
 * 0 when every command that was sent was answered; -1 when the session broke: then done is not
 * called for the messages since the last STAT, and s->suspect is the number of the message at which
 * it broke. OUT_OF_STEP: the server sends more than its answers.
 */
int jm_pop3_retr(struct jm_pop3_session *s, const uint32_t *numbers, size_t n,
    const struct jm_pop3_receiver *receiver, struct jm_err *err) JM_MUST_CHECK;

/* DELE of n messages, likewise; there are no bytes. */
int jm_pop3_dele(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_done *done,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
