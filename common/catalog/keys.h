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

/* Write a text in the form in which it is indexed: as it is, or 0xff and its SHA-256 when it has
 * more than 255 octets. Returns the length. Addresses and Message-IDs first get the form in which
 * they are compared (common/mail/address_form.h, message_id.h). */
size_t jm_keys_text(struct jm_span text, unsigned char key_r[JM_CATALOG_KEY_MAX]);

/* Write the key of an index: that form, a NUL, and the item's id. Returns a span over key_r. */
struct jm_span jm_keys_index(
    struct jm_span text, uint64_t id, unsigned char key_r[JM_CATALOG_KEY_MAX]);

/* The same for an address as a report writes it, with ASCII letters in lower case; for the form in
 * which it is compared; and for that of a Message-ID. 1 with *key_r, a span over room; 0: there is
 * no text in it; -1: TEMP, LIMIT. */
int jm_keys_written(struct jm_span address, uint64_t id, unsigned char room[JM_CATALOG_KEY_MAX],
    struct jm_span *key_r, struct jm_err *err) JM_MUST_CHECK;
int jm_keys_address(struct jm_span address, uint64_t id, unsigned char room[JM_CATALOG_KEY_MAX],
    struct jm_span *key_r, struct jm_err *err) JM_MUST_CHECK;
int jm_keys_message_id(struct jm_span message_id, uint64_t id,
    unsigned char room[JM_CATALOG_KEY_MAX], struct jm_span *key_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
