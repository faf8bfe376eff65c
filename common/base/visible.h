/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside as people may see it: what they cannot see, or what changes the order in which
 * they see the rest, is written as an escape. Pure functions, any thread. */
#ifndef JM_BASE_VISIBLE_H
#define JM_BASE_VISIBLE_H

#include <stdint.h>

#include "common/base/span.h"

#define JM_VISIBLE_BYTES 16

/*
 * Write the next character of *s, which is not empty, into out, and move *s past it. Escaped are a
 * byte that is not UTF-8 (\x80), control characters (\n, \x1b), line and paragraph separators,
 * characters that change the direction of writing and those that have no width (\u{202e}). Returns
 * the character; 0 when out is an escape.
 */
uint32_t jm_visible_next(struct jm_span *s, char out[JM_VISIBLE_BYTES]);

#endif
