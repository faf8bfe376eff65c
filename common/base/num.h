/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict numbers from text (all of the text or nothing, no locale, no octal, no silent overflow),
 * the plural of what is counted, and big-endian numbers in bytes. Pure functions, any thread. */
#ifndef JM_BASE_NUM_H
#define JM_BASE_NUM_H

#include <stdint.h>

#include "common/base/span.h"

/* Read text, which must be decimal digits only, with min <= value <= max. Returns 0, or -1 with
 * *value_r untouched. */
int jm_num_u64(struct jm_span text, uint64_t min, uint64_t max, uint64_t *value_r);

/* The end of an English plural: "" for 1, "s" for all other numbers. Static storage. */
static inline const char *jm_num_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* Store and load a big-endian number of 8 or 4 bytes at p, which needs no alignment: the form of
 * all numbers in keys and records. */
void jm_num_put_be64(unsigned char *p, uint64_t v);
uint64_t jm_num_get_be64(const unsigned char *p);
void jm_num_put_be32(unsigned char *p, uint32_t v);
uint32_t jm_num_get_be32(const unsigned char *p);

/* Load a little-endian number of 4 bytes at p, which needs no alignment. */
uint32_t jm_num_get_le32(const unsigned char *p);

#endif
