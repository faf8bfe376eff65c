/* SPDX-License-Identifier: BSD-2-Clause */
/* RETR and DELE: many commands in flight, their answers in order. Which messages: plan.c. See
 * transfer.h. */
#include "common/pop3/transfer.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/num.h"
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

/* A result that waits for the proof of the message's end. */
struct result {
	enum jm_pop3_fault fault;
	struct jm_err err;
};

/* Commands of one verb for many messages. sink NULL: the answers are single lines, and nothing has
 * to be proved. */
struct batch {
	const char *verb;
	const uint32_t *numbers;
	size_t n, sent, answered; /* messages */
	size_t unproved;          /* sent after the last STAT */
	const struct jm_pop3_receiver *receiver;
	bool by_name;                       /* proofs ask for the message's own line of a list */
	bool stop;                          /* send no more, drop what comes */
	bool is_proof[JM_POP3_MAX_DEPTH];   /* the commands in flight, a ring: STAT or the verb */
	size_t first, flight;               /* of the ring */
	struct result v[JM_POP3_MAX_GROUP]; /* of the messages before answered */
	size_t waiting;                     /* how many of v */
};

static size_t batch_group(const struct jm_pop3_session *s)
{
	return s->group < 1 ? 1 : s->group > JM_POP3_MAX_GROUP ? JM_POP3_MAX_GROUP : s->group;
}

/* The id of a message; none: it has no id of its own. */
static struct jm_span batch_id(const struct batch *b, size_t at)
{
	const struct jm_pop3_receiver *r = b->receiver;

	return r->id ? r->id(r->ctx, at) : jm_span_of(NULL, 0);
}

/* Write the command that proves the end of the message before b->sent to out[n]. Returns its
 * length. */
static size_t write_proof(
    const struct jm_pop3_session *s, const struct batch *b, char *out, size_t n)
{
	size_t at = b->sent - 1;

	if (!b->by_name)
		return (size_t)snprintf(out, n, "%s\r\n", s->stat[0] ? "STAT" : "NOOP");
	return (size_t)snprintf(out, n, "%s %u\r\n",
	    jm_span_none(batch_id(b, at)) ? "LIST" : "UIDL", (unsigned)b->numbers[at]);
}

/* Append the next command to out[n]. Returns its length; 0: none is to be sent now. */
static size_t next_command(struct jm_pop3_session *s, struct batch *b, char *out, size_t n)
{
	bool over = b->stop || b->sent == b->n, proof;

	proof = b->receiver->sink && b->unproved > 0 && (over || b->unproved == batch_group(s));
	if (!proof && over)
		return 0;
	b->is_proof[(b->first + b->flight++) % JM_POP3_MAX_DEPTH] = proof;
	b->unproved = proof ? 0 : b->unproved + 1;
	return proof
	    ? write_proof(s, b, out, n)
	    : (size_t)snprintf(out, n, "%s %u\r\n", b->verb, (unsigned)b->numbers[b->sent++]);
}

/* Take the oldest command in flight off the ring. Returns true when it was a proof. */
static bool take_flight(struct batch *b)
{
	bool proof = b->is_proof[b->first];

	b->first = (b->first + 1) % JM_POP3_MAX_DEPTH;
	b->flight--;
	return proof;
}

/* Send commands until depth of them are in flight; many in one write. */
static int batch_send(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	char out[JM_POP3_MAX_DEPTH * 20];
	unsigned depth = s->depth < 1      ? 1
	    : s->depth > JM_POP3_MAX_DEPTH ? JM_POP3_MAX_DEPTH
					   : s->depth;
	size_t len = 0, more;

	/* half of depth at a time: as fast as one by one, with fewer packets */
	if (b->flight > depth / 2)
		return 0;
	while (b->flight < depth && (more = next_command(s, b, out + len, sizeof out - len)) > 0)
		len += more;
	return len > 0 ? jm_pop3_say(s, out, len, err) : 0;
}

/* The session is out of step at the last message that ended. The text of the server's line is left
 * out: it may be a line of a message. Returns -1. */
