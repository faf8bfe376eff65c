/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dots and the end of a multi-line answer (RFC 1939 section 3), as a push filter: bytes in,
 * split anywhere; message bytes out.
 *
 * A line begins at the start and after CRLF; a bare CR or LF begins none. The line "." ends the
 * answer. A line that begins with ".." loses one dot. Any other line that begins with a dot is kept
 * unchanged: a server that forgot to stuff must not cost a byte. The filter holds at most two
 * bytes, whatever the length of a line.
 */
#ifndef JM_POP3_DOT_H
#define JM_POP3_DOT_H

#include <stdbool.h>
#include <stddef.h>

enum jm_pop3_dot_state {
	JM_POP3_DOT_START, /* at the start of a line */
	JM_POP3_DOT_MID,   /* inside a line */
	JM_POP3_DOT_ONE,   /* "." at the start of a line is held back */
	JM_POP3_DOT_CR,    /* ".\r" at the start of a line is held back */
	JM_POP3_DOT_ENDED,
};

/* Needs no release. */
struct jm_pop3_dot {
	enum jm_pop3_dot_state state;
	bool cr; /* in MID: the byte before was CR */
};

/* Gets a piece of the message; p is valid during the call only. */
typedef void jm_pop3_emit(void *ctx, const unsigned char *p, size_t n);

/* Make *d ready for the first byte after the status line. */
void jm_pop3_dot_init(struct jm_pop3_dot *d);

/* Feed n bytes. Returns how many of them belong to the answer: n, or fewer when it ended (then
 * d->state is JM_POP3_DOT_ENDED). */
size_t jm_pop3_dot_feed(
    struct jm_pop3_dot *d, const unsigned char *p, size_t n, jm_pop3_emit *emit, void *ctx);

#endif
