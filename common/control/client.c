/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's half of the control protocol: connect, send a request, take the answer in. */
#include "common/control/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/control/frame.h"
#include "common/json/read.h"

#define REQUEST_MS 10000
#define PROBE_MS 10000 /* at most, for the sign of life of a daemon that is silent */
#define POLL_MS 20
#define PIECE_BYTES 65536u            /* fits into the socket's buffer when it is empty */
#define OBJECT_MAX_BYTES (256u << 20) /* a report's own list of recipients may be very long */

static int silence_ms = JM_CLIENT_SILENCE_MS;
static int64_t until_us = INT64_MAX; /* of the monotonic clock: the end of all patience */

void jm_client_patience(int silence, int total)
{
	silence_ms = silence;
	until_us = total > 0 ? jm_clock_mono_us() + (int64_t)total * 1000 : INT64_MAX;
}

/* At most ms, and not after the end of all patience. */
static int within(int ms)
{
	int64_t left_ms = (until_us - jm_clock_mono_us()) / 1000;

	return left_ms >= ms ? ms : left_ms > 0 ? (int)left_ms : 0;
}

static int probe_ms(void)
{
	return within(silence_ms < PROBE_MS ? silence_ms : PROBE_MS);
}

/* ---- connecting ---- */

/* connect(2) for a socket that does not block: EAGAIN while the daemon's backlog is full. Returns
 * 0, or an errno. */
static int connect_to(int fd, const struct sockaddr_un *to)
{
	int64_t end_us = jm_clock_mono_us() + (int64_t)probe_ms() * 1000;

	for (;;) {
		if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0)
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return errno;
		if (jm_clock_mono_us() >= end_us)
			return EAGAIN;
		jm_clock_sleep_ms(POLL_MS);
	}
}

int jm_client_connect(const char *path, int *fd_r, struct jm_err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd, sys;

	/* The path is too long for a socket, so no daemon listens there. */
	if (strlen(path) >= sizeof to.sun_path)
		return 0;
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return jm_err_sys(err, JM_E_TEMP, "control socket %s", path);
	sys = connect_to(fd, &to);
	if (sys == 0) {
		*fd_r = fd;
		return 1;
	}
	close(fd);
	errno = sys;
	if (sys == ENOENT || sys == ECONNREFUSED || sys == ENOTDIR || sys == ENOTSOCK)
		return 0;
	if (sys == EACCES || sys == EPERM)
		return jm_err_sys(err, JM_E_DENIED,
		    "control socket %s (ask as root or as the daemon's user or group)", path);
	if (sys == EAGAIN)
		return jm_err_set(err, JM_E_TEMP,
		    "control socket %s: the daemon accepts no connection; it may be stopped or "
		    "hang: systemctl status journal-milter shows its state",
		    path);
	return jm_err_sys(err, JM_E_TEMP, "control socket %s", path);
}

/* ---- a silent daemon ---- */

/* The path of the socket at the other end; false: it is a process of ours, without a path. */
static bool peer_path(int fd, struct sockaddr_un *peer)
{
	socklen_t n = sizeof *peer;

	memset(peer, 0, sizeof *peer);
	return getpeername(fd, (struct sockaddr *)peer, &n) == 0 &&
	    n > offsetof(struct sockaddr_un, sun_path) && peer->sun_path[0] != '\0' &&
	    n <= sizeof *peer && memchr(peer->sun_path, '\0', sizeof peer->sun_path);
}

/* Does the daemon react to another request? Any frame is a sign of life, a refusal too. */
static bool reacts(const char *path)
{
	static const char request[] = "{\"verb\":\"live\"}";
	struct jm_err ignored;
	struct jm_buf b;
	bool any = false;
	char type;
	int fd;

	if (jm_client_connect(path, &fd, &ignored) != 1)
		return false;
	jm_buf_init(&b, JM_FRAME_MAX_BYTES);
	/* A daemon without room for another client sends its refusal without reading. */
	(void)!jm_frame_write(fd, 'Q', request, sizeof request - 1, probe_ms(), &ignored);
	any = jm_frame_read(fd, &type, &b, probe_ms(), &ignored) == 0;
	jm_buf_release(&b);
	close(fd);
	return any;
}

