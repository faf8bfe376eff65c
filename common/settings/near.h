/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": how far a misspelled word is from a known one. */
#ifndef JM_SETTINGS_NEAR_H
#define JM_SETTINGS_NEAR_H

#include <stddef.h>

#include "common/base/span.h"

#define JM_NEAR_NONE 1000u /* too far to be proposed */

/*
 * The distance of word from known. 0: they differ only in case, '-' and '_'. Else the
 * Damerau-Levenshtein distance (optimal string alignment, ASCII case ignored) if it is small for
 * the length of word. Else 20 or more, if one contains the other or word is the beginning of known.
 * Else JM_NEAR_NONE. Pure, any thread.
 */
unsigned jm_near_distance(struct jm_span word, const char *known);

/* The nearest of n names to word; NULL when none is near enough to be proposed. Borrowed. */
const char *jm_near_of(struct jm_span word, const char *const *names, size_t n);

#endif
