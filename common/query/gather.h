/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts gathered by key, in the order in which they came: texts with the same key form a chain.
 * Many of them take room in unlinked files, not memory. First all are added, then they are read.
 * One thread at a time for one struct jm_gather.
 */
#ifndef JM_QUERY_GATHER_H
#define JM_QUERY_GATHER_H

#include <stdbool.h>

#include "common/base/scratch.h"
#include "common/base/spool.h"

#define JM_GATHER_NONE UINT32_MAX

struct jm_gathered;

/* The members are private to gather.c but for n. */
struct jm_gather {
	struct jm_spool text;              /* all texts, one after the other */
	struct jm_scratch scratch, before; /* before: while they grow */
	struct jm_gathered *v; /* of each text: its place, its key, the next one of its chain */
	uint32_t *slot;        /* a hash table of the first ones of the chains */
	uint32_t n, room, slots;
};

/* Make *g empty. dir (for files) is borrowed for the life of *g. */
void jm_gather_init(struct jm_gather *g, const char *dir);

/* Free everything; *g is empty and may be used again. */
void jm_gather_release(struct jm_gather *g);

/* Add a text at the end of the chain of key. mark: a mark for the caller's use. TEMP, LIMIT. */
int jm_gather_add(struct jm_gather *g, struct jm_span key, struct jm_span text, bool mark,
    struct jm_err *err) JM_MUST_CHECK;

/* The first text with this key: 1 with *i_r; 0: there is no such text; -1: TEMP. */
int jm_gather_find(
    struct jm_gather *g, struct jm_span key, uint32_t *i_r, struct jm_err *err) JM_MUST_CHECK;

/* Is text i (below g->n) the first one of its chain? */
bool jm_gather_is_first(const struct jm_gather *g, uint32_t i);

/* The next text of the chain of text i, or JM_GATHER_NONE. */
uint32_t jm_gather_next(const struct jm_gather *g, uint32_t i);

/* The mark of text i. */
bool jm_gather_mark(const struct jm_gather *g, uint32_t i);

/* Get text i, valid until the next call. TEMP. */
int jm_gather_text(
    struct jm_gather *g, uint32_t i, struct jm_span *text_r, struct jm_err *err) JM_MUST_CHECK;

#endif
