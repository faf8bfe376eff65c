/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzz target without a fuzzer: every message of the corpus in every way, so that make check runs
 * the seeds. */
#include <stdio.h>

#include "t/fuzz/fuzz.h"
#include "t/lib/journaled.h"
#include "t/lib/tap.h"

int main(void)
{
	const char *const *name;
	struct jm_buf eml, input;
	unsigned first;
	char path[1024];
	size_t k, n;

	jm_buf_init(&eml, 16u * 1024 * 1024);
	jm_buf_init(&input, 16u * 1024 * 1024 + 1);
	name = journaled_corpus(&n);
	for (k = 0; k < n; k++) {
		snprintf(path, sizeof path, "%s.eml", name[k]);
		journaled_read(path, &eml);
		for (first = 0; first < fuzz_kinds; first++) {
			jm_buf_reset(&input);
			if (jm_buf_add_byte(&input, (unsigned char)first, NULL) != 0 ||
			    jm_buf_add_span(&input, jm_buf_span(&eml), NULL) != 0)
				return 1;
			LLVMFuzzerTestOneInput(input.p, input.len);
		}
		tap_ok(true, "%s: sound in every way", name[k]);
	}
	LLVMFuzzerTestOneInput(NULL, 0);
	jm_buf_release(&eml);
	jm_buf_release(&input);
	return tap_done();
}
