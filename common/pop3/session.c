/* SPDX-License-Identifier: BSD-2-Clause */
/* See session.h: commands and their answers. The mailbox listing is in listing.c, the reading in
 * answer.c. */
#include "common/pop3/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/pop3/answer.h"
#include "common/pop3/dot.h"

#define IN_BYTES 65536u

int jm_pop3_session_init(
    struct jm_pop3_session *s, const struct jm_pop3_wire *wire, struct jm_err *err)
{
	*s = (struct jm_pop3_session){
		.wire = *wire,
		.answer_timeout_ms = 60000,
		.quit_timeout_ms = 600000,
		.drain_timeout_ms = 600000,
		.depth = 1,
	};
	s->in = malloc(IN_BYTES);
	if (!s->in)
		return jm_err_sys(err, JM_E_TEMP, "cannot start a pop3 session");
	return 0;
}

void jm_pop3_session_release(struct jm_pop3_session *s)
{
	free(s->in);
	*s = (struct jm_pop3_session){ .broken = JM_POP3_CUT };
}

const char *jm_pop3_fault_name(enum jm_pop3_fault f)
{
	static const char *const names[] = { "fine", "refused", "sink", "cut", "stall", "stopped",
		"garbage" };

	return (size_t)f < sizeof names / sizeof *names ? names[f] : "unknown";
}

/* End the session. Returns -1. */
static int breaks(struct jm_pop3_session *s, enum jm_pop3_fault fault)
{
	s->broken = fault;
	return -1;
}

int jm_pop3_fill(struct jm_pop3_session *s, int64_t timeout_ms, struct jm_err *err)
{
	enum jm_pop3_fault fault = JM_POP3_CUT;
	ssize_t n;

	if (s->broken != JM_POP3_FINE)
		return jm_err_set(
		    err, JM_E_TEMP, "the pop3 session is over (%s)", jm_pop3_fault_name(s->broken));
	if (s->in_pos < s->in_len)
		return 0;
	n = s->wire.recv(s->wire.ctx, s->in, IN_BYTES, timeout_ms, &fault, err);
	if (n > 0) {
		s->in_pos = 0;
		s->in_len = (size_t)n;
		s->received_bytes += (uint64_t)n;
		return 0;
	}
	if (n == 0)
		jm_err_set(
		    err, JM_E_TEMP, "the server closed the connection before its answer was whole");
	return breaks(s, n == 0 ? JM_POP3_CUT : fault);
}

int jm_pop3_say(struct jm_pop3_session *s, const char *text, size_t n, struct jm_err *err)
{
	enum jm_pop3_fault fault = JM_POP3_CUT;

	if (s->broken != JM_POP3_FINE)
		return jm_err_set(
		    err, JM_E_TEMP, "the pop3 session is over (%s)", jm_pop3_fault_name(s->broken));
	if (s->wire.send(s->wire.ctx, text, n, s->answer_timeout_ms, &fault, err) != 0)
		return breaks(s, fault);
	return 0;
}

int jm_pop3_line(struct jm_pop3_session *s, int64_t timeout_ms, unsigned char *line, size_t *len_r,
    bool *long_r, struct jm_err *err)
{
	size_t len = 0, seen = 0;
	unsigned char last = 0;

	*long_r = false;
	for (;;) {
		const unsigned char *p, *lf;
		size_t n, keep;

		if (jm_pop3_fill(s, timeout_ms, err) != 0)
			return -1;
		p = s->in + s->in_pos;
		n = s->in_len - s->in_pos;
		lf = memchr(p, '\n', n);
		if (lf)
			n = (size_t)(lf - p);
		keep = n < JM_POP3_LINE_BYTES - len ? n : JM_POP3_LINE_BYTES - len;
		memcpy(line + len, p, keep);
		len += keep;
		if (keep < n)
			*long_r = true;
		if (n)
			last = p[n - 1];
		seen += n;
		s->in_pos += n + (lf ? 1 : 0);
		if (lf)
			break;
		if (seen > JM_POP3_MAX_LINE_BYTES) {
			jm_err_set(err, JM_E_LIMIT, "the server sent a line of more than %u bytes",
			    JM_POP3_MAX_LINE_BYTES);
			return breaks(s, JM_POP3_GARBAGE);
		}
	}
	/* the CR may have fallen behind the kept part; then the line is long anyway */
	if (!*long_r && len && last == '\r')
		len--;
	*len_r = len;
	return 0;
}

int jm_pop3_status(
    struct jm_pop3_session *s, int64_t timeout_ms, enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	unsigned char line[JM_POP3_LINE_BYTES];
	struct jm_span l;
	size_t len, i;
	bool is_long;

	*fault_r = JM_POP3_FINE;
	if (jm_pop3_line(s, timeout_ms, line, &len, &is_long, err) != 0) {
		*fault_r = s->broken;
		return -1;
	}
	for (i = 0; i < len && i < sizeof s->reply - 1; i++)
		s->reply[i] = line[i] >= 0x20 && line[i] < 0x7f ? (char)line[i] : '?';
	s->reply[i] = '\0';
	l = jm_span_of(line, len);
	if (jm_span_starts_nocase(l, jm_span_str("+OK")))
		return 0;
	if (jm_span_starts_nocase(l, jm_span_str("-ERR"))) {
		*fault_r = JM_POP3_REFUSED;
		return jm_err_set(err, JM_E_TEMP, "the server refused: %s", s->reply);
	}
	*fault_r = JM_POP3_GARBAGE;
	jm_err_set(err, JM_E_TEMP, "the server's answer is neither +OK nor -ERR: %.100s", s->reply);
	return breaks(s, JM_POP3_GARBAGE);
}

