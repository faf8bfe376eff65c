/* SPDX-License-Identifier: BSD-2-Clause */
/* The way from the received bytes to a message inside them: slices and decodings.
 * jm_unwrap_follow() walks it again. */
#ifndef JM_JOURNAL_STEPS_H
#define JM_JOURNAL_STEPS_H

#include "common/journal/unwrap.h"

/* A message and the way to it. */
struct jm_view {
	struct jm_span raw;
	struct jm_step steps[JM_UNWRAP_MAX_STEPS];
	size_t steps_n;
};

/* Where decodings come from: options->memory, or malloc; then they are chained at *decoded. */
struct jm_steps_memory {
	const struct jm_unwrap_memory *memory;
	void **decoded;
};

/* The view of all received bytes. */
void jm_steps_start(struct jm_view *v, struct jm_span received);

/* Take the slice part of v->raw and decode it; *inner_r may be empty. TEMP when memory ran out. */
int jm_steps_into(const struct jm_view *v, struct jm_span part, enum jm_cte cte,
    const struct jm_steps_memory *mem, struct jm_view *inner_r, struct jm_err *err) JM_MUST_CHECK;

/* Free the chain. */
void jm_steps_release(void **decoded);

#endif
