/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing two loaded settings, row by row of the table, and writing the differences as text.
 * Callers decide what to do with the texts. See difference.h. */
#include "common/settings/difference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/settings/member.h"
#include "common/base/num.h"
#include "common/settings/table.h"
#include "common/settings/typed_value.h"

#define SHOWN_BYTES 149 /* of a value */

/* Two structs of one kind that are compared. */
struct pair {
	const void *old, *now;
	const int *old_lines, *now_lines;
	const char *service;
	jm_difference_visit *visit;
	void *ctx;
};

static void compare_value(const struct pair *p, const struct jm_setting *t, int old_line, int line)
{
	bool plain = strcmp(t->section, JM_SETTINGS_ROOT) == 0 ||
	    strcmp(t->section, "journal-service") == 0;
	char was[JM_VALUE_BYTES], is[JM_VALUE_BYTES], where[30] = "default",
						      text[JM_DIFFERENCE_BYTES];
	const char *section = plain ? "" : t->section, *slash = plain ? "" : "/", *old, *now;

	/* Neither file sets it: a default, or derived from a setting that is compared, too. */
	if ((!old_line && !line) || jm_members_equal(t, p->old, p->now))
		return;
	if (line)
		snprintf(where, sizeof where, "line %d", line);
	if (jm_setting_is_secret(t)) {
		snprintf(text, sizeof text, "%s%s%s: changed (%s)", section, slash, t->name, where);
		p->visit(p->ctx, p->service, text);
		return;
	}
	old = jm_value_text(t, p->old, was);
	now = jm_value_text(t, p->now, is);
	snprintf(text, sizeof text, "%s%s%s: %.*s -> %.*s (%s)", section, slash, t->name,
	    SHOWN_BYTES, old ? old : "nothing", SHOWN_BYTES, now ? now : "nothing", where);
	p->visit(p->ctx, p->service, text);
}

/* ---- lists ---- */

struct entries {
	char **v; /* sorted; the array and its texts are owned */
	size_t n;
};

/* The text of an element of a list; the caller frees it. NULL without memory. */
static char *entry_text(const struct jm_setting *t, const char *element)
{
	char text[JM_CIDR_TEXT_BYTES];
	const struct jm_domain *domain = (const void *)element;
	char *both;

	if (t->type == JM_SETTING_RANGE)
		return strdup(jm_cidr_format((const void *)element, text));
	if (t->type == JM_SETTING_DOMAIN && domain->sub_domains)
		return asprintf(&both, "%s with sub-domains", domain->name) < 0 ? NULL : both;
	/* The name comes first in struct jm_domain, too. */
	return strdup(((const struct jm_source *)(const void *)element)->name);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void entries_release(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->v[i]);
	free(e->v);
}

/* Fill *e from the list of setting t in base. False without memory; release *e in any case. */
static bool entries_take(const struct jm_setting *t, const void *base, struct entries *e)
{
	const char *array;
	size_t n;

	memcpy(&array, (const char *)base + t->offset, sizeof array);
	memcpy(&n, (const char *)base + t->many_offset, sizeof n);
	*e = (struct entries){ .n = 0 };
	e->v = calloc(n + 1, sizeof *e->v);
	for (size_t i = 0; e->v && i < n; i++) {
		e->v[e->n] = entry_text(t, array + i * t->many_size);
		if (!e->v[e->n])
			return false;
		e->n++;
	}
	if (e->v)
		qsort(e->v, e->n, sizeof *e->v, by_text);
	return e->v;
}

static void visit_entry(const struct pair *p, const struct jm_setting *t, const char *entry,
    const char *what, size_t *visited)
{
	char text[JM_DIFFERENCE_BYTES];

	if (++*visited > JM_DIFFERENCE_ENTRIES)
		return;
	snprintf(text, sizeof text, "%s: %s %.250s %s", t->section, t->name, entry, what);
	p->visit(p->ctx, p->service, text);
}

static void compare_list(const struct pair *p, const struct jm_setting *t)
{
	struct entries old = { .n = 0 }, now = { .n = 0 };
	char text[JM_DIFFERENCE_BYTES];
	size_t i = 0, k = 0, visited = 0;

	if (entries_take(t, p->old, &old) && entries_take(t, p->now, &now))
		while (i < old.n || k < now.n) {
			int c = i == old.n ? 1 : k == now.n ? -1 : strcmp(old.v[i], now.v[k]);

			if (c != 0)
				visit_entry(p, t, c < 0 ? old.v[i] : now.v[k],
				    c < 0 ? "removed" : "added", &visited);
			i += c <= 0;
			k += c >= 0;
		}
	else
		p->visit(p->ctx, p->service, t->section);
	if (visited > JM_DIFFERENCE_ENTRIES) {
		snprintf(text, sizeof text, "%s: %zu more change%s", t->section,
		    visited - JM_DIFFERENCE_ENTRIES, jm_num_s(visited - JM_DIFFERENCE_ENTRIES));
		p->visit(p->ctx, p->service, text);
	}
	entries_release(&old);
	entries_release(&now);
}

/* ---- the walk ---- */

static void compare_section(const struct pair *p, const char *section)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (size_t i = 0; i < n; i++) {
		const struct jm_setting *t = &table[i];
		struct pair inner = *p;

		if (strcmp(t->section, section) != 0 ||
		    (t->many_size && t->type == JM_SETTING_GROUP))
			continue;
		if (t->many_size) {
			compare_list(p, t);
		} else if (t->type == JM_SETTING_GROUP) {
			inner.old = (const char *)p->old + t->offset;
			inner.now = (const char *)p->now + t->offset;
			compare_section(&inner, t->name);
		} else {
			compare_value(p, t, p->old_lines[i], p->now_lines[i]);
		}
	}
}

void jm_settings_differences(const struct jm_settings *old, const struct jm_settings *now,
    jm_difference_visit *visit, void *ctx)
{
	struct pair p = { .old = old,
		.now = now,
		.old_lines = old->lines,
		.now_lines = now->lines,
		.visit = visit,
		.ctx = ctx };

	compare_section(&p, JM_SETTINGS_ROOT);
	for (size_t i = 0; i < now->services_n; i++)
		for (size_t k = 0; k < old->services_n; k++) {
			const struct jm_service *s = &now->services[i], *was = &old->services[k];

			if (strcmp(s->email_address, was->email_address) != 0)
				continue;
			p = (struct pair){ .old = was,
				.now = s,
				.old_lines = was->lines,
				.now_lines = s->lines,
				.service = s->email_address,
				.visit = visit,
				.ctx = ctx };
			compare_section(&p, "journal-service");
		}
}
