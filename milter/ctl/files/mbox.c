/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of mbox files and their quoting. See mbox.h. */
#include "milter/ctl/files/mbox.h"

static const char from_[] = "From ";
#define FROM_BYTES (sizeof from_ - 1)

static bool mbox_begins(struct jm_span s, const char *with, size_t n)
{
	return s.len >= n && memcmp(s.p, with, n) == 0;
}

bool jm_mbox_is(struct jm_span all)
{
	return mbox_begins(all, from_, FROM_BYTES);
}

/* The line at an offset, with its end. */
static struct jm_span line_at(struct jm_span all, size_t at)
{
	struct jm_span rest = jm_span_sub(all, at, all.len);
	size_t n = jm_span_index(rest, '\n');

	return jm_span_sub(rest, 0, n < rest.len ? n + 1 : n);
}

static bool is_empty(struct jm_span line)
{
	return (line.len == 1 && line.p[0] == '\n') ||
	    (line.len == 2 && line.p[0] == '\r' && line.p[1] == '\n');
}

/* The number of bytes of quoting at the start of a line: 0 or 1. */
static size_t mbox_quoted(struct jm_span line, enum jm_mbox_quoting quoting)
{
	size_t marks = 0;

	while (marks < line.len && line.p[marks] == '>')
		marks++;
	if (quoting == JM_MBOX_NONE || marks == 0 || (quoting == JM_MBOX_O && marks > 1))
		return 0;
	return mbox_begins(jm_span_sub(line, marks, line.len), from_, FROM_BYTES) ? 1 : 0;
}

int jm_mbox_next(struct jm_span all, size_t *at, enum jm_mbox_quoting quoting,
    struct jm_buf *message, struct jm_err *err)
{
	/* an empty line that may not belong to the message */
	struct jm_span line, empty = { NULL, 0 };

	if (*at >= all.len)
		return 0;
	jm_buf_reset(message);
	line = line_at(all, *at);
	*at += line.len; /* the From_ line */
	for (; *at < all.len; *at += line.len) {
		size_t skip;

		line = line_at(all, *at);
		if (empty.p && mbox_begins(line, from_, FROM_BYTES))
			return 1;
		if (empty.p && jm_buf_add_span(message, empty, err) != 0)
			return -1;
		empty = (struct jm_span){ NULL, 0 };
		if (is_empty(line)) {
			empty = line;
			continue;
		}
		skip = mbox_quoted(line, quoting);
		if (jm_buf_add(message, line.p + skip, line.len - skip, err) != 0)
			return -1;
	}
	return 1;
}

void jm_mbox_quoter_start(struct jm_mbox_quoter *q)
{
	*q = (struct jm_mbox_quoter){ .line = true };
}

int jm_mbox_quote_end(struct jm_mbox_quoter *q, struct jm_buf *out, struct jm_err *err)
{
	unsigned held = q->held;

	q->held = 0;
	return held > 0 ? jm_buf_add(out, from_, held, err) : 0;
}

/* Write one octet of a line that may have to be quoted. */
static int quote_octet(
    struct jm_mbox_quoter *q, unsigned char c, struct jm_buf *out, struct jm_err *err)
{
	if (q->held == 0 && c == '>')
		return jm_buf_add_byte(out, c, err);
	if (c == (unsigned char)from_[q->held]) {
		if (++q->held < FROM_BYTES)
			return 0;
		q->line = false;
		return jm_buf_add_byte(out, '>', err) != 0 ? -1 : jm_mbox_quote_end(q, out, err);
	}
	q->line = c == '\n';
	return jm_mbox_quote_end(q, out, err) != 0 ? -1 : jm_buf_add_byte(out, c, err);
}

int jm_mbox_quote(
    struct jm_mbox_quoter *q, struct jm_span piece, struct jm_buf *out, struct jm_err *err)
{
	while (piece.len > 0) {
		size_t n = 1;

		if (q->line) {
			if (quote_octet(q, piece.p[0], out, err) != 0)
				return -1;
		} else {
			n = jm_span_index(piece, '\n');
			q->line = n < piece.len;
			n += q->line;
			if (jm_buf_add(out, piece.p, n, err) != 0)
				return -1;
		}
		piece = jm_span_sub(piece, n, piece.len);
	}
	return 0;
}