static int batch_out_of_step(struct jm_pop3_session *s, const struct batch *b, struct jm_err *err)
{
	s->suspect = b->answered > 0 ? b->numbers[b->answered - 1] : 0;
	jm_err_set(err, JM_E_TEMP,
	    "the server does not stuff dots, or its answers are out of step: it sent more after "
	    "the end of message %u",
	    (unsigned)s->suspect);
	return jm_pop3_break(s, JM_POP3_OUT_OF_STEP);
}

/* Is the status line the same answer to STAT as in the listing? The words after its two numbers may
 * differ. */
static bool same_stat(const struct jm_pop3_session *s)
{
	const char *first = s->stat, *now = s->reply;

	if (strcmp(first, now) == 0 || !first[0])
		return true;
	for (int i = 0; i < 3; i++) {
		struct jm_span x = jm_span_str(first + strspn(first, " ")),
			       y = jm_span_str(now + strspn(now, " "));
		uint64_t number;

		x = jm_span_sub(x, 0, jm_span_index(x, ' '));
		y = jm_span_sub(y, 0, jm_span_index(y, ' '));
		if (i > 0 && (!jm_span_eq(x, y) || jm_num_u64(y, 0, UINT64_MAX, &number) != 0))
			return false;
		first = (const char *)x.p + x.len;
		now = (const char *)y.p + y.len;
	}
	return true;
}

/* Report the results that waited. */
static void report_results(struct batch *b)
{
	size_t from = b->answered - b->waiting, n = b->waiting;

	b->waiting = 0;
	for (size_t i = 0; i < n; i++)
		if (!b->receiver->done(b->receiver->ctx, from + i, b->v[i].fault, &b->v[i].err))
			b->stop = true;
}

/* Cut the first word off *rest. */
static struct jm_span take_word(struct jm_span *rest)
{
	struct jm_span s = jm_span_trim(*rest), w = jm_span_sub(s, 0, jm_span_index(s, ' '));

	*rest = jm_span_sub(s, w.len, s.len);
	return w;
}

/* Is the status line the line of the last message in the list of ids, or of sizes? Sizes may have
 * changed. */
static bool is_named(const struct jm_pop3_session *s, const struct batch *b)
{
	struct jm_span rest = jm_span_str(s->reply), id = batch_id(b, b->answered - 1), word;
	uint64_t number, size_bytes;

	(void)take_word(&rest); /* +OK */
	if (jm_num_u64(take_word(&rest), 1, UINT32_MAX, &number) != 0 ||
	    number != b->numbers[b->answered - 1])
		return false;
	word = take_word(&rest);
	return jm_span_none(id) ? jm_num_u64(word, 0, UINT64_MAX, &size_bytes) == 0
				: jm_span_eq(word, id);
}

/* The session broke with *own after the last message. Returns -1. */
static int broke_after(struct jm_pop3_session *s, const struct batch *b, enum jm_pop3_fault fault,
    const struct jm_err *own, struct jm_err *err)
{
	if (fault == JM_POP3_GARBAGE)
		return batch_out_of_step(s, b, err);
	if (err)
		*err = *own;
	s->suspect = b->numbers[b->answered - 1];
	return jm_err_wrap(err, "after message %u", (unsigned)s->suspect);
}

/* Read and drop the answers in flight. Their messages are to be asked for again. */
static int drop_flight(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	while (b->flight > 0) {
		bool proof = take_flight(b);
		enum jm_pop3_fault fault;
		struct jm_err own, unused;
		struct passage g = { refuse_all, NULL, false, &unused };
		int rc = jm_pop3_status(s, s->answer_timeout_ms, &fault, &own);

		if (rc != 0 && fault != JM_POP3_REFUSED)
			return broke_after(s, b, fault, &own, err);
		if (rc == 0 && !proof && read_body(s, &g, &own) != 0)
			return broke_after(s, b, s->broken, &own, err);
		b->sent -= !proof;
	}
	b->unproved = 0;
	return 0;
}

/* Read the answer to a command between messages: the proof that they ended where they seemed to.
 * An answer to STAT that is another one than before proves nothing either way: mail may have come
 * in, or the server has counted the bytes of a message again. */
