/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The POP3 transaction (RFC 1939, RFC 2449) over an abstract wire: STAT, LIST, UIDL, RETR, DELE,
 * QUIT, pipelined when allowed.
 *
 * Connecting and logging in is connect.h's. What a session promises: a message is whole only when
 * its terminator was seen; sizes that the server tells prove nothing and are only kept; an answer
 * that does not come, ends early or is refused is told apart; after a broken connection every call
 * fails, and nothing here ever connects again (a new connection has a new numbering). Memory is
 * flat: one buffer, whatever the message or the line.
 */
#ifndef JM_POP3_SESSION_H
#define JM_POP3_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/span.h"

/* What went wrong with a command. From JM_POP3_CUT on the session is over. */
enum jm_pop3_fault {
	JM_POP3_FINE,
	JM_POP3_REFUSED, /* the server said -ERR; the session goes on */
	JM_POP3_SINK,    /* our own sink failed; the rest of the message was read and dropped, the
			    session goes on */
	JM_POP3_CUT,     /* the connection closed or broke before the answer was whole */
	JM_POP3_STALL,   /* nothing came within the time-out */
	JM_POP3_STOPPED, /* we were told to stop */
	JM_POP3_GARBAGE, /* what came is no POP3, or has no end */
};

/*
 * Where the bytes come from. recv: 1..n bytes, 0 when the peer closed, -1 with *fault_r CUT, STALL
 * or STOPPED and err filled. send: all n bytes or -1 likewise. Both wait at most timeout_ms for the
 * peer to do something.
 */
struct jm_pop3_wire {
	ssize_t (*recv)(void *ctx, void *p, size_t n, int64_t timeout_ms,
	    enum jm_pop3_fault *fault_r, struct jm_err *err);
	int (*send)(void *ctx, const void *p, size_t n, int64_t timeout_ms,
	    enum jm_pop3_fault *fault_r, struct jm_err *err);
	void *ctx;
};

#define JM_POP3_REPLY_BYTES 512
#define JM_POP3_MAX_DEPTH 128
#define JM_POP3_MAX_ENTRIES \
	1000000u /* of a mailbox in one session; what is beyond waits for a later one */
#define JM_POP3_MAX_ID_BYTES 255 /* RFC 1939 says 70; a longer one than this counts as none */

struct jm_pop3_session {
	struct jm_pop3_wire wire;
	int64_t answer_timeout_ms; /* between two signs of life; default 60 s */
	int64_t quit_timeout_ms;   /* for QUIT, which may have much to delete; default 10 min */
	int64_t drain_timeout_ms;  /* for dropping the rest of a message that our sink refused;
				      default 10 min */
	unsigned depth; /* commands under way at once; default 1; more only when CAPA said
			   PIPELINING */
	enum jm_pop3_fault broken;       /* FINE, or what ended the session */
	char reply[JM_POP3_REPLY_BYTES]; /* last status line, printable ASCII, for people */
	uint64_t received_bytes;
	unsigned char *in; /* owned */
	size_t in_pos, in_len;
};

/* One message of the mailbox. */
struct jm_pop3_entry {
	uint32_t number;     /* in this session */
	uint64_t size_bytes; /* as the server says, often an estimate; 0: unknown */
	struct jm_span id;   /* UIDL; .p NULL: none that can be used */
};

/* The mailbox as this session sees it. */
struct jm_pop3_listing {
	struct jm_pop3_entry *v; /* ascending by number, each once; in the arena */
	size_t n, cap;
	uint64_t stat_count, stat_bytes; /* what STAT said */
	bool has_ids;                    /* UIDL was answered */
	bool partial;                    /* a cap was reached: there is more than this */
	struct jm_arena arena;
};

/* Gets the message in pieces. Returns 0, or -1 with err filled: then the message's rest is dropped.
 */
typedef int jm_pop3_sink(void *ctx, const void *p, size_t n, struct jm_err *err);

/*
 * A command for one message is done: its place in the array that was asked for, FINE / REFUSED /
 * SINK, and err (filled unless FINE). Returns true to go on; false: nothing more is asked for;
 * answers under way are still read, told, and their messages dropped (as SINK).
 */
typedef bool jm_pop3_done(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err);

/* Make *s ready on a wire that is logged in (borrowed, with its ctx, until release). TEMP without
 * memory. One thread a session. */
int jm_pop3_session_init(
    struct jm_pop3_session *s, const struct jm_pop3_wire *wire, struct jm_err *err) JM_MUST_CHECK;

/* Free the buffer. Sends nothing: without QUIT the server deletes nothing. */
void jm_pop3_session_release(struct jm_pop3_session *s);

/*
 * STAT, LIST and UIDL, joined by number. A refused UIDL leaves has_ids false, a refused LIST the
 * numbers 1 to STAT's count. -1: the session broke, or STAT and LIST both were refused (TEMP). *l_r
 * is initialised in all cases; the caller releases it.
 */
int jm_pop3_survey(
    struct jm_pop3_session *s, struct jm_pop3_listing *l_r, struct jm_err *err) JM_MUST_CHECK;
void jm_pop3_listing_release(struct jm_pop3_listing *l);

/*
 * RETR of n messages in this order, s->depth of them asked for ahead. sink gets each message's
 * bytes, then done its outcome. 0 when all that was asked for was answered, -1 when the session
 * broke (the message under way then gets no done).
 */
int jm_pop3_retr(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_sink *sink,
    jm_pop3_done *done, void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* DELE of n messages, likewise. */
int jm_pop3_dele(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_done *done,
    void *ctx, struct jm_err *err) JM_MUST_CHECK;

/* QUIT. 0 for +OK (which proves no deletion); -1 else; fault_r (may be NULL) tells REFUSED, CUT,
 * STALL apart. The session is over. */
int jm_pop3_quit(
    struct jm_pop3_session *s, enum jm_pop3_fault *fault_r, struct jm_err *err) JM_MUST_CHECK;

/* "fine", "refused", "sink", "cut", "stall", "stopped", "garbage". Static storage. */
const char *jm_pop3_fault_name(enum jm_pop3_fault f);

#endif
