/* SPDX-License-Identifier: BSD-2-Clause */
/* Journal reports in tests: files of the corpus, unwrapping with its settings, what every result
 * must hold. */
#ifndef JM_T_LIB_JOURNALED_H
#define JM_T_LIB_JOURNALED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/journal/unwrap.h"

/* The names of all .eml files of t/corpus, sorted, without the ending; *n_r: how many. Never fails:
 * it ends the test. Lives on. */
const char *const *journaled_corpus(size_t *n_r);

/* Read path (below the source folder) into b; ends the test when that fails. */
void journaled_read(const char *path, struct jm_buf *b);

/* The options the corpus assumes. */
struct jm_unwrap_options journaled_options(void);

/* Add what is archived of c (raw without the cuts) to b. */
void journaled_bytes(const struct jm_content *c, struct jm_buf *b);

/* NULL, or what is wrong with a result, whatever came in: every slice inside, the steps lead to raw
 * again, the sizes add up, every text is UTF-8. Static text. */
const char *journaled_fault(struct jm_span received, const struct jm_unwrap *u);

/* received unwrapped with these options and held against journaled_fault(); ends the test without
 * memory. NULL or the fault; *u must be released in either case. */
const char *journaled_try(
    struct jm_span received, const struct jm_unwrap_options *options, struct jm_unwrap *u);

#endif