/* One message on its way to the sink. */
struct passage {
	jm_pop3_sink *sink;
	void *ctx;
	bool failed;
	struct jm_err *err; /* why the sink failed */
};

static void hand_on(void *ctx, const unsigned char *p, size_t n)
{
	struct passage *g = ctx;

	if (!g->failed && g->sink(g->ctx, p, n, g->err) != 0)
		g->failed = true;
}

static int read_body(struct jm_pop3_session *s, struct passage *g, struct jm_err *err)
{
	struct jm_pop3_dot dot;
	int64_t drained_from_us = 0;

	jm_pop3_dot_init(&dot);
	while (dot.state != JM_POP3_DOT_ENDED) {
		if (jm_pop3_fill(s, s->answer_timeout_ms, err) != 0)
			return -1;
		s->in_pos += jm_pop3_dot_feed(
		    &dot, s->in + s->in_pos, s->in_len - s->in_pos, hand_on, g);
		if (!g->failed)
			continue;
		if (!drained_from_us)
			drained_from_us = jm_clock_mono_us();
		else if (jm_clock_mono_us() - drained_from_us > s->drain_timeout_ms * 1000) {
			jm_err_set(err, JM_E_LIMIT,
			    "the rest of a message that was not taken does not end");
			return breaks(s, JM_POP3_GARBAGE);
		}
	}
	return 0;
}

static int refuse_all(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p, (void)n;
	return jm_err_set(err, JM_E_TEMP, "no longer wanted");
}

/* A row of commands with one message number each; sink NULL: the answers are single lines. */
struct row {
	const char *verb;
	const uint32_t *numbers;
	size_t n, sent, answered;
	jm_pop3_sink *sink;
	jm_pop3_done *done;
	void *ctx;
	bool stop;
};

/* Send until depth commands are under way; many in one write. */
static int top_up(struct jm_pop3_session *s, struct row *r, struct jm_err *err)
{
	char out[JM_POP3_MAX_DEPTH * 20];
	unsigned depth = s->depth < 1      ? 1
	    : s->depth > JM_POP3_MAX_DEPTH ? JM_POP3_MAX_DEPTH
					   : s->depth;
	size_t len = 0;

	/* half a window at a time: as fast as one by one, with fewer packets */
	if (r->stop || r->sent == r->n || r->sent - r->answered > depth / 2)
		return 0;
	while (r->sent < r->n && r->sent - r->answered < depth)
		len += (size_t)snprintf(out + len, sizeof out - len, "%s %u\r\n", r->verb,
		    (unsigned)r->numbers[r->sent++]);
	return jm_pop3_say(s, out, len, err);
}

static int run_row(struct jm_pop3_session *s, struct row *r, struct jm_err *err)
{
	while (r->answered < (r->stop ? r->sent : r->n)) {
		struct jm_err own = { JM_E_NONE, 0, "" };
		struct passage g = { r->stop ? refuse_all : r->sink, r->ctx, false, &own };
		enum jm_pop3_fault fault;

		if (top_up(s, r, err) != 0)
			return -1;
		if (jm_pop3_status(s, s->answer_timeout_ms, &fault, &own) != 0 &&
		    fault != JM_POP3_REFUSED) {
			if (err)
				*err = own;
			return jm_err_wrap(
			    err, "%s %u", r->verb, (unsigned)r->numbers[r->answered]);
		}
		if (fault == JM_POP3_FINE && r->sink) {
			if (read_body(s, &g, err) != 0)
				return jm_err_wrap(
				    err, "%s %u", r->verb, (unsigned)r->numbers[r->answered]);
			if (g.failed || r->stop)
				fault = JM_POP3_SINK;
			if (!g.failed && r->stop) /* there was no byte to refuse */
				jm_err_set(&own, JM_E_TEMP, "no longer wanted");
		}
		if (!r->done(r->ctx, r->answered, fault, &own))
			r->stop = true;
		r->answered++;
	}
	return 0;
}

int jm_pop3_retr(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_sink *sink,
    jm_pop3_done *done, void *ctx, struct jm_err *err)
{
	struct row r = {
		.verb = "RETR", .numbers = numbers, .n = n, .sink = sink, .done = done, .ctx = ctx
	};

	return run_row(s, &r, err);
}

int jm_pop3_dele(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_done *done,
    void *ctx, struct jm_err *err)
{
	struct row r = { .verb = "DELE", .numbers = numbers, .n = n, .done = done, .ctx = ctx };

	return run_row(s, &r, err);
}

int jm_pop3_quit(struct jm_pop3_session *s, enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	enum jm_pop3_fault fault;
	int rc = jm_pop3_say(s, "QUIT\r\n", 6, err);

	fault = s->broken;
	if (rc == 0)
		rc = jm_pop3_status(s, s->quit_timeout_ms, &fault, err);
	if (rc != 0)
		jm_err_wrap(err, "QUIT");
	if (fault_r)
		*fault_r = fault;
	if (s->broken == JM_POP3_FINE)
		s->broken = JM_POP3_CUT; /* over: nothing may be said after QUIT */
	return rc;
}
