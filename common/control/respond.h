/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's half of the control protocol: take a request in, send the answer. */
#ifndef JM_CONTROL_RESPOND_H
#define JM_CONTROL_RESPOND_H

#include "common/control/answer.h"

/* Read one request from fd; the caller owns *request_r. timeout_ms: for the whole request; -1: no
 * limit. USAGE when it is no request, NOTFOUND when the peer closed, LIMIT, TEMP. */
int jm_respond_read(int fd, int timeout_ms, json_t **request_r, struct jm_err *err) JM_MUST_CHECK;

/* Where a request came from. */
struct jm_respond_to {
	int fd, timeout_ms; /* for each frame; -1: no limit */
	struct jm_peer peer;
};

/* Answer it from a, as jm_answer() does, without the last frame. */
int jm_respond_answer(const struct jm_respond_to *to, struct jm_archive *a,
    const json_t *daemon_state, const json_t *request, struct jm_err *err) JM_MUST_CHECK;

/* Send the last frame; cause: NULL after success. A text that is not UTF-8, as the name of a file
 * may be, is replaced, so that the client still gets its answer. */
int jm_respond_end(
    int fd, int timeout_ms, const struct jm_err *cause, struct jm_err *err) JM_MUST_CHECK;

#endif
