/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of what comes over a connection: replies of a POP3 server, frames and requests of the
 * control socket, answers of name servers. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/num.h"
#include "common/control/argument.h"
#include "common/control/criterion.h"
#include "common/control/frame.h"
#include "common/control/known.h"
#include "common/control/respond.h"
#include "common/json/value.h"
#include "common/pop3/dot.h"
#include "common/pop3/listing.h"
#include "common/pop3/session.h"
#include "common/pop3/transfer.h"
#include "milter/ctl/cli/dns.h"
#include "milter/web/serve.h"
#include "t/fuzz/fuzz.h"

/* ---- POP3 ---- */

static void gather(void *ctx, const unsigned char *p, size_t n)
{
	if (jm_buf_add(ctx, p, n, NULL) != 0)
		abort();
}

/* Whole and in pieces of a size must give the same, and end at the same place. */
static void run_dot(struct jm_span in)
{
	size_t piece = in.len > 0 ? 1 + in.p[0] % 7u : 1, ended[2] = { 0, 0 };
	struct jm_buf out[2];
	struct jm_pop3_dot d;

	for (size_t k = 0; k < 2; k++) {
		jm_buf_init(&out[k], FUZZ_OUT_BYTES);
		jm_pop3_dot_init(&d);
		for (size_t at = 0, n; at < in.len && d.state != JM_POP3_DOT_ENDED; at += n) {
			n = k == 0 || in.len - at < piece ? in.len - at : piece;
			ended[k] += jm_pop3_dot_feed(&d, in.p + at, n, gather, &out[k]);
		}
	}
	fuzz_claim(ended[0] == ended[1] && jm_span_eq(jm_buf_span(&out[0]), jm_buf_span(&out[1])),
	    "pieces give what the whole gives");
	jm_buf_release(&out[0]);
	jm_buf_release(&out[1]);
}

/* A server that sends its lines whatever the request is. */
struct server {
	struct jm_span rest;
	size_t piece;
};

static ssize_t hear(void *ctx, void *p, size_t n, int64_t timeout_ms, enum jm_pop3_fault *fault_r,
    struct jm_err *err)
{
	struct server *s = ctx;

	(void)timeout_ms, (void)fault_r, (void)err;
	n = n < s->piece ? n : s->piece;
	n = n < s->rest.len ? n : s->rest.len;
	if (n)
		memcpy(p, s->rest.p, n);
	s->rest = jm_span_sub(s->rest, n, s->rest.len);
	return (ssize_t)n;
}

static int say(void *ctx, const void *p, size_t n, int64_t timeout_ms, enum jm_pop3_fault *fault_r,
    struct jm_err *err)
{
	(void)ctx, (void)p, (void)n, (void)timeout_ms, (void)fault_r, (void)err;
	return 0;
}

static int take(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p;
	return n == 3 ? jm_err_set(err, JM_E_LIMIT, "too much") : 0;
}

static bool go_on(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	(void)ctx;
	fuzz_claim(fault == JM_POP3_FINE || err->kind != JM_E_NONE, "a fault has an error");
	return at < 4;
}

static void run_pop3(struct jm_span in)
{
	struct server server = { in, in.len > 0 ? 1 + in.p[in.len - 1] : 1 };
	const struct jm_pop3_wire wire = { hear, say, &server };
	static const struct jm_pop3_receiver receiver = { take, NULL, go_on, NULL };
	const uint32_t numbers[] = { 1, 2, 3, 4, 5, 6 };
	struct jm_pop3_listing l = { .n = 0 };
	struct jm_pop3_session s;
	struct jm_err err;

	if (jm_pop3_session_init(&s, &wire, &err) != 0)
		return;
	s.depth = 12; /* nothing is left to read only between batches */
	s.group = 2;
	if (jm_pop3_survey(&s, &l, &err) == 0) {
		for (size_t i = 1; i < l.n; i++)
			fuzz_claim(l.v[i - 1].number < l.v[i].number,
			    "messages are listed once each, in order");
		if (jm_pop3_retr(&s, numbers, 6, &receiver, &err) != 0 ||
		    jm_pop3_dele(&s, numbers, 3, go_on, NULL, &err) != 0 ||
		    jm_pop3_quit(&s, NULL, &err) != 0)
			fuzz_claim(err.text[0], "what failed is told");
	}
	jm_pop3_listing_release(&l);
	jm_pop3_session_release(&s);
}

/* ---- the control socket ---- */

