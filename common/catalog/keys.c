/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing texts and numbers as keys of the catalog's tables. */
#include "common/catalog/keys.h"

#include <string.h>

#include "common/base/digest.h"
#include "common/mail/address_form.h"
#include "common/mail/message_id.h"
#include "common/volume/record.h"

#define TEXT_BYTES 255 /* a longer text is found by its digest */

size_t jm_keys_text(struct jm_span text, unsigned char key_r[JM_CATALOG_KEY_MAX])
{
	struct jm_err ignored;

	if (text.len > TEXT_BYTES) { /* 0xff occurs in no UTF-8 text */
		key_r[0] = 0xff;
		if (jm_sha256_of(text, key_r + 1, &ignored) != 0)
			memset(key_r + 1, 0, JM_SHA256_BYTES);
		return 1 + JM_SHA256_BYTES;
	}
	if (text.len > 0)
		memcpy(key_r, text.p, text.len);
	return text.len;
}

struct jm_span jm_keys_index(
    struct jm_span text, uint64_t id, unsigned char key_r[JM_CATALOG_KEY_MAX])
{
	size_t n = jm_keys_text(text, key_r);

	key_r[n++] = 0;
	jm_num_put_be64(key_r + n, id);
	return jm_span_of(key_r, n + 8);
}

typedef int keys_form(struct jm_span text, struct jm_buf *out, struct jm_err *err);

static int keys_of(keys_form *form, struct jm_span text, uint64_t id,
    unsigned char room[JM_CATALOG_KEY_MAX], struct jm_span *key_r, struct jm_err *err)
{
	struct jm_buf key;
	int rc;

	if (jm_span_none(text) || text.len == 0)
		return 0;
	jm_buf_init(&key, JM_RECORD_META_MAX);
	rc = form(text, &key, err) != 0 ? -1 : key.len > 0;
	if (rc == 1)
		*key_r = jm_keys_index(jm_buf_span(&key), id, room);
	jm_buf_release(&key);
	return rc;
}

static int put_lower(struct jm_span text, struct jm_buf *out, struct jm_err *err)
{
	if (jm_buf_add_span(out, text, err) != 0)
		return -1;
	for (size_t i = 0; i < out->len; i++)
		out->p[i] = jm_lower(out->p[i]);
	return 0;
}

int jm_keys_written(struct jm_span address, uint64_t id, unsigned char room[JM_CATALOG_KEY_MAX],
    struct jm_span *key_r, struct jm_err *err)
{
	return keys_of(put_lower, address, id, room, key_r, err);
}

int jm_keys_address(struct jm_span address, uint64_t id, unsigned char room[JM_CATALOG_KEY_MAX],
    struct jm_span *key_r, struct jm_err *err)
{
	return keys_of(jm_address_form_put, address, id, room, key_r, err);
}

int jm_keys_message_id(struct jm_span message_id, uint64_t id,
    unsigned char room[JM_CATALOG_KEY_MAX], struct jm_span *key_r, struct jm_err *err)
{
	return keys_of(jm_message_id_key, message_id, id, room, key_r, err);
}
