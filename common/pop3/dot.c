/* SPDX-License-Identifier: BSD-2-Clause */
/* See dot.h. The fast way is memchr() for LF: a piece without a line that begins with a dot is
 * handed on in one call. */
#include "common/pop3/dot.h"

#include <string.h>

void jm_pop3_dot_init(struct jm_pop3_dot *d)
{
	d->state = JM_POP3_DOT_START;
	d->cr = false;
}

/* Go on inside a line until the next one begins or the bytes end. Returns the new position. */
static size_t skip_line(struct jm_pop3_dot *d, const unsigned char *p, size_t i, size_t n)
{
	const unsigned char *lf = memchr(p + i, '\n', n - i);
	bool cr;

	if (!lf) {
		d->cr = p[n - 1] == '\r';
		return n;
	}
	cr = lf > p + i ? lf[-1] == '\r' : d->cr;
	d->cr = false;
	if (cr)
		d->state = JM_POP3_DOT_START;
	return (size_t)(lf - p) + 1;
}

static void enter_line(struct jm_pop3_dot *d)
{
	d->state = JM_POP3_DOT_MID;
	d->cr = false; /* also after ".\r": what follows that is no LF, or it would have been the
			  end */
}

size_t jm_pop3_dot_feed(
    struct jm_pop3_dot *d, const unsigned char *p, size_t n, jm_pop3_emit *emit, void *ctx)
{
	size_t i = 0, from = 0; /* p[from..i) is message that was not emitted yet */

	while (i < n && d->state != JM_POP3_DOT_ENDED) {
		switch (d->state) {
		case JM_POP3_DOT_MID:
			i = skip_line(d, p, i, n);
			break;
		case JM_POP3_DOT_START:
			if (p[i] != '.') {
				enter_line(d);
				break;
			}
			if (from < i)
				emit(ctx, p + from, i - from);
			from = ++i;
			d->state = JM_POP3_DOT_ONE;
			break;
		case JM_POP3_DOT_ONE:
			if (p[i] == '\r') {
				from = ++i;
				d->state = JM_POP3_DOT_CR;
				break;
			}
			if (p[i] == '.') /* the second dot stays, the first was the stuffing */
				i++;
			else
				emit(ctx, (const unsigned char *)".", 1);
			enter_line(d);
			break;
		case JM_POP3_DOT_CR:
			if (p[i] == '\n') {
				from = ++i;
				d->state = JM_POP3_DOT_ENDED;
				break;
			}
			emit(ctx, (const unsigned char *)".\r", 2);
			enter_line(d);
			break;
		case JM_POP3_DOT_ENDED:
			break;
		}
	}
	if (from < i)
		emit(ctx, p + from, i - from);
	return i;
}
