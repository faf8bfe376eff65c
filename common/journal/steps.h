/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from the received bytes to a message inside them: a short list of steps, each a slice and
 * a decoding. unwrap.c records it while it goes in (jm_steps_start(), jm_steps_into());
 * jm_steps_follow() walks a recorded way again, which is how an archived message is read back.
 */
#ifndef JM_JOURNAL_STEPS_H
#define JM_JOURNAL_STEPS_H

#include "common/journal/unwrap.h"

/* A message and the way to it. */
struct jm_view {
	struct jm_span raw; /* the bytes that the steps lead to */
	struct jm_step steps[JM_UNWRAP_MAX_STEPS];
	size_t steps_n; /* at least 1 */
};

/* Where decoded bytes are put. */
struct jm_steps_memory {
	const struct jm_unwrap_memory *memory; /* NULL, or alloc NULL: malloc() */
	void **decoded; /* with malloc(): head of the chain of buffers, owned by the caller */
};

/* Make *v the view of all received bytes: one identity step. received is borrowed. */
void jm_steps_start(struct jm_view *v, struct jm_span received);

/*
 * Go one step further in: take part, a slice of v->raw, and decode it as cte says. *inner_r (which
 * may be v itself) gets the result, which may be empty. Returns 0, or -1 with err filled: TEMP when
 * memory ran out, BUG after more than JM_UNWRAP_MAX_STEPS steps.
 */
int jm_steps_into(const struct jm_view *v, struct jm_span part, enum jm_cte cte,
    const struct jm_steps_memory *mem, struct jm_view *inner_r, struct jm_err *err) JM_MUST_CHECK;

/* Free a chain of decoded buffers; *decoded becomes NULL. */
void jm_steps_release(void **decoded);

/*
 * Walk steps (steps_n of them, as struct jm_content has them) from the received bytes. *raw_r gets
 * the bytes that they lead to: a slice of received, or of a decoded buffer. *mem->decoded is set to
 * NULL, or with malloc() to the one buffer that *raw_r needs; the caller frees it with free() or
 * jm_steps_release(). Returns 0, or -1 with err filled: CORRUPT when a step does not fit the bytes,
 * TEMP when memory ran out. Any thread.
 */
int jm_steps_follow(struct jm_span received, const struct jm_step *steps, size_t steps_n,
    const struct jm_steps_memory *mem, struct jm_span *raw_r, struct jm_err *err) JM_MUST_CHECK;

#endif
