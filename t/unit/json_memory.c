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
#define HEAD 16u

void *__wrap_malloc(size_t n);
void __wrap_free(void *p);

static int until_none = -1; /* allocations until one fails; -1: none fails */
static bool from_then_on;
static long blocks;

struct block {
	size_t mapped;
	void *start;
};

void *__wrap_malloc(size_t n)
{
	size_t room = (n + HEAD + 15) & ~(size_t)15, pages = (room + PAGE - 1) / PAGE;
	struct block b = { (pages + 1) * PAGE, NULL };
	unsigned char *p;

	if (until_none == 0) {
		until_none = from_then_on ? 0 : -1;
		return NULL;
	}
	until_none -= until_none > 0;
	b.start = mmap(NULL, b.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b.start == MAP_FAILED || mprotect((char *)b.start + pages * PAGE, PAGE, PROT_NONE) != 0)
		return NULL;
	p = (unsigned char *)b.start + pages * PAGE - (room - HEAD);
	memcpy(p - HEAD, &b, sizeof b);
	blocks++;
	return p;
}

void __wrap_free(void *p)
{
	struct block b;

	if (!p)
		return;
	memcpy(&b, (unsigned char *)p - HEAD, sizeof b);
	munmap(b.start, b.mapped);
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
	for (int n = 0; n <= LONGEST; n++) {
		struct outcome o;

		snprintf(text, sizeof text, "[\"%.*s\",{\"%.*s\\\"\":[%.*s,\"\\u00fc%.*s\"]},true]",
		    n, letters, LONGEST - n, letters, n % 17 + 1, "12345678901234567", n, letters);
		o = each(text);
		sum.refused += o.refused;
		sum.wrong += o.wrong;
	}
	tap_ok(sum.wrong == 0 && sum.refused > 200,
	    "strings and numbers of every length, %s: %u times refused, %u times wrong",
	    all_later ? "one allocation and all later ones fail" : "one allocation fails",
	    sum.refused, sum.wrong);
}

static void many_values(bool all_later)
{
	static char text[600];
	struct outcome o;
	size_t n = 0;

	from_then_on = all_later;
	for (int i = 0; i < 70; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s", i == 0 ? "[[]" : ",[{}]");
	snprintf(text + n, sizeof text - n, "]");
	o = each(text);
	tap_ok(o.wrong == 0 && o.refused > 100, "many small values%s: %u times refused",
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
