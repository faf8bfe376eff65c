/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of a report: its slice, its body. */
#include "common/archive/body.h"

struct jm_span jm_body_slice(const struct jm_deposit *d)
{
	const struct jm_content *c = &d->unwrap->message;

	if (c->steps_n != 1 || c->steps[0].cte != JM_CTE_IDENTITY ||
	    c->steps[0].len != c->raw.len || c->steps[0].off > d->received.len ||
	    c->raw.len > d->received.len - c->steps[0].off)
		return jm_span_of(NULL, 0);
	return jm_span_sub(d->received, c->steps[0].off, c->raw.len);
}

int jm_body_make(struct jm_archive *a, const struct jm_deposit *d, const struct jm_splice *sp,
    struct jm_record_maker *m, struct jm_err *err)
{
	struct jm_span first = d->received, second = { NULL, 0 };
	struct jm_ticket *t = m->ticket;

	if (sp->holder != 0) {
		first = jm_span_sub(d->received, 0, (size_t)sp->offset);
		second = jm_span_sub(
		    d->received, (size_t)(sp->offset + sp->length), d->received.len);
	}
	t->head.plain_bytes = first.len + second.len;
	if (t->head.plain_bytes == 0)
		return 0;
	if (jm_compress(a, first, second, &m->body, err) != 0)
		return -1;
	t->body = m->body.bytes;
	t->head.coding = (unsigned char)m->body.coding;
	t->head.body_bytes = t->body.len;
	t->body_crc = jm_crc32c(0, t->body.p, t->body.len);
	return 0;
}
