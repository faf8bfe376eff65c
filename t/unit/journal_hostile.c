/* SPDX-License-Identifier: BSD-2-Clause */
/* Damaged messages: cut off anywhere, octets changed anywhere; what is left can always be archived
 * whole. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "t/lib/journaled.h"
#include "t/lib/tap.h"

#define MUTANTS 60 /* a message */

static uint64_t seed;

/* xorshift: the same on every machine */
static size_t any(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

/* An exact copy on the heap, so that a sanitizer sees every octet read after its end. */
static const char *try_exactly(const unsigned char *p, size_t n)
{
	struct jm_unwrap_options options = journaled_options();
	unsigned char *copy = malloc(n ? n : 1);
	const char *fault;
	struct jm_unwrap u;

	if (!copy)
		return "no memory";
	memcpy(copy, p, n);
	options.prefer_clear_text = n & 1;
	fault = journaled_try(jm_span_of(copy, n), &options, &u);
	if (!fault && u.limits)
		fault = "a small message reached a limit";
	jm_unwrap_release(&u);
	free(copy);
	return fault;
}

static void try_truncated(const char *name, const struct jm_buf *eml)
{
	size_t step = eml->len / 400 + 1, n;
	const char *fault = NULL;

	for (n = 0; n <= eml->len && !fault; n += step)
		fault = try_exactly(eml->p, n);
	if (!tap_is_str(fault, NULL, "%s: cut off every %zu octets", name, step))
		tap_diag("at %zu", n - step);
}

static void mutate(struct jm_buf *b)
{
	static const char often[] = "\r\n:;=-\"\\()<>@, \t\0?_/.B";
	size_t times = 1 + any(8), k, at;

	for (k = 0; k < times; k++) {
		at = any(b->len);
		switch (any(4)) {
		case 0:
			b->p[at] = (unsigned char)any(256);
			break;
		case 1:
			b->p[at] = (unsigned char)often[any(sizeof often - 1)];
			break;
		case 2:
			memmove(b->p + at, b->p + at + 1, b->len - at - 1);
			b->p[b->len - 1] = (unsigned char)often[any(sizeof often - 1)];
			break;
		default:
			memmove(b->p + at, b->p + any(b->len - at) + at, 1);
			break;
		}
	}
}

static void try_mutants(const char *name, const struct jm_buf *eml)
{
	const char *fault = NULL;
	struct jm_buf b;
	int k;

	jm_buf_init(&b, eml->max_bytes);
	for (k = 0; k < MUTANTS && !fault; k++) {
		jm_buf_reset(&b);
		if (jm_buf_add(&b, eml->p, eml->len, NULL) != 0)
			fault = "no memory";
		else {
			mutate(&b);
			fault = try_exactly(b.p, b.len);
		}
	}
	if (!tap_is_str(fault, NULL, "%s: %d mutants", name, MUTANTS))
		tap_diag("mutant %d", k);
	jm_buf_release(&b);
}

int main(void)
{
	const char *const *name;
	struct jm_buf eml;
	char path[1024];
	size_t k, n;

	seed = 20290717;
	jm_buf_init(&eml, 16u * 1024 * 1024);
	name = journaled_corpus(&n);
	for (k = 0; k < n; k++) {
		snprintf(path, sizeof path, "%s.eml", name[k]);
		journaled_read(path, &eml);
		try_truncated(name[k], &eml);
		try_mutants(name[k], &eml);
	}
	jm_buf_release(&eml);
	return tap_done();
}
