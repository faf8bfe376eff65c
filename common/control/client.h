/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's half of the control protocol: ask a running daemon over its control socket. Its
 * frames are in frame.h, the daemon's half is milter/daemon/control.c. Knows nothing of settings,
 * options or terminals, and opens no archive.
 */
#ifndef JM_CONTROL_CLIENT_H
#define JM_CONTROL_CLIENT_H

#include "common/control/answer.h"

#define JM_CLIENT_SILENCE_MS 30000

/*
 * How long this process waits for a daemon: silence_ms without a byte, if the daemon does not react
 * to another request either (a busy one does) [JM_CLIENT_SILENCE_MS]; and total_ms from now on for
 * all (0: no limit). An answer that comes from a process of jmctl's own has no limit.
 */
void jm_client_patience(int silence_ms, int total_ms);

/*
 * Connect to the control socket at path. Returns 1 with *fd_r, which the caller closes; 0 when no
 * daemon listens there (also when there is no socket, or path is too long for one); -1: DENIED
 * without the right to connect, TEMP. Any thread.
 */
int jm_client_connect(const char *path, int *fd_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Send request (what jm_answer() takes; borrowed) over fd, a connection that has not been used yet,
 * and pass the answer to out until its end. The daemon decides how long an answer takes, as long as
 * it lives. The connection is used up, but not closed.
 *
 * Returns 0, or -1: with the daemon's error; CORRUPT for frames against the protocol; TEMP when the
 * answer breaks off; or the error of a callback of out. Calls out only from this thread. One thread
 * a connection.
 */
int jm_client_ask(int fd, const json_t *request, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;

/*
 * The same in steps, for a verb that takes messages ("import"): begin with the request; give any
 * number of messages (borrowed for the call), each answered by one object to out->object; end.
 * After an error the connection is used up, and the daemon has all messages that were answered.
 * Kinds as with jm_client_ask(). jm_client_begin() sends only; TEMP.
 */
int jm_client_begin(int fd, const json_t *request, struct jm_err *err) JM_MUST_CHECK;
int jm_client_give(int fd, struct jm_span message, const struct jm_answer_out *out,
    struct jm_err *err) JM_MUST_CHECK;
int jm_client_end(int fd, const struct jm_answer_out *out, struct jm_err *err) JM_MUST_CHECK;

#endif
