/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames of the control socket, in both directions: one byte for the type, four bytes for the
 * length of the payload (big-endian), the payload.
 *
 *  'Q'  request, JSON
 *  'O'  object of the answer, JSON
 *  'R'  more rows of a list of that object, JSON: {"list": NAME, "rows": [...]}
 *  'P'  progress, JSON
 *  'B'  bytes
 *  'E'  end, JSON: {"kind": "", "text": ""}; kind is empty after success
 *
 * A payload of JSON that is too large for a frame is sent in several: all but the last one have the
 * type in lower case, and at least a byte.
 *
 * A request is answered by any number of O, R, P and B, then one E. There is one request per
 * connection. After the request "import" the client sends messages: for each any number of B, the
 * last one empty, and then it waits for one O. An E of the client (its payload is not read) ends
 * them.
 */
#ifndef JM_CONTROL_FRAME_H
#define JM_CONTROL_FRAME_H

#include <jansson.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define JM_FRAME_MAX_BYTES (4u * 1024u * 1024u)

/*
 * Write one frame to fd, a stream socket; p may be NULL when n is 0. timeout_ms limits each wait
 * for a slow peer (-1: no limit). Never raises SIGPIPE. TEMP; LIMIT when n exceeds
 * JM_FRAME_MAX_BYTES. One thread at a time per socket.
 */
int jm_frame_write(
    int fd, char type, const void *p, size_t n, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/* As jm_frame_write(), with JSON of any size as the payload, in as many frames as it takes. */
int jm_frame_write_text(
    int fd, char type, struct jm_span text, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/* The same for a value. */
int jm_frame_write_json(
    int fd, char type, const json_t *value, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/*
 * Read one frame from fd, or all frames that a payload was sent in; the payload replaces the
 * content of *payload. timeout_ms limits the whole, so that a peer that sends byte by byte cannot
 * hold us (-1: no limit). NOTFOUND when the peer closed between frames; CORRUPT for an unknown type
 * or an end within a frame or payload; LIMIT for a length beyond JM_FRAME_MAX_BYTES or a payload
 * beyond the buffer's cap; TEMP. err->sys is ETIMEDOUT after timeout_ms, ECONNRESET for an end
 * within a frame or payload. Memory is taken as bytes come, not by
 * the claimed length. One thread at a time per socket.
 */
int jm_frame_read(
    int fd, char *type_r, struct jm_buf *payload, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

#endif
