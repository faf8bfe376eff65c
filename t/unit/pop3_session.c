/* SPDX-License-Identifier: BSD-2-Clause */
/* The POP3 transaction with a server that sends any bytes in pieces of any size, then closes or
 * stalls. A "|" in its bytes waits for the next command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/pop3/listing.h"
#include "common/pop3/transfer.h"
#include "t/lib/tap.h"

struct fake {
	const char *p;       /* what the server says */
	size_t n, at, piece; /* piece: bytes a recv; 0: all */
	bool stalls;         /* at the end; else it closes */
	struct jm_buf sent;
	size_t waited; /* how many "|" were passed */
	size_t sent_at_first_recv;
};

static ssize_t fake_recv(void *ctx, void *p, size_t n, int64_t timeout_ms,
    enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	struct fake *f = ctx;
	size_t k = f->n - f->at;

	const char *bar;
	size_t commands = 0;

	(void)timeout_ms;
	if (f->at == 0)
		f->sent_at_first_recv = f->sent.len;
	for (size_t i = 0; i < f->sent.len; i++)
		commands += f->sent.p[i] == '\n';
	if (k && f->p[f->at] == '|' && f->waited < commands - (f->p[0] == '|' ? 0 : 1)) {
		f->waited++;
		f->at++;
		k--;
	}
	bar = k ? memchr(f->p + f->at, '|', k) : NULL;
	if (bar)
		k = (size_t)(bar - (f->p + f->at));
	if (k == 0 && (bar || f->stalls)) {
		*fault_r = JM_POP3_STALL;
		return jm_err_set(err, JM_E_TEMP, "nothing came");
	}
	if (f->piece && k > f->piece)
		k = f->piece;
	if (k > n)
		k = n;
	memcpy(p, f->p + f->at, k);
	f->at += k;
	return (ssize_t)k;
}

static int fake_send(void *ctx, const void *p, size_t n, int64_t timeout_ms,
    enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	struct fake *f = ctx;

	(void)timeout_ms, (void)fault_r;
	return jm_buf_add(&f->sent, p, n, err);
}

static void open_fake(
    struct fake *f, struct jm_pop3_session *s, const char *p, size_t n, size_t piece)
{
	*f = (struct fake){ .p = p, .n = n, .piece = piece };
	jm_buf_init(&f->sent, 1 << 20);
	if (jm_pop3_session_init(s, &(struct jm_pop3_wire){ fake_recv, fake_send, f }, NULL) != 0)
		abort();
}

static void close_fake(struct fake *f, struct jm_pop3_session *s)
{
	jm_pop3_session_release(s);
	jm_buf_release(&f->sent);
}

/* The results of a pull, as text: "0:fine:BYTES|1:refused|" */
struct seen {
	struct jm_buf text, message, ended[4];
	size_t fail_at;    /* the sink fails from this many bytes of a message on; 0: never */
	size_t stop_after; /* outcomes; 0: never */
	size_t outcomes;
};

static void seen_init(struct seen *v, size_t max_bytes)
{
	jm_buf_init(&v->text, max_bytes);
	jm_buf_init(&v->message, max_bytes);
	for (size_t i = 0; i < 4; i++)
		jm_buf_init(&v->ended[i], max_bytes);
}

static void seen_release(struct seen *v)
{
	jm_buf_release(&v->text);
	jm_buf_release(&v->message);
	for (size_t i = 0; i < 4; i++)
		jm_buf_release(&v->ended[i]);
}

static int see_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct seen *v = ctx;

	if (v->fail_at && v->message.len + n >= v->fail_at)
		return jm_err_set(err, JM_E_LIMIT, "enough");
	return jm_buf_add(&v->message, p, n, err);
}

static int see_end(void *ctx, size_t at, bool whole, struct jm_err *err)
{
	struct seen *v = ctx;
	int rc = whole ? jm_buf_add_span(&v->ended[at], jm_buf_span(&v->message), err) : 0;

	jm_buf_reset(&v->message);
	return rc;
}

static bool see_outcome(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct seen *v = ctx;

	if (jm_buf_printf(&v->text, NULL, "%zu:%s%s:", at, jm_pop3_fault_name(fault),
		fault != JM_POP3_FINE && err->kind == JM_E_NONE ? ", untold" : "") != 0 ||
	    (fault == JM_POP3_FINE &&
		jm_buf_add_span(&v->text, jm_buf_span(&v->ended[at]), NULL) != 0) ||
	    jm_buf_add_byte(&v->text, '|', NULL) != 0)
		abort();
	return !(v->stop_after && ++v->outcomes >= v->stop_after);
}

