/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of what comes over a connection: replies of a POP3 server, frames and requests of the
 * control socket, answers of name servers; the secrets in a server's text. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/num.h"
#include "common/base/secret.h"
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

/* ---- secrets in a server's text ---- */

#define SECRET_FORMS 6
#define SECRET_TEXT 6000

/* A form of a secret, made without the code under test, and its letters and digits. */
struct secret_form {
	char raw[2100];
	char bare[2100];
};

/* Lower case letters and digits of a text, as a text. */
static void bare_of(const char *text, size_t n, char *bare)
{
	for (size_t i = 0; i < n; i++)
		if ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'z'))
			*bare++ = text[i];
		else if (text[i] >= 'A' && text[i] <= 'Z')
			*bare++ = (char)(text[i] - 'A' + 'a');
	*bare = '\0';
}

/* The secret as it is; percent-encoded, its special characters or all of it; in base64 after 0, 1
 * and 2 other octets. */
static void secret_forms(struct jm_span secret, struct secret_form f[SECRET_FORMS])
{
	size_t n[3] = { 0, 0, 0 };
	char bare[2];

	memset(f, 0, SECRET_FORMS * sizeof *f);
	for (size_t i = 0; i < secret.len; i++) {
		bare_of((const char *)secret.p + i, 1, bare);
		f[0].raw[n[0]++] = (char)secret.p[i];
		if (bare[0] != '\0')
			f[1].raw[n[1]++] = (char)secret.p[i];
		else
			n[1] += (size_t)snprintf(f[1].raw + n[1], 4, "%%%02x", secret.p[i]);
		n[2] += (size_t)snprintf(f[2].raw + n[2], 3, "%02X", secret.p[i]);
	}
	for (size_t k = 0; k < 3; k++)
		bare_of(f[k].raw, n[k], f[k].bare);
	for (size_t shift = 0; shift < 3; shift++) {
		struct secret_form *one = &f[3 + shift];
		size_t from = (8 * shift + 5) / 6, to = (8 * (shift + secret.len)) / 6;
		unsigned char octets[600] = { 0 };

		memcpy(octets + shift, secret.p, secret.len);
		EVP_EncodeBlock((unsigned char *)one->raw, octets, (int)(shift + secret.len));
		bare_of(one->raw + from, to > from ? to - from : 0, one->bare);
	}
}

/* A letter or digit that no form has; 0: they have all. */
static char foreign_letter(const struct secret_form f[SECRET_FORMS])
{
	for (const char *c = "0123456789abcdefghijklmnopqrstuvwxyz"; *c != '\0'; c++) {
		bool used = false;

		for (size_t k = 0; k < SECRET_FORMS; k++)
			used |= strchr(f[k].bare, *c) != NULL;
		if (!used)
			return *c;
	}
	return '\0';
}

/* Claims about a piece of a clean text between two marks. ends: the text ends there. */
static void check_piece(const struct jm_secret *s, const struct secret_form f[SECRET_FORMS],
    const char *piece, size_t n, bool ends)
{
	char bare[SECRET_TEXT], again[SECRET_TEXT + 20], foreign = foreign_letter(f);

	bare_of(piece, n, bare);
	for (size_t k = 0; k < SECRET_FORMS; k++)
		fuzz_claim(!strstr(bare, f[k].bare), "no form of the secret is left");
	if (!ends && foreign == '\0')
		return;
	/* At its end a text may be cut off, so the beginning of a form goes there. */
	memcpy(again, piece, n);
	memset(again + n, ' ', 1);
	memset(again + n + 1, foreign, 8);
	again[ends ? n : n + 9] = '\0';
	jm_secret_clean(s, again, sizeof again);
	fuzz_claim(strlen(again) == (ends ? n : n + 9) && memcmp(again, piece, n) == 0,
	    "what is clean stays as it is");
}

/* secret LF, then octets: which form is put where into the text, and the room; the text. */
static void run_secret(struct jm_span in)
{
	static const char mark[] = "[secret]";
	struct jm_span secret = fuzz_first_line(&in);
	size_t k = fuzz_octet(&in) % (SECRET_FORMS + 1), at = fuzz_octet(&in) * 16, room;
	struct secret_form f[SECRET_FORMS];
	char text[SECRET_TEXT];
	const char *p = text, *next;
	bool short_form = false;
	struct jm_secret s;
	size_t n, bytes;

	room = fuzz_octet(&in);
	if (secret.len == 0 || secret.len > 500 || in.len > 4000 ||
	    jm_secret_init(&s, secret, NULL) != 0)
		return;
	secret_forms(secret, f);
	at = at < in.len ? at : in.len;
	snprintf(text, sizeof text, "%.*s%s%.*s", (int)at, (const char *)in.p,
	    k < SECRET_FORMS ? f[k].raw : "", (int)(in.len - at), (const char *)in.p + at);
	n = strlen(text);
	bytes = n + 1 + room < sizeof text ? n + 1 + room : sizeof text;
	jm_secret_clean(&s, text, bytes);
	fuzz_claim(strlen(text) < bytes && strlen(text) < 4096, "the text keeps within its room");
	for (k = 0; k < SECRET_FORMS; k++)
		short_form |= strlen(f[k].bare) < 4;
	fuzz_claim(s.opaque == short_form, "only a short form hides a text whole");
	if (s.opaque) {
		fuzz_claim(n == 0 ||
			strstr("[text of the server hidden: the password is too short]", text),
		    "a text with a short secret is hidden whole");
		goto out;
	}
	fuzz_claim(strlen(text) <= 2 * n, "a mark is at most twice what it replaces");
	room = bytes < 4096 ? bytes : 4096;
	while ((next = strstr(p, mark)) != NULL) {
		check_piece(&s, f, p, (size_t)(next - p), false);
		p = next + sizeof mark - 1;
	}
	check_piece(&s, f, p, strlen(p), strlen(text) + sizeof mark < room);
out:
	jm_secret_release(&s);
}

const struct fuzz_target fuzz_peer[] = {
	{ "dot", run_dot },
	{ "pop3", run_pop3 },
	{ "frame", run_frame },
	{ "request", run_request },
	{ "dns", run_dns },
	{ "http", run_http },
	{ "secret", run_secret },
	{ NULL },
};
