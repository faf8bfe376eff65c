/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's frames, both directions: one type byte, a length of four bytes (big-endian),
 *the payload. 'Q' request, JSON      'O' object, JSON      'P' progress, JSON      'B' bytes 'E'
 *end, JSON {"kind": "", "text": ""} (kind empty: success) A request is answered by any number of O,
 *P, B and one E. One request a connection.
 */
#ifndef JM_CONTROL_FRAME_H
#define JM_CONTROL_FRAME_H

#include <jansson.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define JM_FRAME_MAX_BYTES (4u * 1024u * 1024u)

/*
 * Write one frame to fd, a stream socket; p may be NULL when n is 0. timeout_ms limits each wait
 * for a slow peer (-1: none). No SIGPIPE. TEMP; LIMIT when n is past JM_FRAME_MAX_BYTES. One thread
 * a socket at a time.
 */
int jm_frame_write(
    int fd, char type, const void *p, size_t n, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;
/* The same with a JSON value as payload. */
int jm_frame_write_json(
    int fd, char type, const json_t *value, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/*
 * Read one frame; its payload replaces the content of *payload. timeout_ms limits the whole frame,
 * so that a peer that drips cannot hold us (-1: none). NOTFOUND when the peer closed between
 * frames; CORRUPT for an unknown type or an end in mid-frame; LIMIT for a length past
 * JM_FRAME_MAX_BYTES or the buffer's cap; TEMP. Memory grows with the bytes that come, not with the
 * length claimed.
 */
int jm_frame_read(
    int fd, char *type_r, struct jm_buf *payload, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

#endif
