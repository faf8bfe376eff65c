/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing whole frames, with caps and deadlines. Their content: answer.c. */
#include "common/control/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/json/write.h"

#define HEADER_BYTES 5
#define GROW_BYTES 65536u /* memory is taken in steps of this size, as bytes arrive */

static const char types[] = "QORPBE", in_pieces[] = "qorpe"; /* of a piece that is not the last */

/* An error that callers know by err->sys. */
static int frame_failed(int sys, struct jm_err *err, enum jm_err_kind kind, const char *what)
{
	(void)jm_err_set(err, kind, "control socket: %s", what);
	if (err)
		err->sys = sys;
	return -1;
}

/* Wait for events of poll(2), until until_us of the monotonic clock (-1: for ever). TEMP. */
static int wait_for(int fd, short events, int64_t until_us, struct jm_err *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left_ms = -1;
		int n;

		if (until_us >= 0) {
			left_ms = (until_us - jm_clock_mono_us() + 999) / 1000;
			if (left_ms <= 0)
				return frame_failed(
				    ETIMEDOUT, err, JM_E_TEMP, "the peer took too long");
		}
		n = poll(&p, 1, left_ms > 3600000 ? 3600000 : (int)left_ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return jm_err_sys(err, JM_E_TEMP, "control socket: poll");
	}
}

static int64_t deadline_us(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : jm_clock_mono_us() + (int64_t)timeout_ms * 1000;
}

static int send_all(
    int fd, const unsigned char *p, size_t n, int flags, int timeout_ms, struct jm_err *err)
{
	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT | flags);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (wait_for(fd, POLLOUT, deadline_us(timeout_ms), err) != 0)
				return -1;
		} else if (errno != EINTR) {
			return jm_err_sys(err, JM_E_TEMP, "control socket: send");
		}
	}
	return 0;
}

int jm_frame_write(int fd, char type, const void *p, size_t n, int timeout_ms, struct jm_err *err)
{
	unsigned char header[HEADER_BYTES];

	if (n > JM_FRAME_MAX_BYTES)
		return jm_err_set(err, JM_E_LIMIT,
		    "control socket: a frame of %zu bytes, at most %u are allowed", n,
		    JM_FRAME_MAX_BYTES);
	header[0] = (unsigned char)type;
	jm_num_put_be32(header + 1, (uint32_t)n);
	if (send_all(fd, header, sizeof header, n > 0 ? MSG_MORE : 0, timeout_ms, err) != 0)
		return -1;
	return send_all(fd, p, n, 0, timeout_ms, err);
}

/* The type of a frame that another one of the same payload follows. */
static char piece_of(char type)
{
	return (char)(type - 'A' + 'a');
}

int jm_frame_write_text(int fd, char type, struct jm_span text, int timeout_ms, struct jm_err *err)
{
	int rc = 0;

	while (rc == 0 && text.len > JM_FRAME_MAX_BYTES) {
		rc = jm_frame_write(
		    fd, piece_of(type), text.p, JM_FRAME_MAX_BYTES, timeout_ms, err);
		text = jm_span_sub(text, JM_FRAME_MAX_BYTES, text.len);
	}
	return rc == 0 ? jm_frame_write(fd, type, text.p, text.len, timeout_ms, err) : -1;
}

int jm_frame_write_json(int fd, char type, const json_t *value, int timeout_ms, struct jm_err *err)
{
	struct jm_buf text;
	int rc;

	jm_buf_init(&text, SIZE_MAX / 2);
	rc = jm_json_dump(&text, value, err) != 0
	    ? jm_err_wrap(err, "control socket")
	    : jm_frame_write_text(fd, type, jm_buf_span(&text), timeout_ms, err);
	jm_buf_release(&text);
	return rc;
}

/* Read exactly n bytes. 0; -1 with NOTFOUND when the peer closed before the first byte, CORRUPT
 * when it closed later, or TEMP. */
static int receive_all(int fd, unsigned char *p, size_t n, int64_t until_us, struct jm_err *err)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = recv(fd, p + have, n - have, MSG_DONTWAIT);

		if (got > 0) {
			have += (size_t)got;
		} else if (got == 0) {
			if (have == 0)
				return jm_err_set(
				    err, JM_E_NOTFOUND, "control socket: the peer closed");
			return frame_failed(ECONNRESET, err, JM_E_CORRUPT,
			    "the peer closed in the middle of a frame");
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (wait_for(fd, POLLIN, until_us, err) != 0)
				return -1;
		} else if (errno != EINTR) {
			return jm_err_sys(err, JM_E_TEMP, "control socket: receive");
		}
	}
	return 0;
}

/* Read the payload of a frame of n bytes, which is appended. */
static int read_payload(
    int fd, size_t n, struct jm_buf *payload, int64_t until_us, struct jm_err *err)
{
	struct jm_err cause;

	while (n > 0) {
		size_t want = n < GROW_BYTES ? n : GROW_BYTES;

		if (jm_buf_reserve(payload, want, err) != 0)
			return -1;
		if (receive_all(fd, payload->p + payload->len, want, until_us, &cause) != 0) {
			if (cause.kind == JM_E_NOTFOUND)
				return frame_failed(ECONNRESET, err, JM_E_CORRUPT,
				    "the peer closed in the middle of a frame");
			if (err)
				*err = cause;
			return -1;
		}
		payload->len += want;
		n -= want;
	}
	return 0;
}

/* Check the header of a frame; first: the type of the payload's first frame, or NUL. */
static int check_header(const unsigned char header[HEADER_BYTES], char first, struct jm_err *err)
{
	char type = (char)header[0];
	bool piece = type != '\0' && strchr(in_pieces, type);
	size_t n = jm_num_get_be32(header + 1);

	if (type == '\0' || (!piece && !strchr(types, type)))
		return jm_err_set(err, JM_E_CORRUPT,
		    "control socket: frame of unknown type 0x%02x (programs of different versions? "
		    "after an upgrade, restart journal-milter)",
		    header[0]);
	if (first != '\0' && type != first && type != first - 'a' + 'A')
		return jm_err_set(err, JM_E_CORRUPT,
		    "control socket: frame of type %c within a payload of type %c", type, first);
	if (piece && n == 0)
		return jm_err_set(err, JM_E_CORRUPT, "control socket: an empty piece");
	if (n > JM_FRAME_MAX_BYTES)
		return jm_err_set(err, JM_E_LIMIT,
		    "control socket: a frame of %zu bytes, at most %u are allowed", n,
		    JM_FRAME_MAX_BYTES);
	return 0;
}

int jm_frame_read(int fd, char *type_r, struct jm_buf *payload, int timeout_ms, struct jm_err *err)
{
	int64_t until_us = deadline_us(timeout_ms);
	unsigned char header[HEADER_BYTES];
	char first = '\0';

	jm_buf_reset(payload);
	do {
		if (receive_all(fd, header, sizeof header, until_us, err) != 0) {
			if (first != '\0' && err && err->kind == JM_E_NOTFOUND)
				return frame_failed(ECONNRESET, err, JM_E_CORRUPT,
				    "the peer closed in the middle of a payload");
			return -1;
		}
		if (check_header(header, first, err) != 0 ||
		    read_payload(fd, jm_num_get_be32(header + 1), payload, until_us, err) != 0)
			return -1;
		first = (char)header[0];
	} while (first >= 'a');
	*type_r = first;
	return 0;
}
