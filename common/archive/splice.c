/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding bytes that are stored already. Equal bytes have equal match keys, so only the reports of
 * the item with that key can have them, and no index of digests is needed. (Reports that are set
 * aside or wait in the queue are not found by their key. A copy of them is stored whole.) An
 * import finds a report that is in the archive already in the same way.
 */
#include "common/archive/splice.h"

#include <string.h>

#include "common/archive/content.h"
#include "common/archive/match.h"
#include "common/archive/cursor.h"
#include "common/base/log.h"
#include "common/base/num.h"
#include "common/json/value.h"
#include "common/mail/address_form.h"

#define CANDIDATES_MAX 16 /* reports of an item that are examined for a copy */
#define SERVICE_BYTES 65536u

static void log_unreadable(uint64_t seq, const struct jm_err *err)
{
	JM_LOG(JM_LOG_ERROR, "stored-copy-unreadable", { "seq", JM_U(seq) },
	    { "error", JM_S(err->text) });
}

/* Read a stored copy back, and compare all its bytes. */
static bool same_bytes(struct jm_archive *a, uint64_t seq, bool as_received, struct jm_span slice)
{
	struct jm_loaded l;
	struct jm_raw raw;
	struct jm_err err;
	bool same = false;

	if (jm_content_load(a, seq, &l, &err) != 0) {
		log_unreadable(seq, &err);
		return false;
	}
	if (as_received) {
		same = jm_span_eq(l.received, slice);
	} else if (jm_content_raw(&l, "content", &raw, &err) == 0) {
		same = jm_span_eq(raw.bytes, slice);
		jm_raw_release(&raw);
	}
	jm_loaded_release(&l);
	return same;
}

/* Does a report have bytes with this digest, as its received bytes or as its raw content? */
static bool report_holds(
    const json_t *meta, const unsigned char sha256[JM_SHA256_BYTES], bool *as_received_r)
{
	char hex[JM_SHA256_HEX_BYTES];
	const char *received = json_string_value(
	    json_object_get(json_object_get(meta, "report"), "sha256"));
	const char *raw = json_string_value(
	    json_object_get(json_object_get(meta, "content"), "raw_sha256"));

	jm_sha256_hex(sha256, hex);
	*as_received_r = received && strcmp(received, hex) == 0;
	return *as_received_r || (raw && strcmp(raw, hex) == 0);
}

/* Is the digest anywhere in the text of the metadata? */
static bool text_has(const struct jm_stored_report *r, const unsigned char sha256[JM_SHA256_BYTES])
{
	char hex[JM_SHA256_HEX_BYTES];

	return memmem(r->record.meta, r->record.head.meta_bytes, jm_sha256_hex(sha256, hex),
		   JM_SHA256_HEX_BYTES - 1) != NULL;
}

/* The metadata of a report that has one of the digests; raw may be NULL. NULL: it does not, or it
 * cannot be read, so no bytes are left out because of it. */
static json_t *splice_meta(
    struct jm_archive *a, uint64_t seq, const unsigned char *received, const unsigned char *raw)
{
	struct jm_stored_report r;
	struct jm_err err;
	json_t *meta = NULL;
	int rc = jm_reader_fetch(a, seq, &r, &err);

	if (rc == 0 && (text_has(&r, received) || (raw && text_has(&r, raw))))
		rc = jm_stored_report_parse(&r, &err);
	if (rc != 0)
		log_unreadable(seq, &err);
	meta = json_incref(r.meta);
	jm_stored_report_release(&r);
	return meta;
}

/* The first reports of an item, ascending. */
static int list_reports(struct jm_archive *a, uint64_t item, uint64_t seq_r[CANDIDATES_MAX],
    size_t *n_r, struct jm_err *err)
{
	unsigned char prefix[8];
	struct jm_table_range range = { .table = JM_T_ITEM_REPORTS };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 1;

	jm_num_put_be64(prefix, item);
	range.prefix = jm_span_of(prefix, 8);
	seq_r[0] = item;
	*n_r = 1;
	jm_cursor_start(&cursor, a, &range);
	while (*n_r < CANDIDATES_MAX && (rc = jm_cursor_next(&cursor, &row, err)) == 1)
		if (row->key_n == 16)
			seq_r[(*n_r)++] = jm_num_get_be64(row->key + 8);
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : 0;
}

