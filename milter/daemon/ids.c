/* SPDX-License-Identifier: BSD-2-Clause */
/* A sorted array of spans. The meaning of the strings is known to pull.c and collect.c. See ids.h.
 */
#include "milter/daemon/ids.h"

#include <stdlib.h>

#define IDS_BYTES (16u << 20)

void jm_ids_init(struct jm_ids *ids)
{
	*ids = (struct jm_ids){ .n = 0 };
	jm_arena_init(&ids->arena, IDS_BYTES);
}

void jm_ids_release(struct jm_ids *ids)
{
	jm_arena_release(&ids->arena);
	jm_ids_init(ids);
}

void jm_ids_add(struct jm_ids *ids, struct jm_span id)
{
	struct jm_span *kept = jm_arena_grow(
	    &ids->arena, (void **)&ids->v, &ids->n, &ids->cap, sizeof *kept, NULL);

	if (kept && jm_arena_copy(&ids->arena, id, kept, NULL) != 0)
		ids->n--;
}

static int compare_ids(const void *a, const void *b)
{
	const struct jm_span *x = a, *y = b;
	int c = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

void jm_ids_sort(struct jm_ids *ids)
{
	if (ids->n)
		qsort(ids->v, ids->n, sizeof *ids->v, compare_ids);
}

void jm_ids_replace(struct jm_ids *ids, struct jm_ids *by)
{
	jm_ids_sort(by);
	jm_ids_release(ids);
	*ids = *by;
	jm_ids_init(by);
}

bool jm_ids_have(const struct jm_ids *ids, struct jm_span id)
{
	return ids->n && bsearch(&id, ids->v, ids->n, sizeof id, compare_ids);
}
