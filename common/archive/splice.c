/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of a deposit is stored already? Equal bytes have equal match keys, so the reports of the
 * item with that key are all that can hold them: no index over digests is kept. (What is set aside
 * or waits in the queue is not found by its key, and is stored whole.)
 */
#include <stdlib.h>
#include <unistd.h>

#include "common/archive/store.h"
#include "common/base/log.h"
#include "common/base/num.h"

#define CANDIDATES_MAX \
	16 /* reports of an item that are looked at; more copies are stored whole \
	    */

/* Compare a stored copy, byte by byte. True when it is the same. */
static bool same_bytes(struct jm_archive *a, uint64_t seq, bool as_received, struct jm_span slice)
{
	struct jm_loaded l;
	struct jm_described c;
	struct jm_span stored;
	struct jm_err err;
	void *owned = NULL;
	bool same = false;

	if (jm_content_load(a, seq, &l, &err) < 0) {
		JM_LOG(JM_LOG_ERROR, "stored-copy-unreadable", { "seq", JM_U(seq) },
		    { "error", JM_S(err.text) });
		return false;
	}
	stored = l.received;
	if (as_received) {
		same = jm_span_eq(stored, slice);
	} else if (jm_content_raw(&l, "content", &c, &stored, &owned, &err) == 0) {
		same = jm_span_eq(stored, slice);
		jm_described_release(&c);
	}
	free(owned);
	jm_loaded_release(&l);
	return same;
}

/* Does the record hold bytes with this digest, as all that it received or as its raw content? */
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

/* The metadata of a report; NULL when it cannot be read: then nothing is left out on its account.
 */
static json_t *read_meta(struct jm_archive *a, uint64_t seq)
{
	uint64_t volume, offset, item;
	struct jm_record r;
	struct jm_err err;
	json_t *meta = NULL;
	int fd;

	if (jm_reader_locate(a, seq, &volume, &offset, &item, &err) != 1 ||
	    jm_reader_open_volume(a, volume, &fd, &err) < 0)
		return NULL;
	if (jm_volume_read(
		fd, a->uuid, volume, offset, jm_reader_volume_end(a, volume), &r, &err) == 0) {
		meta = jm_json_row(r.meta, r.head.meta_bytes);
		jm_record_release(&r);
	} else {
		JM_LOG(JM_LOG_ERROR, "stored-copy-unreadable", { "seq", JM_U(seq) },
		    { "error", JM_S(err.text) });
	}
	close(fd);
	return meta;
}

/* The first reports of an item, ascending. */
static int list_reports(struct jm_archive *a, uint64_t item, uint64_t seq_r[CANDIDATES_MAX],
    size_t *n_r, struct jm_err *err)
{
	struct jm_page *page = calloc(1, sizeof *page);
	unsigned char prefix[8];

	if (!page)
		return jm_err_sys(err, JM_E_TEMP, "reports of an item");
	seq_r[0] = item;
	*n_r = 1;
	jm_num_put_be64(prefix, item);
	if (jm_reader_page(a, JM_T_ITEM_REPORTS, jm_span_of(prefix, 8), jm_span_of(NULL, 0), false,
		page, err) < 0) {
		free(page);
		return -1;
	}
	for (size_t i = 0; i < page->n && *n_r < CANDIDATES_MAX; i++)
		if (page->row[i].key_n == 16)
			seq_r[(*n_r)++] = jm_num_get_be64(page->row[i].key + 8);
	jm_page_release(page);
	free(page);
	return 0;
}

int jm_splice_find(struct jm_archive *a, const struct jm_digests *s, struct jm_span received,
    struct jm_span raw, struct jm_splice *s_r, struct jm_err *err)
{
	uint64_t item, seq[CANDIDATES_MAX], part = 0;
	bool as_received, part_as_received = false;
	size_t n = 0;
	int rc;

	*s_r = (struct jm_splice){ .holder = 0 };
	if (received.len == 0 || (rc = jm_archive_match_key(a, s->key, &item, err)) == 0)
		return 0;
	if (rc < 0 || list_reports(a, item, seq, &n, err) < 0)
		return -1;
	/* A copy is left out only after the stored one was read back and found the same: a damaged
	 * one is simply stored again. */
	for (size_t i = 0; i < n && s_r->holder == 0; i++) {
		json_t *meta = read_meta(a, seq[i]);

		if (holds(meta, s->received, &as_received) &&
		    same_bytes(a, seq[i], as_received, received))
			*s_r = (struct jm_splice){
				.holder = seq[i], .as_received = as_received, .length = received.len
			};
		else if (part == 0 && raw.len > 0 && holds(meta, s->raw, &as_received) &&
		    same_bytes(a, seq[i], as_received, raw)) {
			part = seq[i];
			part_as_received = as_received;
		}
		json_decref(meta);
	}
	if (s_r->holder == 0 && part != 0)
		*s_r = (struct jm_splice){ .holder = part,
			.as_received = part_as_received,
			.offset = (uint64_t)(raw.p - received.p),
			.length = raw.len };
	return 0;
}
