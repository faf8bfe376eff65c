/* SPDX-License-Identifier: BSD-2-Clause */
/* The way from the received bytes to a message inside them: taking slices, decoding, freeing what
 * was decoded. The meaning of a message is judged in unwrap.c; the codings are in mail/decode.c. */
#include "common/journal/steps.h"

#include <stdalign.h>
#include <stdlib.h>

#include "common/mail/decode.h"

struct block {
	struct block *next;
	alignas(max_align_t) unsigned char data[];
};

void jm_steps_start(struct jm_view *v, struct jm_span received)
{
	*v = (struct jm_view){
		.raw = received, .steps = { { 0, received.len, JM_CTE_IDENTITY } }, .steps_n = 1
	};
}

void jm_steps_release(void **decoded)
{
	struct block *b = *decoded, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	*decoded = NULL;
}

static unsigned char *step_alloc(const struct jm_steps_memory *mem, size_t n, struct jm_err *err)
{
	struct block *b;

	if (mem->memory && mem->memory->alloc)
		return mem->memory->alloc(mem->memory->ctx, n, err);
	b = malloc(sizeof *b + n);
	if (!b) {
		jm_err_set(err, JM_E_TEMP, "out of memory for a decoded message of %zu bytes", n);
		return NULL;
	}
	b->next = *mem->decoded;
	*mem->decoded = b;
	return b->data;
}

/* Decode bytes as cte says. An identity gives the same bytes; an empty result allocates nothing. */
static int step_decode(struct jm_span in, enum jm_cte cte, const struct jm_steps_memory *mem,
    struct jm_span *out_r, struct jm_err *err)
{
	unsigned char *p;
	size_t n;

	*out_r = in;
	if (cte == JM_CTE_IDENTITY)
		return 0;
	n = jm_decode(cte, in, NULL);
	if (n == 0) {
		out_r->len = 0;
		return 0;
	}
	p = step_alloc(mem, n, err);
	if (!p)
		return -1;
	*out_r = jm_span_of(p, jm_decode(cte, in, p));
	return 0;
}

int jm_steps_into(const struct jm_view *v, struct jm_span part, enum jm_cte cte,
    const struct jm_steps_memory *mem, struct jm_view *inner_r, struct jm_err *err)
{
	struct jm_step *last, step = { (size_t)(part.p - v->raw.p), part.len, cte };
	struct jm_span out;

	if (step_decode(part, cte, mem, &out, err) != 0)
		return -1;
	if (inner_r != v)
		*inner_r = *v;
	inner_r->raw = out;
	last = &inner_r->steps[inner_r->steps_n - 1];
	if (last->cte == JM_CTE_IDENTITY) { /* a slice of a slice is a slice */
		step.off += last->off;
		*last = step;
	} else if (inner_r->steps_n < JM_UNWRAP_MAX_STEPS) {
		inner_r->steps[inner_r->steps_n++] = step;
	} else {
		return jm_err_set(
		    err, JM_E_BUG, "more than %d steps to a message", JM_UNWRAP_MAX_STEPS);
	}
	return 0;
}

int jm_steps_follow(struct jm_span received, const struct jm_step *steps, size_t steps_n,
    const struct jm_steps_memory *mem, struct jm_span *raw_r, struct jm_err *err)
{
	void *mine = NULL, *before;
	const struct jm_steps_memory step_mem = { mem->memory, &mine };
	struct jm_span at = received;
	size_t k;

	*mem->decoded = NULL;
	for (k = 0; k < steps_n; k++) {
		if (steps[k].off > at.len || steps[k].len > at.len - steps[k].off ||
		    (int)steps[k].cte < JM_CTE_IDENTITY || steps[k].cte > JM_CTE_QP) {
			jm_steps_release(&mine);
			return jm_err_set(err, JM_E_CORRUPT,
			    "step %zu (%zu bytes from %zu) lies outside of %zu bytes", k + 1,
			    steps[k].len, steps[k].off, at.len);
		}
		before = mine;
		mine = NULL;
		if (step_decode(jm_span_sub(at, steps[k].off, steps[k].len), steps[k].cte,
			&step_mem, &at, err) != 0) {
			jm_steps_release(&before);
			return -1;
		}
		if (mine)
			jm_steps_release(&before); /* the new buffer was decoded from it */
		else
			mine = before;
	}
	*raw_r = at;
	*mem->decoded = mine;
	return 0;
}
