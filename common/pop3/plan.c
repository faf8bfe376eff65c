/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of plan.h, with sorted arrays and binary search: a mailbox of a million messages is
 * planned in a second. Reading the listing: listing.c; carrying a plan out: milter/daemon/pull.c.
 */
#include "common/pop3/plan.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_BYTES (1024u * 1024 * 1024)

static int compare_spans(struct jm_span a, struct jm_span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* An id, and its place. */
struct slot {
	struct jm_span id;
	size_t at; /* index in the listing, the marks or the failing ids */
};

static int by_id(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	int c = compare_spans(x->id, y->id);

	return c ? c : (x->at > y->at) - (x->at < y->at);
}

/* Ids in order, for searching. */
struct index {
	struct slot *v;
	size_t n, cap;
};

static int index_add(
    struct jm_pop3_plan *p, struct index *x, struct jm_span id, size_t at, struct jm_err *err)
{
	struct slot *s = jm_arena_grow(&p->arena, (void **)&x->v, &x->n, &x->cap, sizeof *s, err);

	if (!s)
		return -1;
	*s = (struct slot){ id, at };
	return 0;
}

static void index_sort(struct index *x)
{
	if (x->n)
		qsort(x->v, x->n, sizeof *x->v, by_id);
}

/* How many slots have this id; *first_r: the first of them. */
static size_t index_find(const struct index *x, struct jm_span id, const struct slot **first_r)
{
	size_t lo = 0, hi = x->n, n = 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_spans(x->v[mid].id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*first_r = x->n ? x->v + lo : NULL;
	while (lo + n < x->n && compare_spans(x->v[lo + n].id, id) == 0)
		n++;
	return n;
}

struct work {
	const struct jm_pop3_plan_input *in;
	struct jm_pop3_plan *p;
	struct index listed, marks, failing, staying, apart;
};

struct jm_span jm_pop3_entry_key(const struct jm_pop3_entry *e, char key[JM_POP3_KEY_BYTES])
{
	if (!jm_span_none(e->id))
		return e->id;
	if (e->size_bytes)
		snprintf(key, JM_POP3_KEY_BYTES, " %llu", (unsigned long long)e->size_bytes);
	else
		snprintf(key, JM_POP3_KEY_BYTES, " #%u", (unsigned)e->number);
	return jm_span_str(key);
}

static int plan_retr(struct work *w, const struct jm_pop3_todo *todo, struct jm_err *err)
{
	struct jm_pop3_plan *p = w->p;
	struct jm_pop3_todo *t;

	if (w->in->max_messages && p->retr_n >= w->in->max_messages) {
		p->later_n++;
		return 0;
	}
	t = jm_arena_grow(&p->arena, (void **)&p->retr, &p->retr_n, &p->retr_cap, sizeof *t, err);
	if (!t)
		return -1;
	*t = *todo;
	p->compare_n += t->mark && t->mark->size_bytes == t->entry->size_bytes;
	return 0;
}

static int add_entry(struct jm_pop3_plan *p, struct jm_pop3_entries *to,
    const struct jm_pop3_entry *e, struct jm_err *err)
{
	const struct jm_pop3_entry **slot = jm_arena_grow(
	    &p->arena, (void **)&to->v, &to->n, &to->cap, sizeof *slot, err);

	if (!slot)
		return -1;
	*slot = e;
	return 0;
}

/* Rules 1 and 2 for one message. */
static int plan_entry(struct work *w, const struct jm_pop3_entry *e, struct jm_err *err)
{
	struct jm_pop3_plan *p = w->p;
	struct jm_pop3_todo todo = { e, false, NULL };
	const struct slot *slot;
	bool same;

	if (jm_span_none(e->id)) {
		p->without_id_n++;
		return plan_retr(w, &todo, err);
	}
	if (index_find(&w->listed, e->id, &slot) > 1) {
		p->same_id_n++;
		return plan_retr(w, &todo, err);
	}
	todo.marks = true;
	if (index_find(&w->marks, e->id, &slot) == 0)
		return plan_retr(w, &todo, err);
	todo.mark = &w->in->marks[slot->at];
	same = e->size_bytes != 0 && e->size_bytes == todo.mark->size_bytes;
	p->changed_n += !same;
	if (same && w->in->leave_on_server) {
		p->left_n++;
		return 0;
	}
	if (same && index_find(&w->staying, e->id, &slot) > 0)
		return add_entry(p, &p->staying, e, err);
	return plan_retr(w, &todo, err);
}

/* Rule 4: gather the listed messages that are apart. In a trial, plan the one whose turn it is. */
static int plan_apart(struct work *w, struct jm_err *err)
{
	const struct jm_pop3_listing *l = w->in->listing;
	struct jm_pop3_entries *apart = &w->p->apart;
	char key[JM_POP3_KEY_BYTES];
	const struct slot *slot;

	for (size_t i = 0; i < l->n && w->apart.n; i++)
		if (index_find(&w->apart, jm_pop3_entry_key(&l->v[i], key), &slot) > 0 &&
		    add_entry(w->p, apart, &l->v[i], err) != 0)
			return -1;
	return w->in->trial && apart->n ? plan_entry(w, apart->v[w->in->turn % apart->n], err) : 0;
}

/* Rule 5: new messages, then those to be compared, then those that failed before. */
enum turn { TURN_NEW, TURN_COMPARE, TURN_FAILING, TURNS };

static enum turn turn_of(const struct work *w, const struct jm_pop3_entry *e)
{
	const struct slot *slot;

	if (jm_span_none(e->id))
		return TURN_NEW;
	if (index_find(&w->failing, e->id, &slot) > 0)
		return TURN_FAILING;
	return index_find(&w->listed, e->id, &slot) == 1 &&
		index_find(&w->marks, e->id, &slot) > 0 &&
		w->in->marks[slot->at].size_bytes == e->size_bytes
	    ? TURN_COMPARE
	    : TURN_NEW;
}

/* All messages of one turn. */
static int plan_entries(struct work *w, enum turn turn, struct jm_err *err)
{
	const struct jm_pop3_listing *l = w->in->listing;
	size_t apart = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct jm_pop3_entry *e = &l->v[i];

		if (apart < w->p->apart.n && w->p->apart.v[apart] == e)
			apart++;
		else if (turn_of(w, e) == turn && plan_entry(w, e, err) != 0)
			return -1;
	}
	return 0;
}

static int index_keys(
    struct jm_pop3_plan *p, struct index *x, const struct jm_pop3_keys *keys, struct jm_err *err)
{
	for (size_t i = 0; i < keys->n; i++)
		if (index_add(p, x, keys->v[i], i, err) != 0)
			return -1;
	index_sort(x);
	return 0;
}

/* Rule 3. */
static int plan_forget(struct work *w, struct jm_err *err)
{
	const struct slot *slot;

	if (!w->in->listing->has_ids || w->in->listing->partial)
		return 0;
	for (size_t i = 0; i < w->in->marks_n; i++) {
		struct jm_span id = w->in->marks[i].id, *f;

		if (index_find(&w->listed, id, &slot) > 0)
			continue;
		f = jm_arena_grow(&w->p->arena, (void **)&w->p->forget, &w->p->forget_n,
		    &w->p->forget_cap, sizeof *f, err);
		if (!f)
			return -1;
		*f = id;
	}
	return 0;
}

int jm_pop3_plan(const struct jm_pop3_plan_input *in, struct jm_pop3_plan *p_r, struct jm_err *err)
{
	struct work w = { .in = in, .p = p_r };

	*p_r = (struct jm_pop3_plan){ 0 };
	jm_arena_init(&p_r->arena, ARENA_BYTES);
	for (size_t i = 0; i < in->listing->n; i++)
		if (!jm_span_none(in->listing->v[i].id) &&
		    index_add(p_r, &w.listed, in->listing->v[i].id, i, err) != 0)
			return -1;
	for (size_t i = 0; i < in->marks_n; i++)
		if (index_add(p_r, &w.marks, in->marks[i].id, i, err) != 0)
			return -1;
	index_sort(&w.listed);
	index_sort(&w.marks);
	if (index_keys(p_r, &w.failing, &in->failing, err) != 0 ||
	    index_keys(p_r, &w.staying, &in->staying, err) != 0 ||
	    index_keys(p_r, &w.apart, &in->apart, err) != 0 || plan_apart(&w, err) != 0)
		return -1;
	if (in->trial)
		return 0;
	for (enum turn turn = TURN_NEW; turn < TURNS; turn++)
		if (plan_entries(&w, turn, err) != 0)
			return -1;
	return plan_forget(&w, err);
}

void jm_pop3_plan_release(struct jm_pop3_plan *p)
{
	jm_arena_release(&p->arena);
	*p = (struct jm_pop3_plan){ 0 };
}