#define A "+OK\r\na\r\n.\r\n|"
#define B "+OK\r\nb\r\n.\r\n|"
#define C "+OK\r\nc\r\n.\r\n|"
#define PROOF "+OK 3 30\r\n|"
#define OUT JM_POP3_OUT_OF_STEP
#define ANY 99 /* it depends on the pieces */

static const struct {
	const char *name, *wire, *seen;
	enum jm_pop3_fault broken;
	size_t fail_at, stop_after;
	bool stalls;
	unsigned depth, group;
	unsigned suspect; /* the message at which the session broke */
	bool end_proves;
} pulls[] = {
	{ "three messages", A PROOF "+OK 3 octets\r\n..b\r\n.\r\n|" PROOF "+ok\r\n.\r\n|" PROOF,
	    "0:fine:a\r\n|1:fine:.b\r\n|2:fine:|" },
	{ "three messages with one proof", A B C PROOF, "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|",
	    .group = 8 },
	{ "three messages with two proofs", A B PROOF C PROOF,
	    "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|", .group = 2 },
	{ "pipelined with two proofs", A B PROOF C PROOF, "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|",
	    .group = 2, .depth = 32 },
	{ "one refused does not stop the others", A PROOF "-ERR no\r\n|" PROOF C PROOF,
	    "0:fine:a\r\n|1:refused:|2:fine:c\r\n|" },
	{ "bare LF after status lines", "+OK\na\r\n.\r\n|+OK 3 30\n|-ERR\n|" PROOF C PROOF,
	    "0:fine:a\r\n|1:refused:|2:fine:c\r\n|" },
	{ "closed in a line", A PROOF "+OK\r\nhalf", "0:fine:a\r\n|", JM_POP3_CUT, .suspect = 5 },
	{ "closed before the end", A PROOF "+OK\r\nline\r\n", "0:fine:a\r\n|", JM_POP3_CUT,
	    .suspect = 5 },
	{ "closed in the end", A PROOF "+OK\r\nline\r\n.\r", "0:fine:a\r\n|", JM_POP3_CUT,
	    .suspect = 5 },
	{ "closed between messages", A PROOF, "0:fine:a\r\n|", JM_POP3_CUT, .suspect = 5 },
	{ "closed before the proof", A "", "", JM_POP3_CUT, .suspect = 4 },
	{ "closed before the proof, which is one", A "", "0:fine:a\r\n|", JM_POP3_CUT, .suspect = 4,
	    .end_proves = true },
	{ "but not in the middle of a line", A "+", "", JM_POP3_CUT, .suspect = 4,
	    .end_proves = true },
	{ "closed in a status line", A PROOF "+O", "0:fine:a\r\n|", JM_POP3_CUT, .suspect = 5 },
	{ "closed at once", "", "", JM_POP3_CUT, .suspect = 4 },
	{ "stalls in a message", "+OK\r\na", "", JM_POP3_STALL, 0, 0, true, .suspect = 4 },
	{ "stalls before an answer", A PROOF, "0:fine:a\r\n|", JM_POP3_STALL, 0, 0, true,
	    .suspect = 5 },
	{ "neither +OK nor -ERR", A PROOF "* BYE\r\n", "0:fine:a\r\n|", JM_POP3_GARBAGE,
	    .suspect = 5 },
	{ "a sink that fails costs its message only",
	    A PROOF "+OK\r\nlong line\r\nmore\r\n.\r\n|" PROOF C PROOF,
	    "0:fine:a\r\n|1:sink:|2:fine:c\r\n|", JM_POP3_FINE, 8 },
	{ "stop after the first", A PROOF, "0:fine:a\r\n|", JM_POP3_FINE, 0, 1 },
	{ "stop after the first with more under way", A PROOF "+OK\r\n.\r\n|" PROOF,
	    "0:fine:a\r\n|1:sink:|", JM_POP3_FINE, 0, 1, false, 3 },
	/* out of step */
	{ "more after the end", "+OK\r\na\r\n.\r\nrest\r\n.\r\n|" PROOF, "", OUT, .suspect = 4 },
	{ "more after the end, a moment later", A "rest\r\n.\r\n" PROOF, "", OUT, .suspect = 4 },
	{ "more that begins with +OK", A "+OK rest\r\n+OK\r\n.\r\n" PROOF, "", OUT, .suspect = 4 },
	{ "more that begins with -ERR", A "-ERR rest\r\n.\r\n" PROOF, "", OUT, .suspect = 4 },
	{ "more that looks like the proof", A "+OK 3 30\r\n.\r\n" PROOF, "", OUT, .suspect = 4 },
	{ "an empty line more", A "\r\n" PROOF, "", OUT, .suspect = 4 },
	{ "more after the second", A PROOF "+OK\r\nb\r\n.\r\n|+OK rest\r\n.\r\n" PROOF,
	    "0:fine:a\r\n|", OUT, .suspect = 5 },
	{ "more, in a group, that looks like another message",
	    "+OK\r\na\r\n.\r\n|+OK rest\r\n.\r\n" B C PROOF, "", OUT, .group = 8, .suspect = ANY },
	{ "more, pipelined, that looks like another message",
	    "+OK\r\na\r\n.\r\n+OK rest\r\n.\r\n|" B C PROOF, "", OUT, .group = 8, .depth = 32,
	    .suspect = 6 },
	{ "more, pipelined, that looks like a refusal",
	    "+OK\r\na\r\n.\r\n-ERR rest\r\n.\r\n|" B C PROOF, "", OUT, .group = 8, .depth = 32,
	    .suspect = 5 },
	{ "more, pipelined, that looks like nothing", "+OK\r\na\r\n.\r\nrest\r\n.\r\n|" B C PROOF,
	    "", OUT, .group = 8, .depth = 32, .suspect = 4 },
	{ "more after the last, pipelined", A B "+OK\r\nc\r\n.\r\nrest\r\n.\r\n|" PROOF, "", OUT,
	    .group = 8, .depth = 32, .suspect = 6 },
	{ "the proof with other words", A "+OK 3 30 at noon\r\n|" B PROOF C "+OK  3 30 \r\n|",
	    "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|" },
	{ "another STAT, and the line of LIST",
	    A "+OK 4 30\r\n|+OK 4 9\r\n|" B "+OK 5 9\r\n|" C "+OK 6 9\r\n|",
	    "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|" },
	{ "STAT refused, and the line of LIST",
	    A "-ERR\r\n|+OK 4 9\r\n|" B "+OK 5 9\r\n|" C "+OK 6 9\r\n|",
	    "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|" },
	{ "another STAT, pipelined: what is in flight is asked for again",
	    A "+OK 4 30\r\n|" B "+OK 4 30\r\n|-ERR\r\n|+OK 4 30\r\n|+OK 4 9\r\n|" B "+OK 5 9\r\n|" C
	      "+OK 6 9\r\n|",
	    "0:fine:a\r\n|1:fine:b\r\n|2:fine:c\r\n|", .group = 1, .depth = 32 },
	{ "another STAT, and another line of LIST", A "+OK 3 x\r\n|+OK 5 9\r\n|", "", OUT,
	    .suspect = 4 },
	{ "another STAT, and LIST refused", A "+OK 4 30\r\n|-ERR\r\n|", "", OUT, .suspect = 4 },
	{ "another STAT, and then more", A "+OK 4 30\r\n+OK 4 9\r\n|+OK 4 9\r\n|", "", OUT,
	    .suspect = 4 },
	{ "another STAT, pipelined, and a cut", "+OK\r\na\r\n.\r\n+OK 4 30\r\n+OK\r\nb\r\n", "",
	    JM_POP3_CUT, .group = 1, .depth = 32, .suspect = 4 },
};

