/* SPDX-License-Identifier: BSD-2-Clause */
/* Unstuffing: each case whole, byte by byte and at every split; then random messages there and
 * back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/pop3/dot.h"
#include "t/lib/tap.h"

struct span {
	const char *p;
	size_t n;
};
#define B(s) \
	{ \
		s, sizeof s - 1 \
	}

static const struct {
	const char *name;
	struct span wire, message, rest; /* rest: what follows the end */
	bool open;                       /* it does not end */
} cases[] = {
	{ "an empty message", B(".\r\n"), B(""), B("") },
	{ "one line", B("a\r\n.\r\n"), B("a\r\n"), B("") },
	{ "what follows the end is left alone", B("a\r\n.\r\n+OK\r\n"), B("a\r\n"), B("+OK\r\n") },
	{ "a stuffed dot", B("..a\r\n.\r\n"), B(".a\r\n"), B("") },
	{ "a line of one dot", B("..\r\n.\r\n"), B(".\r\n"), B("") },
	{ "a line of two dots", B("...\r\n.\r\n"), B("..\r\n"), B("") },
	{ "a dot that was not stuffed", B(".a\r\n.\r\n"), B(".a\r\n"), B("") },
	{ "a dot inside a line", B("a.\r\nb..c\r\n.\r\n"), B("a.\r\nb..c\r\n"), B("") },
	{ "a bare LF before a dot begins no line", B("a\n.\r\n.\r\n"), B("a\n.\r\n"), B("") },
	{ "a bare CR before a dot begins no line", B("a\r.\r\n.\r\n"), B("a\r.\r\n"), B("") },
	{ "a bare CR alone", B("\r.\r\n.\r\n"), B("\r.\r\n"), B("") },
	{ "CR CR LF", B("..\r\r\n.\r\n"), B(".\r\r\n"), B("") },
	{ "a dot and two CR are no end", B(".\r\r\n.\r\n"), B(".\r\r\n"), B("") },
	{ "a dot and CR in a line are no end", B(".\rx\r\n.\r\n"), B(".\rx\r\n"), B("") },
	{ "a dot and LF are no end", B("a\r\n.\nb\r\n.\r\n"), B("a\r\n.\nb\r\n"), B("") },
	{ "NUL and 8 bit", B("\0\xff\x80\0\r\n.\r\n"), B("\0\xff\x80\0\r\n"), B("") },
	{ "empty lines", B("\r\n\r\n.\r\n"), B("\r\n\r\n"), B("") },
	{ "cut in a line", B("a\r\nb"), B("a\r\nb"), B(""), true },
	{ "cut before the end", B("a\r\n"), B("a\r\n"), B(""), true },
	{ "cut in the end", B("a\r\n."), B("a\r\n"), B(""), true },
	{ "cut in the end's CR", B("a\r\n.\r"), B("a\r\n"), B(""), true },
};

static void collect(void *ctx, const unsigned char *p, size_t n)
{
	if (jm_buf_add(ctx, p, n, NULL) != 0)
		abort();
}

/* Feed wire in pieces: the first of a bytes, then of b bytes each. Returns how much belonged to the
 * message. */
static size_t feed(struct span wire, size_t a, size_t b, struct jm_buf *out, bool *ended)
{
	struct jm_pop3_dot d;
	size_t at = 0;

	jm_pop3_dot_init(&d);
	jm_buf_reset(out);
	while (at < wire.n && d.state != JM_POP3_DOT_ENDED) {
		size_t n = at == 0 && a ? a : b;

		if (n > wire.n - at)
			n = wire.n - at;
		at += jm_pop3_dot_feed(&d, (const unsigned char *)wire.p + at, n, collect, out);
	}
	*ended = d.state == JM_POP3_DOT_ENDED;
	return at;
}

static void check_case(size_t i, struct jm_buf *out)
{
	struct span w = cases[i].wire, m = cases[i].message;
	unsigned wrong = 0, splits = 0;

	for (size_t a = 0; a <= w.n; a++) {
		for (size_t b = 1; b <= w.n; b += b == 1 ? (w.n > 1 ? w.n - 1 : 1) : 1) {
			bool ended;
			size_t used = feed(w, a, b, out, &ended);

			splits++;
			wrong += used != w.n - cases[i].rest.n || ended == cases[i].open ||
			    out->len != m.n || (m.n && memcmp(out->p, m.p, m.n) != 0);
		}
	}
	tap_is_int(wrong, 0, "%s, at %u splits", cases[i].name, splits);
}

/* A message of bytes that matter, as a correct server sends it, must come back. */
static void check_random(struct jm_buf *out)
{
	static const char alphabet[] = "..\r\r\n\na\0";
	unsigned seed = 7, wrong = 0;

	for (unsigned round = 0; round < 20000; round++) {
		char message[64], wire[200];
		size_t n = 0, w = 0, len = (seed = seed * 1103515245u + 12345u) >> 16 & 31;
		bool ended, start = true;

		while (n < len)
			message[n++] = alphabet[(seed = seed * 1103515245u + 12345u) >> 16 & 7];
		if (n < 2 || message[n - 2] != '\r' || message[n - 1] != '\n') {
			message[n++] = '\r';
			message[n++] = '\n';
		}
		for (size_t i = 0; i < n; i++) {
			if (start && message[i] == '.')
				wire[w++] = '.';
			wire[w++] = message[i];
			start = i > 0 && message[i - 1] == '\r' && message[i] == '\n';
		}
		memcpy(wire + w, ".\r\n", 3);
		w += 3;
		feed((struct span){ wire, w }, round % 7, 1 + round % 5, out, &ended);
		wrong += !ended || out->len != n || memcmp(out->p, message, n) != 0;
	}
	tap_is_int(wrong, 0, "20,000 random messages come back as they were");
}

int main(void)
{
	struct jm_buf out;

	jm_buf_init(&out, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_case(i, &out);
	check_random(&out);
	jm_buf_release(&out);
	return tap_done();
}
