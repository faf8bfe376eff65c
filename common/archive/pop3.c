/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks of messages that were fetched from a POP3 mailbox. A deposit's metadata is the mark, so it
 * is durable with the message and never without it; a FORGET record takes marks away. The table is
 * a pure function of both. Keys: SHA-256 of the mailbox, then the id.
 */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORGET_MAX 5000 /* ids in one record */

/* False when the id is too long for a key; then it has no mark. */
static bool make_key(
    struct jm_span mailbox, struct jm_span uidl, unsigned char key[JM_CATALOG_KEY_MAX], size_t *n_r)
{
	struct jm_err no;

	*n_r = JM_SHA256_BYTES + uidl.len;
	if (*n_r > JM_CATALOG_KEY_MAX || jm_sha256_of(mailbox, key, &no) < 0)
		return false;
	if (uidl.len > 0)
		memcpy(key + JM_SHA256_BYTES, uidl.p, uidl.len);
	return true;
}

static struct jm_span span_of(const json_t *s)
{
	return jm_span_of(json_string_value(s), json_string_length(s));
}

int jm_pop3_mark_apply(struct jm_catalog *c, struct jm_txn *txn, const json_t *arrival,
    uint64_t seq, struct jm_err *err)
{
	const json_t *pop3 = json_object_get(arrival, "pop3");
	struct jm_span uidl = span_of(json_object_get(pop3, "uidl"));
	unsigned char key[JM_CATALOG_KEY_MAX];
	char value[80];
	size_t n;

	if (jm_span_none(uidl) ||
	    !make_key(span_of(json_object_get(pop3, "mailbox")), uidl, key, &n))
		return 0;
	snprintf(value, sizeof value, "{\"size\":%" JSON_INTEGER_FORMAT ",\"seq\":%" PRIu64 "}",
	    json_integer_value(json_object_get(pop3, "size")), seq);
	return jm_catalog_put(
		   c, txn, JM_T_POP3, jm_span_of(key, n), jm_span_str(value), false, err) < 0
	    ? -1
	    : 0;
}

int jm_pop3_forget_apply(
    struct jm_catalog *c, struct jm_txn *txn, const json_t *meta, struct jm_err *err)
{
	struct jm_span mailbox = span_of(json_object_get(meta, "mailbox"));
	const json_t *uidls = json_object_get(meta, "uidls");
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t n;

	for (size_t i = 0; i < json_array_size(uidls); i++)
		if (make_key(mailbox, span_of(json_array_get(uidls, i)), key, &n) &&
		    jm_catalog_remove(c, txn, JM_T_POP3, jm_span_of(key, n), err) < 0)
			return -1;
	return 0;
}

int jm_archive_pop3_marks(struct jm_archive *a, const char *mailbox, jm_archive_mark *visit,
    void *ctx, struct jm_err *err)
{
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_page page;
	size_t at_n, prefix_n;
	unsigned char prefix[JM_CATALOG_KEY_MAX];
	int rc = 0;

	if (!make_key(jm_span_str(mailbox), jm_span_of(NULL, 0), prefix, &prefix_n))
		return jm_err_set(err, JM_E_TEMP, "no memory for a mailbox's marks");
	memcpy(at, prefix, prefix_n);
	at_n = prefix_n;
	if (jm_applier_wait(a, err) < 0)
		return -1;
	while (rc == 0) {
		if (jm_reader_page(a, JM_T_POP3, jm_span_of(prefix, prefix_n), jm_span_of(at, at_n),
			false, &page, err) < 0)
			return -1;
		if (page.n == 0)
			break;
		at_n = page.row[page.n - 1].key_n;
		memcpy(at, page.row[page.n - 1].key, at_n);
		for (size_t i = 0; i < page.n && rc == 0; i++) {
			const struct jm_row *r = &page.row[i];
			json_t *row = jm_json_row(r->value, r->value_n);

			rc = visit(ctx, jm_span_of(r->key + prefix_n, r->key_n - prefix_n),
			    (uint64_t)json_integer_value(json_object_get(row, "size")), err);
			json_decref(row);
		}
		jm_page_release(&page);
	}
	return rc < 0 ? -1 : 0;
}

static int forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls, size_t n,
    struct jm_err *err)
{
	json_t *list = json_array(), *meta = json_object();
	struct jm_ticket *t;
	int rc = !list || !meta ? -1 : 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc |= json_array_append_new(list, jm_describe_text(uidls[i]));
	if (rc == 0)
		rc |= json_object_set_new_nocheck(
		    meta, "mailbox", jm_describe_text(jm_span_str(mailbox)));
	rc |= json_object_set_new_nocheck(meta, "uidls", list);
	if (rc != 0) {
		json_decref(meta);
		return jm_err_set(err, JM_E_TEMP, "no memory for a record");
	}
	t = jm_ticket_new(JM_RECORD_FORGET, meta, err);
	if (!t)
		return -1;
	rc = jm_writer_commit(a, t, err);
	jm_ticket_drop(t);
	return rc;
}

int jm_archive_pop3_forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls,
    size_t n, struct jm_err *err)
{
	for (size_t i = 0; i < n; i += FORGET_MAX)
		if (forget(a, mailbox, uidls + i, n - i < FORGET_MAX ? n - i : FORGET_MAX, err) < 0)
			return -1;
	return 0;
}
