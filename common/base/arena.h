/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An arena: many small allocations that belong to one message and are freed together. It has a cap,
 * as everything here that grows. Large buffers (message bodies) do not belong in it; see spool.h
 * and scratch.h. One thread at a time for one arena.
 */
#ifndef JM_BASE_ARENA_H
#define JM_BASE_ARENA_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_arena_block;

struct jm_arena {
	struct jm_arena_block *head; /* owned */
	size_t used_bytes;           /* handed out so far */
	size_t max_bytes;            /* cap on used_bytes */
};

/* Make *a empty, with a cap of max_bytes. Nothing is allocated. */
void jm_arena_init(struct jm_arena *a, size_t max_bytes);

/* Free everything that was handed out; *a is empty and may be used again. */
void jm_arena_release(struct jm_arena *a);

/* Return n zeroed bytes, aligned for any type and freed with the arena; NULL with err filled: LIMIT
 * past the cap, TEMP without memory. */
void *jm_arena_alloc(struct jm_arena *a, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Copy s into the arena; *copy_r is the copy, followed by a NUL that it does not count. Returns 0,
 * or -1 with err filled (LIMIT, TEMP). */
int jm_arena_copy(
    struct jm_arena *a, struct jm_span s, struct jm_span *copy_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Make room for one more element in *array, which lives in the arena and holds *n elements of size
 * bytes, with room for *cap (all zero for a new array). Grows by doubling; the old array remains
 * allocated until the arena is released. Returns the new element, zeroed, and counts it in *n; NULL
 * with err filled (LIMIT, TEMP), then nothing has changed.
 */
void *jm_arena_grow(struct jm_arena *a, void **array, size_t *n, size_t *cap, size_t size,
    struct jm_err *err) JM_MUST_CHECK;

#endif