static int take_proof(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	uint64_t received = s->received_bytes;
	enum jm_pop3_fault fault;
	struct jm_err own;
	char out[32];

	if (jm_pop3_status(s, s->answer_timeout_ms, &fault, &own) != 0 &&
	    fault != JM_POP3_REFUSED) {
		if (fault == JM_POP3_CUT && s->end_proves && s->received_bytes == received)
			report_results(b);
		return broke_after(s, b, fault, &own, err);
	}
	if (b->flight == 0 && !jm_pop3_quiet(s))
		return batch_out_of_step(s, b, err);
	if (b->by_name ? is_named(s, b) : fault == JM_POP3_FINE && same_stat(s)) {
		report_results(b);
		return 0;
	}
	if (b->by_name)
		return batch_out_of_step(s, b, err);
	if (drop_flight(s, b, err) != 0)
		return -1;
	b->by_name = true;
	if (jm_pop3_say(s, out, write_proof(s, b, out, sizeof out), &own) != 0)
		return broke_after(s, b, s->broken, &own, err);
	return take_proof(s, b, err);
}

/* Read the answer to the command for the next message. */
static int take_answer(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	const struct jm_pop3_receiver *r = b->receiver;
	struct result *v = &b->v[b->waiting];
	struct passage g = { b->stop ? refuse_all : r->sink, r->ctx, false, &v->err };
	uint32_t number = b->numbers[b->answered];

	v->err = (struct jm_err){ JM_E_NONE, 0, "" };
	if (jm_pop3_status(s, s->answer_timeout_ms, &v->fault, &v->err) != 0 &&
	    v->fault != JM_POP3_REFUSED) {
		if (v->fault == JM_POP3_GARBAGE && b->waiting > 0)
			return batch_out_of_step(s, b, err);
		if (err)
			*err = v->err;
		s->suspect = r->sink ? number : 0;
		return jm_err_wrap(err, "%s %u", b->verb, (unsigned)number);
	}
	if (v->fault == JM_POP3_FINE && r->sink) {
		if (read_body(s, &g, err) != 0) {
			s->suspect = number;
			return jm_err_wrap(err, "%s %u", b->verb, (unsigned)number);
		}
		if (!g.failed && b->stop) /* the message had no byte to refuse */
			jm_err_set(&v->err, JM_E_TEMP, "no longer wanted");
		g.failed = g.failed || b->stop;
		if (r->ended && r->ended(r->ctx, b->answered, !g.failed, &v->err) != 0)
			g.failed = true;
		v->fault = g.failed ? JM_POP3_SINK : JM_POP3_FINE;
	}
	b->answered++;
	b->waiting++;
	if (b->flight == 0 && s->in_pos < s->in_len)
		return batch_out_of_step(s, b, err);
	if (!r->sink)
		report_results(b);
	return 0;
}

static int batch_run(struct jm_pop3_session *s, struct batch *b, struct jm_err *err)
{
	s->suspect = 0;
	for (;;) {
		if (batch_send(s, b, err) != 0) {
			s->suspect = b->waiting ? b->numbers[b->answered - 1] : 0;
			return -1;
		}
		if (b->flight == 0)
			return 0;
		if ((take_flight(b) ? take_proof(s, b, err) : take_answer(s, b, err)) != 0)
			return -1;
	}
}

int jm_pop3_retr(struct jm_pop3_session *s, const uint32_t *numbers, size_t n,
    const struct jm_pop3_receiver *receiver, struct jm_err *err)
{
	struct batch b = { .verb = "RETR", .numbers = numbers, .n = n, .receiver = receiver };

	return batch_run(s, &b, err);
}

int jm_pop3_dele(struct jm_pop3_session *s, const uint32_t *numbers, size_t n, jm_pop3_done *done,
    void *ctx, struct jm_err *err)
{
	const struct jm_pop3_receiver receiver = { .done = done, .ctx = ctx };
	struct batch b = { .verb = "DELE", .numbers = numbers, .n = n, .receiver = &receiver };

	return batch_run(s, &b, err);
}
