/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas: a chain of blocks, of which the first is filled. See arena.h. */
#include "common/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#define BLOCK_BYTES 8192u

struct jm_arena_block {
	struct jm_arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

void jm_arena_init(struct jm_arena *a, size_t max_bytes)
{
	*a = (struct jm_arena){ .max_bytes = max_bytes };
}

void jm_arena_release(struct jm_arena *a)
{
	while (a->head) {
		struct jm_arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
	a->used_bytes = 0;
}

void *jm_arena_alloc(struct jm_arena *a, size_t n, struct jm_err *err)
{
	struct jm_arena_block *b = a->head;
	size_t size;
	void *p;

	if (n > a->max_bytes || a->used_bytes > a->max_bytes - n) {
		jm_err_set(err, JM_E_LIMIT, "arena of %zu bytes is full", a->max_bytes);
		return NULL;
	}
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!b || b->size - b->used < n) {
		size = n > BLOCK_BYTES / 4 ? n : BLOCK_BYTES;
		b = calloc(1, sizeof *b + size);
		if (!b) {
			jm_err_set(err, JM_E_TEMP, "out of memory for %zu bytes", size);
			return NULL;
		}
		b->size = size;
		if (a->head && size == n) { /* a big one: keep filling the first block */
			b->next = a->head->next;
			a->head->next = b;
		} else {
			b->next = a->head;
			a->head = b;
		}
	}
	p = b->data + b->used;
	b->used += n;
	a->used_bytes += n;
	return p;
}

int jm_arena_copy(struct jm_arena *a, struct jm_span s, struct jm_span *copy_r, struct jm_err *err)
{
	unsigned char *p = jm_arena_alloc(a, s.len + 1, err);

	if (!p)
		return -1;
	if (s.len)
		memcpy(p, s.p, s.len);
	*copy_r = (struct jm_span){ p, s.len };
	return 0;
}

void *jm_arena_grow(
    struct jm_arena *a, void **array, size_t *n, size_t *cap, size_t size, struct jm_err *err)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 8;
		void *p;

		if (more > SIZE_MAX / size) {
			jm_err_set(err, JM_E_LIMIT, "array of %zu elements is full", *cap);
			return NULL;
		}
		p = jm_arena_alloc(a, more * size, err);
		if (!p)
			return NULL;
		if (*n)
			memcpy(p, *array, *n * size);
		*array = p;
		*cap = more;
	}
	return (unsigned char *)*array + (*n)++ * size;
}
