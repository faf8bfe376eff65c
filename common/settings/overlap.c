/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding ranges in other ranges: sorted by address, each range comes after those that contain it,
 * and two ranges either nest or have no address in common. See overlap.h.
 */
#include "common/settings/overlap.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 129 /* prefixes of 0 to 128 bits */

struct entry {
	const struct jm_cidr *range;
	int line;
	bool shared; /* of <authorized-outbounds> */
};

/* Wider ranges first; of equal ones the shared one, then the one in the earlier line. */
static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = memcmp(x->range->addr, y->range->addr, sizeof x->range->addr);

	if (c == 0)
		c = (int)x->range->bits - (int)y->range->bits;
	if (c == 0)
		c = (int)y->shared - (int)x->shared;
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static size_t add_all(struct entry *to, size_t n, const struct jm_ranges *r, bool shared)
{
	for (size_t i = 0; i < r->n; i++)
		to[n++] = (struct entry){ &r->v[i], r->lines[i], shared };
	return n;
}

static void warn_nested(
    const struct entry *inner, const struct entry *outer, const char *what, struct jm_findings *f)
{
	char a[JM_CIDR_TEXT_BYTES], b[JM_CIDR_TEXT_BYTES];

	jm_cidr_format(inner->range, a);
	if (inner->range->bits == outer->range->bits)
		jm_findings_warning(f, inner->line,
		    "<%s>: %s is in line %d%s already; delete one of the two", what, a, outer->line,
		    outer->shared && !inner->shared ? ", in <authorized-outbounds>," : "");
	else
		jm_findings_warning(f, inner->line,
		    "<%s>: %s is part of %s in line %d%s; delete it, or the wider range if that "
		    "is too wide",
		    what, a, jm_cidr_format(outer->range, b), outer->line,
		    outer->shared && !inner->shared ? ", in <authorized-outbounds>" : "");
}

/* Warn of the ranges of own that other ranges, of own or of shared (may be NULL), contain. */
static void check_list(const struct jm_ranges *shared, const struct jm_ranges *own,
    const char *what, struct jm_findings *f)
{
	size_t n = (shared ? shared->n : 0) + own->n, depth = 0;
	struct entry *all = calloc(n + 1, sizeof *all);
	const struct entry *around[DEPTH_MAX];

	if (!all)
		return; /* without memory: a needless range does no harm */
	n = add_all(all, 0, own, !shared);
	if (shared)
		n = add_all(all, n, shared, true);
	qsort(all, n, sizeof *all, entry_compare);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &all[i];
		struct jm_cidr first = { .bits = 128 };

		memcpy(first.addr, e->range->addr, sizeof first.addr);
		while (depth > 0 && !jm_cidr_contains(around[depth - 1]->range, &first))
			depth--;
		if (depth > 0 && (!shared || !e->shared) &&
		    around[depth - 1]->range->bits <= e->range->bits)
			warn_nested(e, around[depth - 1], what, f);
		if ((depth == 0 || around[depth - 1]->range->bits < e->range->bits) &&
		    depth < DEPTH_MAX)
			around[depth++] = e;
	}
	free(all);
}

void jm_overlap_check(const struct jm_settings *s, struct jm_findings *f)
{
	check_list(NULL, &s->authorized_outbounds, "authorized-outbounds", f);
	for (size_t i = 0; i < s->services_n; i++)
		if (!s->services[i].disabled && s->services[i].transport == JM_TRANSPORT_SMTP)
			check_list(&s->authorized_outbounds, &s->services[i].source_ranges,
			    "additional-source-ip-ranges", f);
}
