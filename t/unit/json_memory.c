/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading JSON while one allocation after the other fails: it is read whole or refused as
 * temporary, and no byte outside a block is touched. The linker leads our malloc() here.
 * Each block ends at a page that nobody may use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/json/read.h"
#include "t/lib/tap.h"

#define PAGE 4096u

void *__wrap_malloc(size_t n);
void __wrap_free(void *p);
extern void __real_free(void *p);

static int until_none = -1; /* allocations until one fails; -1: none fails */
static bool from_then_on;
static long blocks;

#define BLOCKS 4096u
static struct block {
	void *p, *start; /* p NULL: a free place */
	size_t mapped;
} live[BLOCKS];

static struct block *block_of(const void *p)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (live[i].p == p)
			return &live[i];
	return NULL;
}

void *__wrap_malloc(size_t n)
{
	size_t room = (n + 15) & ~(size_t)15, pages = (room + PAGE) / PAGE;
	struct block *b = block_of(NULL);

	if (until_none == 0) {
		until_none = from_then_on ? 0 : -1;
		return NULL;
	}
	until_none -= until_none > 0;
	if (!b)
		return NULL;
	b->mapped = (pages + 1) * PAGE;
	b->start = mmap(
	    NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->start == MAP_FAILED ||
	    mprotect((char *)b->start + pages * PAGE, PAGE, PROT_NONE) != 0)
		return NULL;
	b->p = (char *)b->start + pages * PAGE - room;
	blocks++;
	return b->p;
}

/* Some blocks are of the C library. */
void __wrap_free(void *p)
{
	struct block *b = p ? block_of(p) : NULL;

	if (!b) {
		__real_free(p);
		return;
	}
	munmap(b->start, b->mapped);
	b->p = NULL;
	blocks--;
}

struct outcome {
	unsigned refused, wrong;
};

/* Read it with the allocation that is number nth failing. */
static void read_with(const char *text, const json_t *want, int nth, struct outcome *o)
{
	struct jm_err err = { .kind = JM_E_NONE };
	long before = blocks;
	json_t *got = NULL;
	int rc;

	until_none = nth;
	rc = jm_json_read(text, strlen(text), &got, &err);
	until_none = -1;
	if (rc == 0)
		o->wrong += !json_equal(got, want);
	else
		o->wrong += err.kind != JM_E_TEMP || got;
	o->refused += rc != 0;
	json_decref(got);
	o->wrong += blocks != before;
}

static struct outcome each(const char *text)
{
	struct outcome o = { 0, 0 };
	json_t *want = NULL;
	struct jm_err err;
	unsigned before;
	int nth = 0;

	if (jm_json_read(text, strlen(text), &want, &err) != 0) {
		o.wrong++;
		return o;
	}
	do {
		before = o.refused;
		read_with(text, want, nth++, &o);
	} while (o.refused > before);
	json_decref(want);
	return o;
}

#define LONGEST 36
static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

static void strings(bool all_later)
{
	struct outcome sum = { 0, 0 };
	char text[300];

	from_then_on = all_later;
	for (int n = 12; n <= LONGEST; n++) {
		struct outcome o;

		snprintf(text, sizeof text, "[\"%.*s\",{\"%.*s\\\"\":[%.*s,\"\\u00fc%.*s\"]},true]",
		    n, letters, LONGEST - n, letters, n % 17 + 1, "12345678901234567", n, letters);
		o = each(text);
		sum.refused += o.refused;
		sum.wrong += o.wrong;
	}
	tap_ok(sum.wrong == 0 && sum.refused > 200,
	    "strings and numbers of many lengths, %s: %u times refused, %u times wrong",
	    all_later ? "one allocation and all later ones fail" : "one allocation fails",
	    sum.refused, sum.wrong);
}

static void many_values(bool all_later)
{
	static char text[600];
	struct outcome o;
	size_t n = 0;

	from_then_on = all_later;
	for (int i = 0; i < 30; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s", i == 0 ? "[[]" : ",[{}]");
	snprintf(text + n, sizeof text - n, "]");
	o = each(text);
	tap_ok(o.wrong == 0 && o.refused > 50, "many small values%s: %u times refused",
	    all_later ? ", and all later ones fail" : "", o.refused);
}

int main(void)
{
	for (int later = 0; later < 2; later++) {
		strings(later);
		many_values(later);
	}
	return tap_done();
}
