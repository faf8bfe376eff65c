/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzing of jm_unwrap(): every result must be sound (t/lib/journaled.h), whatever the octets are.
 * The first octet picks the options. Linked with driver.c it runs the corpus; with clang
 * -fsanitize=fuzzer (make fuzz) it searches.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/journal/match_key.h"
#include "common/mail/date.h"
#include "t/fuzz/fuzz.h"
#include "t/lib/journaled.h"

const unsigned fuzz_kinds = 4;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jm_unwrap_options options = journaled_options();
	struct jm_span received = jm_span_of(data + (size > 0), size - (size > 0));
	unsigned char key[JM_SHA256_BYTES];
	const char *fault;
	struct jm_unwrap u;
	int64_t ms;

	if (size > 0) {
		options.remove_journal_headers = data[0] & 1;
		options.prefer_clear_text = data[0] & 2;
	}
	fault = journaled_try(received, &options, &u);
	if (fault) {
		fprintf(stderr, "fault: %s\n", fault);
		abort();
	}
	if (jm_match_key_of(u.message.raw, key, NULL) != 0 ||
	    (jm_date_parse(u.date, &ms) == 0 && ms < -70000000000000))
		abort();
	jm_unwrap_release(&u);
	return 0;
}
