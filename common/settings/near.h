/* SPDX-License-Identifier: BSD-2-Clause */
/* Did you mean: how far a misspelled word is from a known one. */
#ifndef JM_SETTINGS_NEAR_H
#define JM_SETTINGS_NEAR_H

#include "common/base/span.h"

#define JM_NEAR_NONE 1000u

/*
 * The distance of word from known: 0 when they differ in case, '-' and '_' only; else the
 * Damerau-Levenshtein distance (optimal string alignment, ASCII case ignored) when that is small
 * for the length; else a bit more when one contains the other; else JM_NEAR_NONE, which is not
 * worth proposing. Any thread.
 */
unsigned jm_near_distance(struct jm_span word, const char *known);

#endif
