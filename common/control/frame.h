/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's frames, both directions: one type byte, a length of four bytes (big-endian), the payload.
 *	'Q' request, JSON      'O' object, JSON      'P' progress, JSON      'B' bytes      'E' end, JSON {"kind": "", "text": ""} (kind empty: success)
 * A request is answered by any number of O, P, B and one E. One request a connection.
 */
#ifndef JM_CONTROL_FRAME_H
#define JM_CONTROL_FRAME_H

#include <jansson.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define JM_FRAME_MAX_BYTES (4u * 1024u * 1024u)

/* Write one frame to fd (blocking, with time-out timeout_ms for each wait). TEMP. */
int jm_frame_write(int fd, char type, const void *p, size_t n, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;
int jm_frame_write_json(int fd, char type, const json_t *value, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

/* Read one frame; payload replaces the content of buf. NOTFOUND when the peer closed between frames; CORRUPT, LIMIT, TEMP. */
int jm_frame_read(int fd, char *type_r, struct jm_buf *payload, int timeout_ms, struct jm_err *err) JM_MUST_CHECK;

#endif
