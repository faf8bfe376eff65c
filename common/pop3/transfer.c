/* SPDX-License-Identifier: BSD-2-Clause */
/* RETR and DELE: many commands in flight, their answers in order. Which messages: plan.c. */
#include "common/pop3/transfer.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/pop3/dot.h"

/* One message on its way to the sink. */
struct passage {
	jm_pop3_sink *sink;
	void *ctx;
	bool failed;
	struct jm_err *err; /* why the sink failed */
};

/* A jm_pop3_emit that gives the bytes to the sink until that fails. */
static void pass_bytes(void *ctx, const unsigned char *p, size_t n)
{
	struct passage *g = ctx;

	if (!g->failed && g->sink(g->ctx, p, n, g->err) != 0)
		g->failed = true;
}

/* Read a message to its end. A failure of the sink is left in *g; -1: the session is over. */
static int read_body(struct jm_pop3_session *s, struct passage *g, struct jm_err *err)
{
	struct jm_pop3_dot dot;
	int64_t drained_from_us = 0;

	jm_pop3_dot_init(&dot);
	while (dot.state != JM_POP3_DOT_ENDED) {
		if (jm_pop3_fill(s, s->answer_timeout_ms, err) != 0)
			return -1;
		s->in_pos += jm_pop3_dot_feed(
		    &dot, s->in + s->in_pos, s->in_len - s->in_pos, pass_bytes, g);
		if (!g->failed)
			continue;
		if (!drained_from_us)
			drained_from_us = jm_clock_mono_us();
		else if (jm_clock_mono_us() - drained_from_us > s->drain_timeout_ms * 1000) {
			jm_err_set(err, JM_E_LIMIT,
			    "the rest of a message that was not taken does not end");
			return jm_pop3_break(s, JM_POP3_GARBAGE);
		}
	}
	return 0;
}

static int refuse_all(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p, (void)n;
	return jm_err_set(err, JM_E_TEMP, "no longer wanted");
}

/* Commands of one verb for many messages. sink NULL: the answers are single lines. */
struct batch {
	const char *verb;
	const uint32_t *numbers;
	size_t n, sent, answered;
	jm_pop3_sink *sink;
	jm_pop3_done *done;
	void *ctx;
	bool stop; /* send no more, drop what comes */
};

/* Send commands until depth of them are in flight; many in one write. */
static int batch_send(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	char out[JM_POP3_MAX_DEPTH * 20];
	unsigned depth = s->depth < 1      ? 1
	    : s->depth > JM_POP3_MAX_DEPTH ? JM_POP3_MAX_DEPTH
					   : s->depth;
	size_t len = 0;

	/* half of depth at a time: as fast as one by one, with fewer packets */
	if (b->stop || b->sent == b->n || b->sent - b->answered > depth / 2)
		return 0;
	while (b->sent < b->n && b->sent - b->answered < depth)
		len += (size_t)snprintf(out + len, sizeof out - len, "%s %u\r\n", b->verb,
		    (unsigned)b->numbers[b->sent++]);
	return jm_pop3_say(s, out, len, err);
}

static int batch_run(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	while (b->answered < (b->stop ? b->sent : b->n)) {
		struct jm_err own = { JM_E_NONE, 0, "" };
		struct passage g = { b->stop ? refuse_all : b->sink, b->ctx, false, &own };
		enum jm_pop3_fault fault;

		if (batch_send(s, b, err) != 0)
			return -1;
		if (jm_pop3_status(s, s->answer_timeout_ms, &fault, &own) != 0 &&
		    fault != JM_POP3_REFUSED) {
			if (err)
				*err = own;
			return jm_err_wrap(
			    err, "%s %u", b->verb, (unsigned)b->numbers[b->answered]);
		}
		if (fault == JM_POP3_FINE && b->sink) {
			if (read_body(s, &g, err) != 0)
				return jm_err_wrap(
				    err, "%s %u", b->verb, (unsigned)b->numbers[b->answered]);
			if (g.failed || b->stop)
				fault = JM_POP3_SINK;
			if (!g.failed && b->stop) /* the message had no byte to refuse */
				jm_err_set(&own, JM_E_TEMP, "no longer wanted");
		}
		if (!b->done(b->ctx, b->answered, fault, &own))
			b->stop = true;
		b->answered++;
	}
	return 0;
}

int jm_pop3_retr(struct jm_pop3_session *s, const uint32_t *numbers, size_t n,
    const struct jm_pop3_receiver *receiver, struct jm_err *err)
{
	struct batch b = {
		.verb = "RETR",
		.numbers = numbers,
		.n = n,
		.sink = receiver->sink,
		.done = receiver->done,
		.ctx = receiver->ctx,
	};

	return batch_run(s, &b, err);
}

int jm_pop3_dele(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_done *done,
    void *ctx, struct jm_err *err)
{
	struct batch b = { .verb = "DELE", .numbers = numbers, .n = n, .done = done, .ctx = ctx };

	return batch_run(s, &b, err);
}
