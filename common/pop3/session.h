/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A POP3 session (RFC 1939, RFC 2449) over an abstract wire: its state, its lines and its end. The
 * commands of a transaction are in listing.h (STAT, LIST, UIDL) and transfer.h (RETR, DELE);
 * connecting and logging in is in connect.h.
 *
 * All of these functions guarantee: a message is whole only when its terminator was seen; sizes
 * that the server gives prove nothing and are only stored; an answer that does not come, one that
 * ends early and one that refuses are different faults; after a broken connection every call fails,
 * and nothing here connects again (a new connection has a new numbering). Memory does not grow with
 * a message or a line: there is one buffer.
 *
 * One thread per session.
 */
#ifndef JM_POP3_SESSION_H
#define JM_POP3_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/base/span.h"

/* The fault of a command. From JM_POP3_CUT on the session is over. */
enum jm_pop3_fault {
	JM_POP3_FINE,
	JM_POP3_REFUSED, /* the server answered -ERR; the session continues */
	/* our own sink failed; the rest of the message was read and dropped, and the session
	 * continues */
	JM_POP3_SINK,
	JM_POP3_CUT,     /* the connection closed or broke before the answer was whole */
	JM_POP3_STALL,   /* nothing came within the time-out */
	JM_POP3_STOPPED, /* the caller asked to stop */
	JM_POP3_GARBAGE, /* the answer is not POP3, or has no end */
	/* there is more than the answers to our commands: no answer can be trusted any more */
	JM_POP3_OUT_OF_STEP,
};

/*
 * Where the bytes come from. recv returns 1..n bytes, 0 when the peer closed, -1 with err filled
 * and *fault_r CUT, STALL or STOPPED. send sends all n bytes and returns 0, or -1 likewise. Both
 * wait at most timeout_ms for a sign of life from the peer.
 */
struct jm_pop3_wire {
	ssize_t (*recv)(void *ctx, void *p, size_t n, int64_t timeout_ms,
	    enum jm_pop3_fault *fault_r, struct jm_err *err);
	int (*send)(void *ctx, const void *p, size_t n, int64_t timeout_ms,
	    enum jm_pop3_fault *fault_r, struct jm_err *err);
	void *ctx;
	const struct jm_secret *secret; /* to be cut out of the server's texts; may be NULL */
};

#define JM_POP3_REPLY_BYTES 512
#define JM_POP3_MAX_DEPTH 128
#define JM_POP3_MAX_GROUP 16

struct jm_pop3_session {
	struct jm_pop3_wire wire;
	int64_t answer_timeout_ms; /* between two signs of life; default 60 s */
	int64_t quit_timeout_ms;   /* for QUIT, which may have much to delete; default 10 min */
	/* for dropping the rest of a message that our sink refused; default 10 min */
	int64_t drain_timeout_ms;
	/* commands in flight at once; default 1; set more only when CAPA said PIPELINING */
	unsigned depth;
	/* messages that may wait for the proof of their end (transfer.h); default 1 */
	unsigned group;
	/* the end of the connection right after a message proves the end of the message; default
	 * false */
	bool end_proves;
	uint32_t suspect; /* the message at which a RETR broke the session; 0: none */
	/* the answer to STAT in the listing; "": it was refused, and NOOP proves a message's end */
	char stat[JM_POP3_REPLY_BYTES];
	enum jm_pop3_fault broken; /* FINE, or what ended the session */
	/* last status line, in printable ASCII, for the protocol only: it may echo the password */
	char reply[JM_POP3_REPLY_BYTES];
	char said[JM_POP3_REPLY_BYTES]; /* the same without the secret, for people */
	uint64_t received_bytes;
	unsigned char *in; /* owned; in[in_pos..in_len) was received and not yet read */
	size_t in_pos, in_len;
};

/* Make *s ready on a wire that is logged in; the wire and its ctx are borrowed until release. TEMP
 * without memory. */
int jm_pop3_session_init(
    struct jm_pop3_session *s, const struct jm_pop3_wire *wire, struct jm_err *err) JM_MUST_CHECK;

/* Free the buffer. Sends nothing: without QUIT the server deletes nothing. */
void jm_pop3_session_release(struct jm_pop3_session *s);

/* Send QUIT and end the session. 0 for +OK, which does not prove a deletion; otherwise -1, and
 * *fault_r (may be NULL) says REFUSED, CUT, STALL and so on. When the server has sent more than its
 * answers, QUIT is not sent, so that nothing is deleted. */
int jm_pop3_quit(
    struct jm_pop3_session *s, enum jm_pop3_fault *fault_r, struct jm_err *err) JM_MUST_CHECK;

/* "fine", "refused", "sink", "cut", "stall", "stopped", "garbage", "out-of-step". Static. */
const char *jm_pop3_fault_name(enum jm_pop3_fault f);

/* The rest is for listing.c and transfer.c only. */

#define JM_POP3_LINE_BYTES 1024u      /* more of a line is dropped */
#define JM_POP3_MAX_LINE_BYTES 65536u /* a longer line ends the session */

/* Wait until at least one byte can be read at s->in + s->in_pos. -1: the session is over. */
int jm_pop3_fill(struct jm_pop3_session *s, int64_t timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/* Send n bytes. -1: the session is over. */
int jm_pop3_say(
    struct jm_pop3_session *s, const char *text, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Read one line, without its CRLF or LF, into line[JM_POP3_LINE_BYTES]. *long_r: the line is longer
 * and was cut there. -1: the session is over. */
int jm_pop3_line(struct jm_pop3_session *s, int64_t timeout_ms, unsigned char *line, size_t *len_r,
    bool *long_r, struct jm_err *err) JM_MUST_CHECK;

/* Read a status line into s->reply. 0 for +OK; otherwise -1, and *fault_r is REFUSED or what ended
 * the session. */
int jm_pop3_status(struct jm_pop3_session *s, int64_t timeout_ms, enum jm_pop3_fault *fault_r,
    struct jm_err *err) JM_MUST_CHECK;

/* True when nothing can be read now. To be called when no command is under way: what comes then
 * belongs to no answer. */
bool jm_pop3_quiet(struct jm_pop3_session *s);

/* End the session with fault. Returns -1 always. */
int jm_pop3_break(struct jm_pop3_session *s, enum jm_pop3_fault fault);

#endif
