/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the catalog's tables: how texts and numbers are written into them. */
#include "common/catalog/keys.h"

#include <string.h>

#include "common/base/digest.h"

#define TEXT_BYTES 255 /* a longer text is found by its digest */

size_t jm_keys_text(struct jm_span text, bool fold, unsigned char key_r[JM_CATALOG_KEY_MAX])
{
	struct jm_err ignored;

	if (text.len > TEXT_BYTES) { /* 0xff: in no UTF-8 text */
		key_r[0] = 0xff;
		if (jm_sha256_of(text, key_r + 1, &ignored) != 0)
			memset(key_r + 1, 0, JM_SHA256_BYTES);
		return 1 + JM_SHA256_BYTES;
	}
	for (size_t i = 0; i < text.len; i++)
		key_r[i] = fold ? jm_lower(text.p[i]) : text.p[i];
	return text.len;
}

struct jm_span jm_keys_index(
    struct jm_span text, bool fold, uint64_t id, unsigned char key_r[JM_CATALOG_KEY_MAX])
{
	size_t n = jm_keys_text(text, fold, key_r);

	key_r[n++] = 0;
	jm_num_put_be64(key_r + n, id);
	return jm_span_of(key_r, n + 8);
}

struct jm_span jm_keys_bare_id(struct jm_span m)
{
	m = jm_span_trim(m);
	return m.len >= 2 && m.p[0] == '<' && m.p[m.len - 1] == '>' ? jm_span_sub(m, 1, m.len - 2)
								    : m;
}