/* A socket from which in can be read, and then nothing more; -1: it fails. */
static int connection(struct jm_span in)
{
	int ends[2];

	if (in.len > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	if (in.len > 0 && send(ends[0], in.p, in.len, MSG_NOSIGNAL) != (ssize_t)in.len)
		abort();
	close(ends[0]);
	return ends[1];
}

/* Is whole what the frames from *at of in on make: pieces, whose type is in lower case, and the end
 * of the payload? *at is moved past them. */
static bool is_sent(struct jm_span in, size_t *at, char type, struct jm_span whole)
{
	struct jm_span piece;
	unsigned char t;
	size_t used = 0;

	do {
		t = in.p[*at];
		piece = jm_span_sub(in, *at + 5, jm_num_get_be32(in.p + *at + 1));
		if (!jm_span_eq(piece, jm_span_sub(whole, used, piece.len)))
			return false;
		used += piece.len;
		*at += 5 + piece.len;
	} while (t >= 'a');
	return t == (unsigned char)type && used == whole.len;
}

static void run_frame(struct jm_span in)
{
	struct jm_buf payload;
	int fd = connection(in);
	struct jm_err err;
	size_t at = 0;
	char type;

	if (fd < 0)
		return;
	jm_buf_init(&payload, 4096);
	while (jm_frame_read(fd, &type, &payload, 1000, &err) == 0) {
		fuzz_claim(payload.len <= 4096, "a frame is no larger than its cap");
		fuzz_claim(is_sent(in, &at, type, jm_buf_span(&payload)),
		    "a frame has the octets that were sent");
	}
	fuzz_claim(err.text[0], "what ends the frames has a text");
	jm_buf_release(&payload);
	close(fd);
}

static int put_object(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx, (void)o, (void)err;
	return 0;
}

static int put_rows(void *ctx, const char *list, const json_t *rows, struct jm_err *err)
{
	(void)ctx, (void)list, (void)rows, (void)err;
	return 0;
}

static int put_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p, (void)n, (void)err;
	return 0;
}

static int no_message(void *ctx, struct jm_span *message_r, struct jm_err *err)
{
	(void)ctx, (void)message_r, (void)err;
	return 0;
}

/* Some verbs wait or copy without an end of their own. */
static bool is_endless(const json_t *request)
{
	static const char *const verbs[] = { "follow", "watch", "events", "backup", NULL };
	const char *verb = jm_json_str(request, "verb");

	for (size_t i = 0; verb && verbs[i]; i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

static struct jm_archive *archive;

static void close_archive(void)
{
	jm_archive_close(&archive);
}

static bool open_archive(void)
{
	struct jm_archive_options options = { .verbatim = true };
	struct jm_err err;

	if (archive)
		return true;
	options.dir = fuzz_folder("empty");
	if (jm_archive_open(&options, &archive, &err) != 0)
		return false;
	atexit(close_archive);
	return true;
}

/* A request, answered from an empty archive. */
static void run_request(struct jm_span in)
{
	static const struct jm_answer_out out = { .object = put_object,
		.rows = put_rows,
		.progress = put_object,
		.bytes = put_bytes,
		.message = no_message };
	static const struct jm_peer peer = { 1000, 1000, 4711, 1000 };
	unsigned char head[5] = { 'Q', 0, 0, (unsigned char)(in.len >> 8), (unsigned char)in.len };
	json_t *request = NULL;
	struct jm_buf frame;
	struct jm_err err;
	int fd;

	if (in.len > 60000 || !open_archive())
		return;
	jm_buf_init(&frame, 65536);
	if (jm_buf_add(&frame, head, sizeof head, NULL) != 0 ||
	    jm_buf_add_span(&frame, in, NULL) != 0)
		abort();
	fd = connection(jm_buf_span(&frame));
	jm_buf_release(&frame);
	if (fd < 0)
		return;
	if (jm_respond_read(fd, 1000, &request, &err) == 0 && !is_endless(request)) {
		err.text[0] = '\0';
		if (jm_answer(archive, NULL, &peer, request, &out, &err) != 0)
			fuzz_claim(err.text[0], "a refusal has a text");
	}
	json_decref(request);
	close(fd);
}

/* ---- others ---- */

static void run_dns(struct jm_span in)
{
	struct jm_buf texts;
	struct jm_err err;

	jm_buf_init(&texts, FUZZ_OUT_BYTES);
	if (jm_dns_texts(in, &texts, &err) == 1)
		fuzz_claim(texts.len > 0, "a record gives a line");
	jm_buf_release(&texts);
}

/* A server of the status page on a port of its own; returns the port. */
static unsigned short web_server(void)
{
	static struct sockaddr_in at;
	socklen_t n = sizeof at;
	int fd;

	if (at.sin_port != 0)
		return at.sin_port;
	at.sin_family = AF_INET;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0 ||
	    !jm_server_start(fd, "/nonexistent", 0, NULL))
		abort();
	return at.sin_port;
}

/* A request in two pieces; the answer, if any, is whole. */
static void run_http(struct jm_span in)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = web_server(),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	size_t cut = fuzz_octet(&in);
	struct jm_span first = jm_span_sub(in, 0, cut), second = jm_span_sub(in, cut, in.len);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char answer[65536];
	size_t n = 0;
	ssize_t got;

	if (in.len > 16000 || fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		goto out;
	if (first.len > 0)
		(void)!send(fd, first.p, first.len, MSG_NOSIGNAL);
	if (second.len > 0)
		(void)!send(fd, second.p, second.len, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (n < sizeof answer && (got = recv(fd, answer + n, sizeof answer - n, 0)) > 0)
		n += (size_t)got;
	fuzz_claim(n == 0 || (n > 12 && memcmp(answer, "HTTP/1.", 7) == 0), "an answer is HTTP");
	fuzz_claim(n == 0 || memmem(answer, n, "\r\n\r\n", 4), "an answer has a whole head");
out:
	if (fd >= 0)
		close(fd);
}

const struct fuzz_target fuzz_peer[] = {
	{ "dot", run_dot },
	{ "pop3", run_pop3 },
	{ "frame", run_frame },
	{ "request", run_request },
	{ "dns", run_dns },
	{ "http", run_http },
	{ NULL },
};
