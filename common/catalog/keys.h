/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the catalog's tables. Pure functions; each key fits JM_CATALOG_KEY_MAX. */
#ifndef JM_CATALOG_KEYS_H
#define JM_CATALOG_KEYS_H

#include "common/base/num.h"
#include "common/catalog/catalog.h"

/* Write a number as a key of 8 octets, big-endian. Returns a span over key. */
static inline struct jm_span jm_keys_id(uint64_t id, unsigned char key[8])
{
	jm_num_put_be64(key, id);
	return jm_span_of(key, 8);
}

/* Write an address or Message-ID in the form in which it is indexed: the text, with fold in lower
 * case (ASCII letters); for a text of more than 255 octets, 0xff and its SHA-256. Returns the
 * length. */
size_t jm_keys_text(struct jm_span text, bool fold, unsigned char key_r[JM_CATALOG_KEY_MAX]);

/* Write the key of an index: that form, a NUL, and the item's id. Returns a span over key_r. */
struct jm_span jm_keys_index(
    struct jm_span text, bool fold, uint64_t id, unsigned char key_r[JM_CATALOG_KEY_MAX]);

/* The part of a Message-ID without surrounding blanks and angle brackets. */
struct jm_span jm_keys_bare_id(struct jm_span message_id);

#endif
