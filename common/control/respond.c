/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and answers on a connection. The verbs are in answer.c. See respond.h. */
#include "common/control/respond.h"

#include "common/archive/deposit.h"
#include "common/base/spool.h"
#include "common/control/frame.h"
#include "common/json/read.h"
#include "common/json/write.h"

#define REQUEST_MAX_BYTES 65536u
#define PIECE_BYTES 262144u

struct peer {
	int fd, timeout_ms;
	struct jm_spool spool; /* import: the message that is being received */
};

static int put_object(void *ctx, const json_t *object, struct jm_err *err)
{
	const struct peer *p = ctx;

	return jm_frame_write_json(p->fd, 'O', object, p->timeout_ms, err);
}

static int put_rows(void *ctx, const char *list, const json_t *rows, struct jm_err *err)
{
	const struct peer *p = ctx;
	json_t *o = json_pack("{s:s, s:O}", "list", list, "rows", rows);
	struct jm_buf text;
	int rc = -1;

	/* There may be a million rows: jansson's own writer is many times slower. */
	jm_buf_init(&text, SIZE_MAX / 2);
	if (!o)
		(void)jm_err_set(err, JM_E_TEMP, "no memory for an answer");
	else if (jm_json_write(&text, o, err) == 0)
		rc = jm_frame_write_text(p->fd, 'R', jm_buf_span(&text), p->timeout_ms, err);
	jm_buf_release(&text);
	json_decref(o);
	return rc;
}

static int put_progress(void *ctx, const json_t *object, struct jm_err *err)
{
	const struct peer *p = ctx;

	return jm_frame_write_json(p->fd, 'P', object, p->timeout_ms, err);
}

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	const struct peer *peer = ctx;
	const unsigned char *at = p;

	while (n > 0) {
		size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;

		if (jm_frame_write(peer->fd, 'B', at, piece, peer->timeout_ms, err) != 0)
			return -1;
		at += piece;
		n -= piece;
	}
	return 0;
}

/* The next message of an import: frames of bytes, the last one empty. */
static int get_message(void *ctx, struct jm_span *message_r, struct jm_err *err)
{
	struct peer *p = ctx;
	struct jm_buf b;
	char type = 0;
	int rc;

	jm_spool_reset(&p->spool);
	jm_buf_init(&b, PIECE_BYTES);
	do {
		rc = jm_frame_read(p->fd, &type, &b, p->timeout_ms, err);
		if (rc == 0 && type == 'B' && b.len > 0)
			rc = jm_spool_write(&p->spool, b.p, b.len, err);
	} while (rc == 0 && type == 'B' && b.len > 0);
	if (rc < 0 && err->kind == JM_E_NOTFOUND)
		(void)jm_err_set(err, JM_E_TEMP, "import: the client broke off");
	if (rc == 0 && type == 'B')
		rc = jm_spool_view(&p->spool, message_r, err) == 0 ? 1 : -1;
	else if (rc == 0 && (type != 'E' || p->spool.len > 0))
		rc = jm_err_set(
		    err, JM_E_USAGE, "import: a frame of type %c inside a message", type);
	jm_buf_release(&b);
	return rc;
}

int jm_respond_read(int fd, int timeout_ms, json_t **request_r, struct jm_err *err)
{
	struct jm_err cause;
	struct jm_buf b;
	char type;
	int rc = -1;

	jm_buf_init(&b, REQUEST_MAX_BYTES);
	if (jm_frame_read(fd, &type, &b, timeout_ms, err) != 0)
		goto out;
	if (type != 'Q') {
		jm_err_set(
		    err, JM_E_USAGE, "control socket: a request begins with a frame of type Q");
		goto out;
	}
	rc = jm_json_read_strict(b.p, b.len, request_r, &cause);
	if (rc != 0)
		jm_err_set(err, cause.kind == JM_E_CORRUPT ? JM_E_USAGE : cause.kind,
		    "control socket: the request: %s", cause.text);
out:
	jm_buf_release(&b);
	return rc;
}

int jm_respond_answer(const struct jm_respond_to *to, struct jm_archive *a,
    const json_t *daemon_state, const json_t *request, struct jm_err *err)
{
	struct peer p = { .fd = to->fd, .timeout_ms = to->timeout_ms };
	const struct jm_answer_out out = { .object = put_object,
		.rows = put_rows,
		.progress = put_progress,
		.bytes = put_bytes,
		.message = get_message,
		.ctx = &p };
	int rc;

	jm_spool_init(&p.spool, jm_archive_tmp_dir(a), JM_MESSAGE_MAX_BYTES);
	rc = jm_answer(a, daemon_state, &to->peer, request, &out, err);
	jm_spool_release(&p.spool);
	return rc;
}

int jm_respond_end(int fd, int timeout_ms, const struct jm_err *cause, struct jm_err *err)
{
	const char *kind = cause ? jm_err_kind_name(cause->kind) : "";
	json_t *end = json_pack("{s:s, s:s}", "kind", kind, "text", cause ? cause->text : "");
	int rc;

	if (!end)
		end = json_pack(
		    "{s:s, s:s}", "kind", kind, "text", "the daemon's log says what failed");
	rc = jm_frame_write_json(fd, 'E', end, timeout_ms, err);
	json_decref(end);
	return rc;
}