static int silent(int fd, struct jm_err *err)
{
	struct ucred peer = { .pid = 0 };
	socklen_t n = sizeof peer;

	if (until_us != INT64_MAX && within(1) == 0)
		return jm_err_set(err, JM_E_TEMP,
		    "the daemon has not finished its answer in the time that this verb has; it is "
		    "busy, or hangs");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 || peer.pid <= 0)
		return jm_err_set(err, JM_E_TEMP,
		    "the daemon has been silent for %d s; it may be stopped or hang",
		    silence_ms / 1000);
	return jm_err_set(err, JM_E_TEMP,
	    "the daemon (process %ld) has been silent for %d s; it may be stopped or hang: ps -o "
	    "pid,stat,args -p %ld shows its state, and with T there, kill -CONT %ld continues it",
	    (long)peer.pid, silence_ms / 1000, (long)peer.pid, (long)peer.pid);
}

/* Wait until fd is ready for events of poll(2), as long as the daemon lives. TEMP. */
static int await(int fd, short events, struct jm_err *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	struct sockaddr_un peer;
	bool limited = peer_path(fd, &peer);
	int n;

	for (;;) {
		n = poll(&p, 1, limited ? within(silence_ms) : -1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return jm_err_sys(err, JM_E_TEMP, "control socket: poll");
		if (n == 0 && (within(1) == 0 || !reacts(peer.sun_path)))
			return silent(fd, err);
	}
}

/* Read a frame: the first byte may take long, the others may not. */
static int read_frame(int fd, char *type_r, struct jm_buf *b, struct jm_err *err)
{
	struct sockaddr_un ignored;
	bool limited = peer_path(fd, &ignored);

	if (await(fd, POLLIN, err) != 0)
		return -1;
	if (jm_frame_read(fd, type_r, b, limited ? within(silence_ms) : -1, err) == 0)
		return 0;
	return err->sys == ETIMEDOUT ? silent(fd, err) : -1;
}

/* ---- answers ---- */

/* The kind whose name the daemon sent; BUG for an unknown name. */
static enum jm_err_kind client_kind(const char *name)
{
	int k;

	for (k = JM_E_TEMP; k <= JM_E_BUG; k++)
		if (strcmp(jm_err_kind_name((enum jm_err_kind)k), name) == 0)
			return (enum jm_err_kind)k;
	return JM_E_BUG;
}

/* An E frame: 0 for success, -1 with the daemon's error. */
static int end_of_answer(const json_t *end, struct jm_err *err)
{
	const char *kind = json_string_value(json_object_get(end, "kind")),
		   *text = json_string_value(json_object_get(end, "text"));

	if (!kind || !text)
		return jm_err_set(err, JM_E_CORRUPT, "the daemon's last frame lacks kind or text");
	if (kind[0] == '\0')
		return 0;
	return jm_err_set(err, client_kind(kind), "%s", text);
}

/* An R frame. */
static int more_rows(const json_t *value, const struct jm_answer_out *out, struct jm_err *err)
{
	const char *list = json_string_value(json_object_get(value, "list"));
	const json_t *rows = json_object_get(value, "rows");

	if (!list || !json_is_array(rows) || !out->rows)
		return jm_err_set(err, JM_E_CORRUPT, "the daemon sent rows where none belong");
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (!json_is_object(json_array_get(rows, i)))
			return jm_err_set(
			    err, JM_E_CORRUPT, "the daemon sent a row that is no object");
	return out->rows(out->ctx, list, rows, err);
}

/* Pass one frame of the answer on. 1 when more follow, 0 after the end of a success, -1. */
static int client_frame(
    char type, const struct jm_buf *b, const struct jm_answer_out *out, struct jm_err *err)
{
	json_t *value;
	int rc = -1;

	if (type == 'B' && out->bytes)
		return out->bytes(out->ctx, b->p, b->len, err) == 0 ? 1 : -1;
	if (type == 'B' || type == 'Q')
		return jm_err_set(err, JM_E_CORRUPT,
		    "the daemon sent a frame of type %c, which does not belong here", type);
	if (jm_json_read(b->p, b->len, &value, err) != 0)
		return jm_err_wrap(err, "a frame from the daemon");
	if (type == 'E')
		rc = end_of_answer(value, err);
	else if (type == 'R')
		rc = more_rows(value, out, err) == 0 ? 1 : -1;
	else if (type == 'O')
		rc = out->object(out->ctx, value, err) == 0 ? 1 : -1;
	else
		rc = !out->progress || out->progress(out->ctx, value, err) == 0 ? 1 : -1;
	json_decref(value);
	return rc;
}

/*
 * Read frames until the answer ends (0), or, with one, until its next object was passed on (1).
 * send_err: why what was asked could not be sent; NULL: it was sent. A peer that closed may have
 * said why; any other one still waits for what was asked.
 */
static int client_answer(int fd, const struct jm_answer_out *out, bool one,
    const struct jm_err *send_err, struct jm_err *err)
{
	struct jm_buf b;
	char type = 0;
	int rc = 1;

	if (send_err && send_err->sys != EPIPE && send_err->sys != ECONNRESET) {
		*err = *send_err;
		return -1;
	}
	jm_buf_init(&b, OBJECT_MAX_BYTES);
	while (rc > 0 && !(one && type == 'O')) {
		if (read_frame(fd, &type, &b, err) == 0) {
			rc = client_frame(type, &b, out, err);
			continue;
		}
		if (send_err || err->kind == JM_E_NOTFOUND || err->sys == ECONNRESET)
			jm_err_set(err, JM_E_TEMP,
			    "the daemon broke off before the end of its answer; it may have been "
			    "stopped");
		else if (err->kind == JM_E_CORRUPT) /* a restart of the daemon mends it */
			err->kind = JM_E_TEMP;
		rc = -1;
	}
	jm_buf_release(&b);
	return rc;
}

int jm_client_ask(
    int fd, const json_t *request, const struct jm_answer_out *out, struct jm_err *err)
{
	struct jm_err send_err;
	/* A daemon that has no room for another client closes without reading the request, but
	 * sends an error first: read it even when the request could not be sent. */
	int sent = jm_frame_write_json(fd, 'Q', request, REQUEST_MS, &send_err);

	return client_answer(fd, out, false, sent != 0 ? &send_err : NULL, err);
}

int jm_client_begin(int fd, const json_t *request, struct jm_err *err)
{
	return jm_frame_write_json(fd, 'Q', request, REQUEST_MS, err);
}

int jm_client_give(
    int fd, struct jm_span message, const struct jm_answer_out *out, struct jm_err *err)
{
	struct jm_err send_err;
	int rc = 0;

	/* An empty frame ends the message. */
	while (rc == 0 && message.len > 0) {
		size_t n = message.len < PIECE_BYTES ? message.len : PIECE_BYTES;

		if (await(fd, POLLOUT, err) != 0)
			return -1;
		rc = jm_frame_write(fd, 'B', message.p, n, silence_ms, &send_err);
		message = jm_span_sub(message, n, message.len);
	}
	if (rc == 0)
		rc = jm_frame_write(fd, 'B', NULL, 0, silence_ms, &send_err);
	rc = client_answer(fd, out, true, rc != 0 ? &send_err : NULL, err);
	if (rc == 0)
		return jm_err_set(err, JM_E_CORRUPT, "the daemon ended its answer too early");
	return rc < 0 ? -1 : 0;
}

int jm_client_end(int fd, const struct jm_answer_out *out, struct jm_err *err)
{
	struct jm_err send_err;
	int sent = jm_frame_write(fd, 'E', "{}", 2, REQUEST_MS, &send_err);

	return client_answer(fd, out, false, sent != 0 ? &send_err : NULL, err);
}
