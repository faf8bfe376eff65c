/* SPDX-License-Identifier: BSD-2-Clause */
/* The POP3 transaction with a server that sends any bytes in pieces of any size, then closes or
 * stalls. */
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
	size_t sent_at_first_recv;
};

static ssize_t fake_recv(void *ctx, void *p, size_t n, int64_t timeout_ms,
    enum jm_pop3_fault *fault_r, struct jm_err *err)
{
	struct fake *f = ctx;
	size_t k = f->n - f->at;

	(void)timeout_ms;
	if (f->at == 0)
		f->sent_at_first_recv = f->sent.len;
	if (k == 0 && f->stalls) {
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

/* The results of a pull, as text: "1:fine:BYTES|2:refused|" */
struct seen {
	struct jm_buf text, message;
	size_t fail_at;    /* the sink fails from this many bytes of a message on; 0: never */
	size_t stop_after; /* outcomes; 0: never */
	size_t outcomes;
};

static int see_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	struct seen *v = ctx;

	if (v->fail_at && v->message.len + n >= v->fail_at)
		return jm_err_set(err, JM_E_LIMIT, "enough");
	return jm_buf_add(&v->message, p, n, err);
}

static bool see_outcome(void *ctx, size_t at, enum jm_pop3_fault fault, const struct jm_err *err)
{
	struct seen *v = ctx;

	if (jm_buf_printf(&v->text, NULL, "%zu:%s%s:", at, jm_pop3_fault_name(fault),
		fault != JM_POP3_FINE && err->kind == JM_E_NONE ? ", untold" : "") != 0 ||
	    (fault == JM_POP3_FINE &&
		jm_buf_add_span(&v->text, jm_buf_span(&v->message), NULL) != 0) ||
	    jm_buf_add_byte(&v->text, '|', NULL) != 0)
		abort();
	jm_buf_reset(&v->message);
	return !(v->stop_after && ++v->outcomes >= v->stop_after);
}

static const struct {
	const char *name, *wire, *seen;
	enum jm_pop3_fault broken;
	size_t fail_at, stop_after;
	bool stalls;
	unsigned depth;
} pulls[] = {
	{ "three messages", "+OK\r\na\r\n.\r\n+OK 3 octets\r\n..b\r\n.\r\n+ok\r\n.\r\n",
	    "0:fine:a\r\n|1:fine:.b\r\n|2:fine:|" },
	{ "one refused does not stop the others", "+OK\r\na\r\n.\r\n-ERR no\r\n+OK\r\nc\r\n.\r\n",
	    "0:fine:a\r\n|1:refused:|2:fine:c\r\n|" },
	{ "bare LF after status lines", "+OK\na\r\n.\r\n-ERR\n+OK\nc\r\n.\r\n",
	    "0:fine:a\r\n|1:refused:|2:fine:c\r\n|" },
	{ "closed in a line", "+OK\r\na\r\n.\r\n+OK\r\nhalf", "0:fine:a\r\n|", JM_POP3_CUT },
	{ "closed before the end", "+OK\r\na\r\n.\r\n+OK\r\nline\r\n", "0:fine:a\r\n|",
	    JM_POP3_CUT },
	{ "closed in the end", "+OK\r\na\r\n.\r\n+OK\r\nline\r\n.\r", "0:fine:a\r\n|",
	    JM_POP3_CUT },
	{ "closed between messages", "+OK\r\na\r\n.\r\n", "0:fine:a\r\n|", JM_POP3_CUT },
	{ "closed in a status line", "+OK\r\na\r\n.\r\n+O", "0:fine:a\r\n|", JM_POP3_CUT },
	{ "closed at once", "", "", JM_POP3_CUT },
	{ "stalls in a message", "+OK\r\na", "", JM_POP3_STALL, 0, 0, true },
	{ "stalls before an answer", "+OK\r\na\r\n.\r\n", "0:fine:a\r\n|", JM_POP3_STALL, 0, 0,
	    true },
	{ "neither +OK nor -ERR", "+OK\r\na\r\n.\r\n* BYE\r\n", "0:fine:a\r\n|", JM_POP3_GARBAGE },
	{ "a sink that fails costs its message only",
	    "+OK\r\na\r\n.\r\n+OK\r\nlong line\r\nmore\r\n.\r\n+OK\r\nc\r\n.\r\n",
	    "0:fine:a\r\n|1:sink:|2:fine:c\r\n|", JM_POP3_FINE, 8 },
	{ "stop after the first", "+OK\r\na\r\n.\r\n+OK\r\nb\r\n.\r\n+OK\r\nc\r\n.\r\n",
	    "0:fine:a\r\n|", JM_POP3_FINE, 0, 1 },
	{ "stop after the first with more under way", "+OK\r\na\r\n.\r\n+OK\r\n.\r\n-ERR\r\n",
	    "0:fine:a\r\n|1:sink:|2:refused:|", JM_POP3_FINE, 0, 1, false, 3 },
};

static void check_pull(size_t i)
{
	static const uint32_t numbers[] = { 4, 5, 4294967295u };
	size_t n = strlen(pulls[i].wire);
	char first[1024] = "";
	unsigned wrong = 0;

	for (size_t piece = 0; piece <= n; piece++) {
		struct seen v = { .fail_at = pulls[i].fail_at, .stop_after = pulls[i].stop_after };
		const struct jm_pop3_receiver receiver = { see_bytes, see_outcome, &v };
		struct jm_pop3_session s;
		struct jm_err err = { JM_E_NONE, 0, "" };
		struct fake f;
		bool want_fine = pulls[i].broken == JM_POP3_FINE;

		jm_buf_init(&v.text, 1 << 16);
		jm_buf_init(&v.message, 1 << 16);
		open_fake(&f, &s, pulls[i].wire, n, piece);
		f.stalls = pulls[i].stalls;
		s.depth = pulls[i].depth;
		wrong += (jm_pop3_retr(&s, numbers, 3, &receiver, &err) == 0) != want_fine;
		wrong += s.broken != pulls[i].broken ||
		    strcmp(jm_buf_str(&v.text), pulls[i].seen) != 0;
		if (wrong && !first[0])
			snprintf(first, sizeof first, "piece %zu: broken %s, seen \"%s\", %s",
			    piece, jm_pop3_fault_name(s.broken), jm_buf_str(&v.text), err.text);
		if (!want_fine) /* a session that broke stays broken */
			wrong += jm_pop3_quit(&s, NULL, &err) == 0 || s.broken != pulls[i].broken;
		close_fake(&f, &s);
		jm_buf_release(&v.text);
		jm_buf_release(&v.message);
	}
	if (!tap_is_int(wrong, 0, "RETR: %s", pulls[i].name))
		tap_diag("%s", first);
}

static void check_pipeline(void)
{
	static const char wire[] = "+OK\r\n.\r\n+OK\r\n.\r\n+OK\r\n.\r\n";
	static const uint32_t numbers[] = { 1, 2, 3 };
	struct {
		unsigned depth;
		const char *first;
	} rows[] = {
		{ 1, "RETR 1\r\n" },
		{ 2, "RETR 1\r\nRETR 2\r\n" },
		{ 100, "RETR 1\r\nRETR 2\r\nRETR 3\r\n" },
		{ 1000000, "RETR 1\r\nRETR 2\r\nRETR 3\r\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct seen v = { .fail_at = 0 };
		const struct jm_pop3_receiver receiver = { see_bytes, see_outcome, &v };
		struct jm_pop3_session s;
		struct fake f;

		jm_buf_init(&v.text, 1 << 16);
		jm_buf_init(&v.message, 1 << 16);
		open_fake(&f, &s, wire, sizeof wire - 1, 1);
		s.depth = rows[i].depth;
		tap_is_int(jm_pop3_retr(&s, numbers, 3, &receiver, NULL), 0,
		    "depth %u: all answered", rows[i].depth);
		tap_is_mem(f.sent.p, f.sent_at_first_recv, rows[i].first, strlen(rows[i].first),
		    "depth %u: sent before the first answer", rows[i].depth);
		tap_is_str(jm_buf_str(&f.sent), "RETR 1\r\nRETR 2\r\nRETR 3\r\n",
		    "depth %u: each command once", rows[i].depth);
		close_fake(&f, &s);
		jm_buf_release(&v.text);
		jm_buf_release(&v.message);
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
		{ "answered", "+OK bye\r\n", JM_POP3_FINE, false },
		{ "refused", "-ERR some messages not removed\r\n", JM_POP3_REFUSED, false },
		{ "closed", "", JM_POP3_CUT, false },
		{ "not answered", "", JM_POP3_STALL, true },
	};
	static const char wire[] = "+OK\r\n-ERR\r\n+OK\r\n";
	static const uint32_t numbers[] = { 1, 2, 3 };
	struct seen v = { .fail_at = 0 };
	struct jm_pop3_session s;
	struct fake f;

	jm_buf_init(&v.text, 1 << 16);
	jm_buf_init(&v.message, 1 << 16);
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
	char *p = malloc(n + 16);
	static const uint32_t one = 1;
	struct seen v = { .fail_at = 0 };
	const struct jm_pop3_receiver receiver = { see_bytes, see_outcome, &v };
	struct jm_pop3_session s;
	struct fake f;

	if (!p)
		abort();
	memset(p, 'x', n + 16);
	memcpy(p, "+OK\r\n", 5);
	memcpy(p + n, "\r\n.\r\n", 5);
	jm_buf_init(&v.text, 1 << 22);
	jm_buf_init(&v.message, 1 << 22);
	open_fake(&f, &s, p, n + 5, 1460);
	tap_is_int(jm_pop3_retr(&s, &one, 1, &receiver, NULL), 0, "a line of 1.5 MB is taken");
	tap_is_int((long long)v.text.len, (long long)(strlen("0:fine:|") + n - 5 + 2),
	    "and no byte of it is missing");
	close_fake(&f, &s);
	open_fake(&f, &s, p + 5, n - 5, 0);
	tap_ok(jm_pop3_retr(&s, &one, 1, &receiver, NULL) != 0 && s.broken == JM_POP3_GARBAGE,
	    "a status line of 1.5 MB ends the session");
	close_fake(&f, &s);
	memcpy(p, "+OK xx", 6);
	memcpy(p + 2000, "\r\na\r\n.\r\n", 8);
	jm_buf_reset(&v.text);
	open_fake(&f, &s, p, 2008, 0);
	tap_is_int(jm_pop3_retr(&s, &one, 1, &receiver, NULL), 0,
	    "a status line of 2,000 bytes is harmless");
	tap_is_str(jm_buf_str(&v.text), "0:fine:a\r\n|", "and the message behind it whole");
	close_fake(&f, &s);
	jm_buf_release(&v.text);
	jm_buf_release(&v.message);
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
