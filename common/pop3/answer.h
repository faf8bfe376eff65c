/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading answers; shared by session.c and listing.c, of no use outside this folder. */
#ifndef JM_POP3_ANSWER_H
#define JM_POP3_ANSWER_H

#include "common/pop3/session.h"

#define JM_POP3_LINE_BYTES 1024u      /* of a line are kept */
#define JM_POP3_MAX_LINE_BYTES 65536u /* a longer one ends the session */

/* Wait until at least one byte can be read at s->in + s->in_pos. -1: the session broke. */
int jm_pop3_fill(struct jm_pop3_session *s, int64_t timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/* Send. -1: the session broke. */
int jm_pop3_say(
    struct jm_pop3_session *s, const char *text, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Read one line without its CRLF (or LF) into line[JM_POP3_LINE_BYTES]; *long_r: it was cut there.
 * -1: the session broke. */
int jm_pop3_line(struct jm_pop3_session *s, int64_t timeout_ms, unsigned char *line, size_t *len_r,
    bool *long_r, struct jm_err *err) JM_MUST_CHECK;

/* Read a status line into s->reply. 0 for +OK; -1 with *fault_r REFUSED, or what broke the session.
 */
int jm_pop3_status(struct jm_pop3_session *s, int64_t timeout_ms, enum jm_pop3_fault *fault_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
