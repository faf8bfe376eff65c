/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of the marks of fetched messages. */
#include "common/catalog/apply_marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json/value.h"

bool jm_marks_key(
    struct jm_span mailbox, struct jm_span uidl, unsigned char key[JM_CATALOG_KEY_MAX], size_t *n_r)
{
	struct jm_err ignored;

	*n_r = JM_SHA256_BYTES + uidl.len;
	if (*n_r > JM_CATALOG_KEY_MAX || jm_sha256_of(mailbox, key, &ignored) < 0)
		return false;
	if (uidl.len > 0)
		memcpy(key + JM_SHA256_BYTES, uidl.p, uidl.len);
	return true;
}

int jm_apply_mark(struct jm_apply *p, const json_t *arrival, uint64_t seq, struct jm_err *err)
{
	const json_t *pop3 = json_object_get(arrival, "pop3");
	struct jm_span uidl = jm_json_span(pop3, "uidl");
	unsigned char key[JM_CATALOG_KEY_MAX];
	char value[80];
	size_t n;

	if (jm_span_none(uidl) || !jm_marks_key(jm_json_span(pop3, "mailbox"), uidl, key, &n))
		return 0;
	snprintf(value, sizeof value, "{\"size\":%" JSON_INTEGER_FORMAT ",\"seq\":%" PRIu64 "}",
	    jm_json_int(pop3, "size"), seq);
	return jm_catalog_put(p->txn, JM_T_POP3, jm_span_of(key, n), jm_span_str(value), err);
}

int jm_apply_forget(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_span mailbox = jm_json_span(r->meta, "mailbox");
	const json_t *uidls = json_object_get(r->meta, "uidls");
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t n;

	for (size_t i = 0; i < json_array_size(uidls); i++)
		if (jm_marks_key(mailbox, jm_json_string_span(json_array_get(uidls, i)), key, &n) &&
		    jm_catalog_remove(p->txn, JM_T_POP3, jm_span_of(key, n), err) != 0)
			return -1;
	return 0;
}