static void check_pull(size_t i)
{
	static const uint32_t numbers[] = { 4, 5, 6 };
	size_t n = strlen(pulls[i].wire);
	char first[1024] = "";
	unsigned wrong = 0;

	for (size_t piece = 0; piece <= n; piece++) {
		struct seen v = { .fail_at = pulls[i].fail_at, .stop_after = pulls[i].stop_after };
		const struct jm_pop3_receiver receiver = { see_bytes, see_end, see_outcome, &v };
		struct jm_pop3_session s;
		struct jm_err err = { JM_E_NONE, 0, "" };
		struct fake f;
		bool want_fine = pulls[i].broken == JM_POP3_FINE;

		seen_init(&v, 1 << 16);
		open_fake(&f, &s, pulls[i].wire, n, piece);
		f.stalls = pulls[i].stalls;
		s.depth = pulls[i].depth;
		s.group = pulls[i].group;
		s.end_proves = pulls[i].end_proves;
		snprintf(s.stat, sizeof s.stat, "+OK 3 30");
		wrong += (jm_pop3_retr(&s, numbers, 3, &receiver, &err) == 0) != want_fine;
		wrong += s.broken != pulls[i].broken ||
		    (s.suspect != pulls[i].suspect && pulls[i].suspect != ANY) ||
		    strcmp(jm_buf_str(&v.text), pulls[i].seen) != 0;
		if (wrong && !first[0])
			snprintf(first, sizeof first, "piece %zu: broken %s at %u, seen \"%s\", %s",
			    piece, jm_pop3_fault_name(s.broken), (unsigned)s.suspect,
			    jm_buf_str(&v.text), err.text);
		if (!want_fine) /* a session that broke stays broken */
			wrong += jm_pop3_quit(&s, NULL, &err) == 0 || s.broken != pulls[i].broken;
		close_fake(&f, &s);
		seen_release(&v);
	}
	if (!tap_is_int(wrong, 0, "RETR: %s", pulls[i].name))
		tap_diag("%s", first);
}

