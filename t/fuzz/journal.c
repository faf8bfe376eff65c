/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzing of common/journal: the text of a report, and a whole message that is unwrapped. The
 * checks of a result are in t/lib/journaled.h. */
#include <stdio.h>
#include <stdlib.h>

#include "common/journal/match_key.h"
#include "common/journal/report.h"
#include "common/journal/strip.h"
#include "t/fuzz/fuzz.h"
#include "t/lib/journaled.h"

static void run_report(struct jm_span in)
{
	struct jm_report r;
	struct jm_arena arena;
	bool proper;

	for (int family = JM_VARIANT_2007; family <= JM_VARIANT_2003; family++) {
		jm_arena_init(&arena, FUZZ_OUT_BYTES);
		if (jm_report_read(in, (enum jm_variant)family, &arena, &r, &proper, NULL) == 0)
			for (size_t i = 0; i < r.recipients_n; i++)
				fuzz_claim(r.recipients[i].address.len > 0 &&
					r.recipients[i].address.len <= in.len,
				    "a recipient has an address");
		jm_arena_release(&arena);
	}
}

static int gather(void *b, const void *p, size_t n, struct jm_err *err)
{
	return jm_buf_add(b, p, n, err);
}

/* The walk gives the bytes without the cuts. */
static void check_bytes(const struct jm_content *c)
{
	struct jm_buf walked, joined;

	jm_buf_init(&walked, c->raw.len + 1);
	jm_buf_init(&joined, c->raw.len + 1);
	journaled_bytes(c, &joined);
	fuzz_claim(jm_strip_walk(c->raw, c->cuts, c->cuts_n, gather, &walked, NULL) == 0 &&
		walked.len == c->size_bytes &&
		jm_span_eq(jm_buf_span(&walked), jm_buf_span(&joined)),
	    "what is archived is the bytes without the cuts");
	jm_buf_release(&joined);
	jm_buf_release(&walked);
}

static void unwrap(struct jm_span in, unsigned choice)
{
	struct jm_unwrap_options options = journaled_options();
	unsigned char key[JM_SHA256_BYTES];
	const char *fault;
	struct jm_unwrap u;

	options.remove_journal_headers = choice & 1;
	options.prefer_clear_text = choice & 2;
	fault = journaled_try(in, &options, &u);
	fuzz_claim(!fault, fault);
	check_bytes(&u.message);
	if (u.has_companion)
		check_bytes(&u.companion);
	fuzz_claim(jm_match_key_of(u.message.raw, key, NULL) == 0, "a message has a key");
	jm_unwrap_release(&u);
}

static void run_unwrap(struct jm_span in)
{
	unwrap(in, 1);
	unwrap(in, 2);
}

const struct fuzz_target fuzz_journal[] = {
	{ "report", run_report, true },
	{ "unwrap", run_unwrap, true },
	{ NULL },
};
