/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An arena: the small allocations of one message, freed at once. It has a cap, like every growing
 * thing here. Big things (message bodies) do not belong into it; see spool.h.
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

/* Make *a empty with the given cap. */
void jm_arena_init(struct jm_arena *a, size_t max_bytes);

/* Free everything that was handed out; *a is empty and may be used again. */
void jm_arena_release(struct jm_arena *a);

/* n zeroed bytes, aligned for any type; NULL with err filled (LIMIT, TEMP). Freed with the arena.
 */
void *jm_arena_alloc(struct jm_arena *a, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* A copy of s, followed by an uncounted NUL. */
int jm_arena_copy(
    struct jm_arena *a, struct jm_span s, struct jm_span *copy_r, struct jm_err *err) JM_MUST_CHECK;

/* Room for one more element in an array that lives in the arena and holds *n of *cap elements of
 * size bytes. Grows by doubling; the old array stays behind until the arena is released. Returns
 * the new element, zeroed, and counts it in *n; NULL with err filled. */
void *jm_arena_grow(struct jm_arena *a, void **array, size_t *n, size_t *cap, size_t size,
    struct jm_err *err) JM_MUST_CHECK;

#endif