static void check_pipeline(void)
{
	static const char one[] = "+OK\r\n.\r\n|+OK\r\n|+OK\r\n.\r\n|+OK\r\n|+OK\r\n.\r\n|+OK\r\n",
			  many[] = "+OK\r\n.\r\n|+OK\r\n.\r\n|+OK\r\n.\r\n|+OK\r\n";
	static const uint32_t numbers[] = { 1, 2, 3 };
#define ONE "RETR 1\r\nNOOP\r\nRETR 2\r\nNOOP\r\nRETR 3\r\nNOOP\r\n"
#define MANY "RETR 1\r\nRETR 2\r\nRETR 3\r\nNOOP\r\n"
	struct {
		unsigned depth, group;
		const char *first, *all;
	} rows[] = {
		{ 1, 1, "RETR 1\r\n", ONE },
		{ 2, 1, "RETR 1\r\nNOOP\r\n", ONE },
		{ 100, 1, ONE, ONE },
		{ 1, 8, "RETR 1\r\n", MANY },
		{ 2, 8, "RETR 1\r\nRETR 2\r\n", MANY },
		{ 100, 8, MANY, MANY },
		{ 1000000, 1000000, MANY, MANY },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *wire = rows[i].group == 1 ? one : many;
		struct seen v = { .fail_at = 0 };
		const struct jm_pop3_receiver receiver = { see_bytes, see_end, see_outcome, &v };
		struct jm_pop3_session s;
		struct fake f;

		seen_init(&v, 1 << 16);
		open_fake(&f, &s, wire, strlen(wire), 1);
		s.depth = rows[i].depth;
		s.group = rows[i].group;
		tap_is_int(jm_pop3_retr(&s, numbers, 3, &receiver, NULL), 0,
		    "depth %u, group %u: all answered", rows[i].depth, rows[i].group);
		tap_is_mem(f.sent.p, f.sent_at_first_recv, rows[i].first, strlen(rows[i].first),
		    "depth %u, group %u: sent before the first answer", rows[i].depth,
		    rows[i].group);
		tap_is_str(jm_buf_str(&f.sent), rows[i].all,
		    "depth %u, group %u: each command once", rows[i].depth, rows[i].group);
		close_fake(&f, &s);
		seen_release(&v);
	}
}

