/* SPDX-License-Identifier: BSD-2-Clause */
/* Quoting for mbox files. See mbox_quote.h. */
#include "milter/ctl/files/mbox_quote.h"

static const char from_[] = "From ";

#define FROM_BYTES (sizeof from_ - 1)

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
