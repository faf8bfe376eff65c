/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the catalog's tables. Pure functions; each key fits JM_CATALOG_KEY_MAX. */
#ifndef JM_CATALOG_KEYS_H
#define JM_CATALOG_KEYS_H

#include "common/base/num.h"
#include "common/catalog/catalog.h"

/* A number as a key: 8 octets, big-endian, in key; returned as a span of it. */
static inline struct jm_span jm_keys_id(uint64_t id, unsigned char key[8])
{
	jm_num_put_be64(key, id);
	return jm_span_of(key, 8);
}

/* The form of an address or Message-ID under which it is found: the text, with fold its ASCII
 * letters in lower case; a text of more than 255 octets by its SHA-256. Returns the length. */
size_t jm_keys_text(struct jm_span text, bool fold, unsigned char key_r[JM_CATALOG_KEY_MAX]);

/* The key of an index: that form, a NUL, and the item's id. */
struct jm_span jm_keys_index(
    struct jm_span text, bool fold, uint64_t id, unsigned char key_r[JM_CATALOG_KEY_MAX]);

/* A Message-ID without blanks around it and without its angle brackets. */
struct jm_span jm_keys_bare_id(struct jm_span message_id);

#endif