static const struct {
	const char *name, *wire;
	int rc;
	const char *listing; /* "NUMBER SIZE ID|" */
	bool has_ids;
} surveys[] = {
	{ "a usual mailbox", "+OK 2 30\r\n+OK\r\n1 10\r\n2 20\r\n.\r\n+OK\r\n1 A\r\n2 B\r\n.\r\n",
	    0, "1 10 A|2 20 B|", true },
	{ "an empty mailbox", "+OK 0 0\r\n+OK\r\n.\r\n+OK\r\n.\r\n", 0, "", true },
	{ "no UIDL", "+OK 2 30\r\n+OK\r\n1 10\r\n2 20\r\n.\r\n-ERR what\r\n", 0, "1 10 -|2 20 -|",
	    false },
	{ "no LIST", "+OK 2 30\r\n-ERR\r\n+OK\r\n2 B\r\n.\r\n", 0, "1 0 -|2 0 B|", true },
	{ "no STAT", "-ERR\r\n+OK\r\n1 10\r\n.\r\n+OK\r\n1 A\r\n.\r\n", 0, "1 10 A|", true },
	{ "STAT only", "+OK 2 30\r\n-ERR\r\n-ERR\r\n", 0, "1 0 -|2 0 -|", false },
	{ "nothing at all", "-ERR a\r\n-ERR b\r\n-ERR c\r\n", -1, NULL, false },
	{ "a missing id",
	    "+OK 3 30\r\n+OK\r\n1 10\r\n2 10\r\n3 10\r\n.\r\n+OK\r\n1 A\r\n3 C\r\n.\r\n", 0,
	    "1 10 A|2 10 -|3 10 C|", true },
	{ "an empty id", "+OK 1 1\r\n+OK\r\n1 1\r\n.\r\n+OK\r\n1 \r\n.\r\n", 0, "1 1 -|", true },
	{ "an id with a control byte", "+OK 1 1\r\n+OK\r\n1 1\r\n.\r\n+OK\r\n1 a\x01z\r\n.\r\n", 0,
	    "1 1 -|", true },
	{ "a number that LIST does not know",
	    "+OK 1 1\r\n+OK\r\n2 1\r\n.\r\n+OK\r\n1 A\r\n2 B\r\n.\r\n", 0, "1 0 A|2 1 B|", true },
	{ "out of order", "+OK 2 3\r\n+OK\r\n2 20\r\n1 10\r\n.\r\n+OK\r\n2 B\r\n1 A\r\n.\r\n", 0,
	    "1 10 A|2 20 B|", true },
	{ "a number twice, the same id",
	    "+OK 1 1\r\n+OK\r\n1 1\r\n1 1\r\n.\r\n+OK\r\n1 A\r\n1 A\r\n.\r\n", 0, "1 1 A|", true },
	{ "a number twice, two ids", "+OK 1 1\r\n+OK\r\n1 1\r\n.\r\n+OK\r\n1 A\r\n1 B\r\n.\r\n", 0,
	    "1 1 -|", true },
	{ "numbers that are none",
	    "+OK x y\r\n+OK\r\n0 1\r\n-1 1\r\n4294967296 1\r\nx\r\n\r\n1 z\r\n.\r\n+OK\r\n1 A\r\n"
	    ".\r\n",
	    0, "1 0 A|", true },
	{ "LIST cut", "+OK 2 30\r\n+OK\r\n1 10\r\n2 20\r\n", -1, NULL, false },
	{ "UIDL cut", "+OK 2 30\r\n+OK\r\n1 10\r\n2 20\r\n.\r\n+OK\r\n1 A\r\n", -1, NULL, false },
	{ "UIDL cut in its end", "+OK 1 1\r\n+OK\r\n1 10\r\n.\r\n+OK\r\n1 A\r\n.", -1, NULL,
	    false },
};

static void check_survey(size_t i)
{
	size_t n = strlen(surveys[i].wire);
	unsigned wrong = 0;
	char first[600] = "";

	for (size_t piece = 0; piece <= n; piece++) {
		struct jm_pop3_listing l;
		struct jm_pop3_session s;
		struct jm_err err = { JM_E_NONE, 0, "" };
		struct jm_buf text;
		struct fake f;
		int rc;

		jm_buf_init(&text, 1 << 16);
		open_fake(&f, &s, surveys[i].wire, n, piece);
		rc = jm_pop3_survey(&s, &l, &err);
		for (size_t k = 0; k < l.n; k++)
			if (jm_buf_printf(&text, NULL, "%u %llu %.*s|", (unsigned)l.v[k].number,
				(unsigned long long)l.v[k].size_bytes,
				l.v[k].id.p ? (int)l.v[k].id.len : 1,
				l.v[k].id.p ? (const char *)l.v[k].id.p : "-") != 0)
				abort();
		wrong += rc != surveys[i].rc ||
		    (rc == 0 &&
			(strcmp(jm_buf_str(&text), surveys[i].listing) != 0 ||
			    l.has_ids != surveys[i].has_ids)) ||
		    (rc != 0 && err.kind == JM_E_NONE);
		if (wrong && !first[0])
			snprintf(first, sizeof first, "piece %zu: rc %d, \"%.200s\", %s", piece, rc,
			    jm_buf_str(&text), err.text);
		jm_pop3_listing_release(&l);
		close_fake(&f, &s);
		jm_buf_release(&text);
	}
	if (!tap_is_int(wrong, 0, "listing: %s", surveys[i].name))
		tap_diag("%s", first);
}

