/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of the filter. It looks for LF with memchr(), and emits a piece in which no
 * line begins with a dot in one call. */
#include "common/pop3/dot.h"

#include <string.h>

void jm_pop3_dot_init(struct jm_pop3_dot *d)
{
	d->state = JM_POP3_DOT_START;
	d->cr = false;
}

/* Skip to the start of the next line or to the end of the bytes. Returns the new position. */
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
	d->cr = false; /* also after ".\r": an LF after that would have been the end */
}

size_t jm_pop3_dot_feed(
    struct jm_pop3_dot *d, const unsigned char *p, size_t n, jm_pop3_emit *emit, void *ctx)
{
	size_t i = 0, from = 0; /* p[from..i) belongs to the message and is not yet emitted */

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
