/* SPDX-License-Identifier: BSD-2-Clause */
/* A session's bytes and lines, and its end. The commands for messages: listing.c, transfer.c. */
#include "common/base/visible.h"
#include "common/pop3/session.h"

#include <stdlib.h>

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
		.group = 1,
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
		"garbage", "out-of-step" };

	return (size_t)f < sizeof names / sizeof *names ? names[f] : "unknown";
}

int jm_pop3_break(struct jm_pop3_session *s, enum jm_pop3_fault fault)
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
	return jm_pop3_break(s, n == 0 ? JM_POP3_CUT : fault);
}

bool jm_pop3_quiet(struct jm_pop3_session *s)
{
	enum jm_pop3_fault fault = JM_POP3_CUT;
	struct jm_err err;
	ssize_t n;

	if (s->broken != JM_POP3_FINE || s->in_pos < s->in_len)
		return false;
	n = s->wire.recv(s->wire.ctx, s->in, IN_BYTES, 0, &fault, &err);
	s->in_pos = 0;
	s->in_len = n > 0 ? (size_t)n : 0;
	/* a connection that is closed or broken shows that again at the next command */
	return n <= 0;
}

int jm_pop3_say(struct jm_pop3_session *s, const char *text, size_t n, struct jm_err *err)
{
	enum jm_pop3_fault fault = JM_POP3_CUT;

	if (s->broken != JM_POP3_FINE)
		return jm_err_set(
		    err, JM_E_TEMP, "the pop3 session is over (%s)", jm_pop3_fault_name(s->broken));
	if (s->wire.send(s->wire.ctx, text, n, s->answer_timeout_ms, &fault, err) != 0)
		return jm_pop3_break(s, fault);
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
			return jm_pop3_break(s, JM_POP3_GARBAGE);
		}
	}
	/* the CR may be after the part that was kept; then the line is long, and its end is lost */
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
	size_t len;
	bool is_long;

	*fault_r = JM_POP3_FINE;
	if (jm_pop3_line(s, timeout_ms, line, &len, &is_long, err) != 0) {
		*fault_r = s->broken;
		return -1;
	}
	l = jm_span_of(line, len);
	jm_visible_plain(l, s->reply, sizeof s->reply);
	memcpy(s->said, s->reply, sizeof s->said);
	jm_secret_clean(s->wire.secret, s->said, sizeof s->said);
	if (jm_span_starts_nocase(l, jm_span_str("+OK")))
		return 0;
	if (jm_span_starts_nocase(l, jm_span_str("-ERR"))) {
		*fault_r = JM_POP3_REFUSED;
		return jm_err_set(err, JM_E_TEMP, "the server refused: %s", s->said);
	}
	*fault_r = JM_POP3_GARBAGE;
	jm_err_set(err, JM_E_TEMP, "the server's answer is neither +OK nor -ERR: %.100s", s->said);
	return jm_pop3_break(s, JM_POP3_GARBAGE);
}

int jm_pop3_quit(struct jm_pop3_session *s, enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	enum jm_pop3_fault fault;
	int rc;

	if (s->broken == JM_POP3_FINE && !jm_pop3_quiet(s)) {
		jm_err_set(err, JM_E_TEMP, "the server sent more than the answers to the commands");
		rc = jm_pop3_break(s, JM_POP3_OUT_OF_STEP);
	} else {
		rc = jm_pop3_say(s, "QUIT\r\n", 6, err);
	}
	fault = s->broken;
	if (rc == 0)
		rc = jm_pop3_status(s, s->quit_timeout_ms, &fault, err);
	if (rc != 0)
		jm_err_wrap(err, "QUIT");
	if (fault_r)
		*fault_r = fault;
	if (s->broken == JM_POP3_FINE)
		s->broken = JM_POP3_CUT; /* over: nothing may be sent after QUIT */
	return rc;
}