static void check_dele_and_quit(void)
{
	static const struct {
		const char *name, *wire;
		enum jm_pop3_fault fault;
		bool stalls;
	} quits[] = {
		{ "answered", "|+OK bye\r\n", JM_POP3_FINE, false },
		{ "refused", "|-ERR some messages not removed\r\n", JM_POP3_REFUSED, false },
		{ "after more than the answers", "+OK\r\n|+OK bye\r\n", JM_POP3_OUT_OF_STEP,
		    false },
		{ "closed", "", JM_POP3_CUT, false },
		{ "not answered", "", JM_POP3_STALL, true },
	};
	static const char wire[] = "+OK\r\n|-ERR\r\n|+OK\r\n";
	static const uint32_t numbers[] = { 1, 2, 3 };
	struct seen v = { .fail_at = 0 };
	struct jm_pop3_session s;
	struct fake f;

	seen_init(&v, 1 << 16);
	open_fake(&f, &s, wire, sizeof wire - 1, 1);
	s.depth = 8;
	tap_is_int(jm_pop3_dele(&s, numbers, 3, see_outcome, &v, NULL), 0, "DELE: all answered");
	tap_is_str(
	    jm_buf_str(&v.text), "0:fine:|1:refused:|2:fine:|", "DELE: each with its own outcome");
	close_fake(&f, &s);
	jm_buf_release(&v.text);
	jm_buf_release(&v.message);
	for (size_t i = 0; i < sizeof quits / sizeof *quits; i++) {
		enum jm_pop3_fault fault;
		int rc;

		open_fake(&f, &s, quits[i].wire, strlen(quits[i].wire), 1);
		f.stalls = quits[i].stalls;
		rc = jm_pop3_quit(&s, &fault, NULL);
		tap_ok((rc == 0) == (quits[i].fault == JM_POP3_FINE) && fault == quits[i].fault,
		    "QUIT %s: told as %s", quits[i].name, jm_pop3_fault_name(fault));
		tap_ok(jm_pop3_dele(&s, numbers, 1, see_outcome, &v, NULL) != 0,
		    "QUIT %s: nothing goes after it", quits[i].name);
		close_fake(&f, &s);
	}
}

/* Lines without an end, and a line of 1.5 MB. */
static void check_long(void)
{
	size_t n = 1500000;
	char *p = malloc(n + 32);
	static const uint32_t one = 1;
	struct seen v = { .fail_at = 0 };
	const struct jm_pop3_receiver receiver = { see_bytes, see_end, see_outcome, &v };
	struct jm_pop3_session s;
	struct fake f;

	if (!p)
		abort();
	memset(p, 'x', n + 32);
	memcpy(p, "+OK\r\n", 5);
	memcpy(p + n, "\r\n.\r\n|+OK\r\n", 11);
	seen_init(&v, 1 << 22);
	open_fake(&f, &s, p, n + 11, 1460);
	tap_is_int(jm_pop3_retr(&s, &one, 1, &receiver, NULL), 0, "a line of 1.5 MB is taken");
	tap_is_int((long long)v.text.len, (long long)(strlen("0:fine:|") + n - 5 + 2),
	    "and no byte of it is missing");
	close_fake(&f, &s);
	open_fake(&f, &s, p + 5, n - 5, 0);
	tap_ok(jm_pop3_retr(&s, &one, 1, &receiver, NULL) != 0 && s.broken == JM_POP3_GARBAGE,
	    "a status line of 1.5 MB ends the session");
	close_fake(&f, &s);
	memcpy(p, "+OK xx", 6);
	memcpy(p + 2000, "\r\na\r\n.\r\n|+OK\r\n", 14);
	jm_buf_reset(&v.text);
	jm_buf_reset(&v.ended[0]);
	open_fake(&f, &s, p, 2014, 0);
	tap_is_int(jm_pop3_retr(&s, &one, 1, &receiver, NULL), 0,
	    "a status line of 2,000 bytes is harmless");
	tap_is_str(jm_buf_str(&v.text), "0:fine:a\r\n|", "and the message behind it whole");
	close_fake(&f, &s);
	seen_release(&v);
	free(p);
}

int main(void)
{
	for (size_t i = 0; i < sizeof pulls / sizeof *pulls; i++)
		check_pull(i);
	for (size_t i = 0; i < sizeof surveys / sizeof *surveys; i++)
		check_survey(i);
	check_pipeline();
	check_dele_and_quit();
	check_long();
	return tap_done();
}
