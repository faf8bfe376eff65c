/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts gathered by key. Keys are compared by their digests. See gather.h. */
#include "common/query/gather.h"

#include <string.h>

#include "common/base/digest.h"
#include "common/base/num.h"

#define FIRST_ROOM 64u
#define KEY_BYTES 16u               /* of the digest */
#define TEXT_MAX_BYTES (1ull << 40) /* of all texts */
#define TEXTS_MAX (UINT32_MAX / 4u)

struct jm_gathered {
	uint64_t at;
	unsigned char key[KEY_BYTES];
	uint32_t len;
	uint32_t next; /* of its chain */
	uint32_t last; /* of the first one: the last one of its chain */
	bool first, mark;
};

void jm_gather_init(struct jm_gather *g, const char *dir)
{
	memset(g, 0, sizeof *g);
	jm_spool_init(&g->text, dir, TEXT_MAX_BYTES);
	jm_scratch_init(&g->scratch, dir);
	jm_scratch_init(&g->before, dir);
}

void jm_gather_release(struct jm_gather *g)
{
	const char *dir = g->text.dir;

	jm_spool_release(&g->text);
	jm_scratch_release(&g->scratch);
	jm_scratch_release(&g->before);
	jm_gather_init(g, dir);
}

static uint32_t *slot_of(const struct jm_gather *g, const unsigned char key[KEY_BYTES])
{
	uint32_t i = jm_num_get_be32(key) & (g->slots - 1);

	while (g->slot[i] != JM_GATHER_NONE && memcmp(g->v[g->slot[i]].key, key, KEY_BYTES) != 0)
		i = (i + 1) & (g->slots - 1);
	return &g->slot[i];
}

/* Make room for one more: twice as much as before, which is given back. */
static int gather_grow(struct jm_gather *g, struct jm_err *err)
{
	uint32_t room = g->room ? 2 * g->room : FIRST_ROOM, slots = 4 * room;
	struct jm_gathered *v;
	uint32_t *slot;

	if (g->n < g->room)
		return 0;
	if (g->n > TEXTS_MAX / 4)
		return jm_err_set(err, JM_E_LIMIT, "more than %u texts", TEXTS_MAX / 4);
	g->before = g->scratch;
	jm_scratch_init(&g->scratch, g->text.dir);
	v = jm_scratch_alloc(&g->scratch, room * sizeof *v, err);
	slot = v ? jm_scratch_alloc(&g->scratch, slots * sizeof *slot, err) : NULL;
	if (!slot)
		return -1;
	if (g->n > 0)
		memcpy(v, g->v, g->n * sizeof *v);
	memset(slot, 0xff, slots * sizeof *slot);
	g->v = v;
	g->slot = slot;
	g->room = room;
	g->slots = slots;
	for (uint32_t i = 0; i < g->n; i++)
		if (v[i].first)
			*slot_of(g, v[i].key) = i;
	jm_scratch_release(&g->before);
	return 0;
}

int jm_gather_add(
    struct jm_gather *g, struct jm_span key, struct jm_span text, bool mark, struct jm_err *err)
{
	unsigned char digest[JM_SHA256_BYTES];
	struct jm_gathered *e;
	uint32_t *slot;

	if (text.len > UINT32_MAX)
		return jm_err_set(err, JM_E_LIMIT, "a text of %zu bytes", text.len);
	if (gather_grow(g, err) != 0 || jm_sha256_of(key, digest, err) != 0)
		return -1;
	slot = slot_of(g, digest);
	e = &g->v[g->n];
	*e = (struct jm_gathered){ .at = g->text.len,
		.len = (uint32_t)text.len,
		.next = JM_GATHER_NONE,
		.last = g->n,
		.first = *slot == JM_GATHER_NONE,
		.mark = mark };
	memcpy(e->key, digest, KEY_BYTES);
	if (text.len > 0 && jm_spool_write(&g->text, text.p, text.len, err) != 0)
		return -1;
	if (e->first) {
		*slot = g->n;
	} else {
		g->v[g->v[*slot].last].next = g->n;
		g->v[*slot].last = g->n;
	}
	g->n++;
	return 0;
}

int jm_gather_find(struct jm_gather *g, struct jm_span key, uint32_t *i_r, struct jm_err *err)
{
	unsigned char digest[JM_SHA256_BYTES];

	if (g->n == 0)
		return 0;
	if (jm_sha256_of(key, digest, err) != 0)
		return -1;
	*i_r = *slot_of(g, digest);
	return *i_r != JM_GATHER_NONE;
}

bool jm_gather_is_first(const struct jm_gather *g, uint32_t i)
{
	return g->v[i].first;
}

uint32_t jm_gather_next(const struct jm_gather *g, uint32_t i)
{
	return g->v[i].next;
}

bool jm_gather_mark(const struct jm_gather *g, uint32_t i)
{
	return g->v[i].mark;
}

int jm_gather_text(struct jm_gather *g, uint32_t i, struct jm_span *text_r, struct jm_err *err)
{
	return jm_spool_get(&g->text, g->v[i].at, g->v[i].len, text_r, err);
}
