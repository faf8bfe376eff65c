/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding bytes that are stored already. Equal bytes have equal match keys, so only the reports of
 * the item with that key can hold them; no index over digests is kept. (Reports that are set aside
 * or wait in the queue are not found by their key, and are stored whole.)
 */
#include "common/archive/splice.h"

#include <string.h>

#include "common/archive/content.h"
#include "common/archive/match.h"
#include "common/archive/cursor.h"
#include "common/base/log.h"
#include "common/base/num.h"
#include "common/json/value.h"

#define CANDIDATES_MAX \
	16 /* reports of an item that are looked at; more copies are stored whole \
	    */

static void log_unreadable(uint64_t seq, const struct jm_err *err)
{
	JM_LOG(JM_LOG_ERROR, "stored-copy-unreadable", { "seq", JM_U(seq) },
	    { "error", JM_S(err->text) });
}

/* Compare a stored copy, byte by byte. */
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

/* Does a report hold bytes with this digest, as all that it received or as its raw content? */
static bool holds(
    const json_t *meta, const unsigned char sha256[JM_SHA256_BYTES], bool *as_received_r)
{
	char hex[JM_SHA256_HEX_BYTES];
	const char *received = json_string_value(
	    json_object_get(json_object_get(meta, "report"), "sha256"));
	const char *raw = json_string_value(
	    json_object_get(json_object_get(meta, "content"), "raw_sha256"));

	(void)jm_sha256_hex(sha256, hex);
	*as_received_r = received && strcmp(received, hex) == 0;
	return *as_received_r || (raw && strcmp(raw, hex) == 0);
}

/* The metadata of a report. NULL if it cannot be read: then nothing is left out because of it. */
static json_t *splice_meta(struct jm_archive *a, uint64_t seq)
{
	struct jm_stored_report r;
	struct jm_err err;
	json_t *meta;

	if (jm_reader_report(a, seq, &r, &err) != 0) {
		log_unreadable(seq, &err);
		return NULL;
	}
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
	/* A copy is left out only after the stored one was read back and found to be the same: a
	 * damaged one is simply stored again. */
	for (size_t i = 0; i < n && s_r->holder == 0; i++) {
		json_t *meta = splice_meta(a, seq[i]);

		if (holds(meta, s->received, &as_received) &&
		    same_bytes(a, seq[i], as_received, received))
			*s_r = (struct jm_splice){ seq[i], as_received, 0, received.len };
		else if (part.holder == 0 && raw.len > 0 && holds(meta, s->raw, &as_received) &&
		    same_bytes(a, seq[i], as_received, raw))
			part = (struct jm_splice){ seq[i], as_received,
				(uint64_t)(raw.p - received.p), raw.len };
		json_decref(meta);
	}
	if (s_r->holder == 0)
		*s_r = part;
	return 0;
}