int jm_splice_find(struct jm_archive *a, const struct jm_digests *s, struct jm_span received,
    struct jm_span raw, struct jm_splice *s_r, struct jm_err *err)
{
	struct jm_splice part = { .holder = 0 };
	uint64_t item, seq[CANDIDATES_MAX];
	bool as_received;
	size_t n = 0;
	int rc;

	*s_r = part;
	if (received.len == 0 || (rc = jm_archive_match_key(a, s->key, &item, err)) == 0)
		return 0;
	if (rc < 0 || list_reports(a, item, seq, &n, err) != 0)
		return -1;
	/* A copy is left out only after the stored one was read back and compared. So a damaged
	 * copy is stored again. */
	for (size_t i = 0; i < n && s_r->holder == 0; i++) {
		bool part_too = part.holder == 0 && raw.len > 0;
		json_t *meta = splice_meta(a, seq[i], s->received, part_too ? s->raw : NULL);

		if (report_holds(meta, s->received, &as_received) &&
		    same_bytes(a, seq[i], as_received, received))
			*s_r = (struct jm_splice){ seq[i], as_received, 0, received.len };
		else if (part_too && report_holds(meta, s->raw, &as_received) &&
		    same_bytes(a, seq[i], as_received, raw))
			part = (struct jm_splice){ seq[i], as_received,
				(uint64_t)(raw.p - received.p), raw.len };
		json_decref(meta);
	}
	if (s_r->holder == 0)
		*s_r = part;
	return 0;
}

/* Are both the same mailbox? */
static bool is_same_service(const char *a, const char *b)
{
	struct jm_err ignored;
	struct jm_buf key;
	bool same = strcmp(a, b) == 0;

	if (same)
		return true;
	jm_buf_init(&key, SERVICE_BYTES);
	same = jm_address_form_put(jm_span_str(b), &key, &ignored) == 0 &&
	    jm_address_form_fits(jm_span_str(a), jm_buf_span(&key), &ignored) == 1;
	jm_buf_release(&key);
	return same;
}

/* Is seq a report with the bytes, the transport and the service of d? */
static bool is_earlier(
    struct jm_archive *a, uint64_t seq, const struct jm_digests *s, const struct jm_deposit *d)
{
	json_t *meta = splice_meta(a, seq, s->received, NULL);
	const json_t *arrival = json_object_get(meta, "arrival");
	const char *transport = json_string_value(json_object_get(arrival, "transport")),
		   *service = json_string_value(json_object_get(arrival, "service"));
	bool as_received = false, same;

	same = transport && strcmp(transport, d->arrival.transport) == 0 && service &&
	    is_same_service(service, d->arrival.service) &&
	    report_holds(meta, s->received, &as_received) && as_received;
	json_decref(meta);
	return same && same_bytes(a, seq, true, d->received);
}

int jm_splice_earlier(struct jm_archive *a, const struct jm_digests *s, const struct jm_deposit *d,
    uint64_t *seq_r, struct jm_err *err)
{
	unsigned char prefix[8];
	struct jm_table_range range = { .table = JM_T_ITEM_REPORTS };
	const struct jm_row *row;
	struct jm_cursor cursor;
	uint64_t item;
	bool found;
	int rc = jm_archive_match_key(a, s->key, &item, err);

	if (rc != 1)
		return rc;
	*seq_r = item;
	if (is_earlier(a, item, s, d))
		return 1;
	jm_num_put_be64(prefix, item);
	range.prefix = jm_span_of(prefix, 8);
	found = false;
	jm_cursor_start(&cursor, a, &range);
	while (!found && (rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		if (row->key_n != 16)
			continue;
		*seq_r = jm_num_get_be64(row->key + 8);
		found = is_earlier(a, *seq_r, s, d);
	}
	jm_cursor_end(&cursor);
	return rc < 0 ? -1 : found;
}
