/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing the catalog with a second one, while deposits continue. The catalog is held for one
 * page of rows at a time. While it is held, the second catalog is first brought up to its position,
 * so that both pages have the same state.
 */
#include "common/upkeep/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/batch.h"
#include "common/archive/reader.h"
#include "common/archive/second.h"
#include "common/base/num.h"
#include "common/volume/volumes.h"

#define BATCH 512                /* records */
#define REPORTED_MAX 100         /* differences reported one by one */
#define ROOM_BYTES (64ull << 20) /* more than the catalog's own size that must be free */

struct compare {
	struct jm_archive *a;
	struct jm_catalog *made;    /* the second catalog */
	struct jm_position at;      /* of made */
	struct jm_volume_file file; /* the volume that is being read */
	const struct jm_comparison *x;
	uint64_t differences;
};

static int open_volume(struct compare *k, uint64_t number, struct jm_err *err)
{
	if (jm_volume_is_open(&k->file) && k->file.number == number)
		return 0;
	jm_volume_close(&k->file);
	return jm_volume_open(jm_archive_volumes(k->a), number, &k->file, err);
}

/* A report that cannot be read ends the comparison: the second catalog must be complete. */
static int compare_recall(void *ctx, uint64_t seq, const struct jm_place *at,
    struct jm_stored_report *r_r, struct jm_err *err)
{
	struct compare *k = ctx;

	return jm_stored_report_read(jm_archive_volumes(k->a), at, seq, r_r, err) == 0 ? 1 : -1;
}

/* Bring the second catalog up within volume v, at most to record seq. */
static int catch_up_in(
    struct compare *k, const struct jm_volume *v, uint64_t seq, bool slow, struct jm_err *err)
{
	const struct jm_recall recall = { compare_recall, k };
	const struct jm_batch b = { k->made, &recall, jm_archive_volumes(k->a)->uuid, BATCH, seq };
	int rc = 0;

	if (k->at.volume < v->head.number) {
		k->at.volume = v->head.number;
		k->at.offset = JM_VOLUME_HEAD_BYTES;
	}
	while (rc == 0 && k->at.offset < v->end && k->at.seq < seq) {
		rc = open_volume(k, v->head.number, err);
		if (rc == 0)
			rc = jm_batch_apply(&b, &k->at, &k->file, v, err);
		if (rc == 0 && slow)
			rc = jm_catalog_checkpoint(k->made, JM_CATALOG_CHECKPOINT_KIB, err);
		if (rc == 0 && slow)
			rc = k->x->busy(k->x->ctx, err);
	}
	return rc;
}

/* Bring the second catalog up to record seq, which is durable. slow: there may be many records, and
 * the archive's catalog is not held; so make checkpoints and ask whether to continue. */
static int catch_up(struct compare *k, uint64_t seq, bool slow, struct jm_err *err)
{
	struct jm_volume *list;
	size_t n;
	int rc = 0;

	if (k->at.seq >= seq)
		return 0;
	if (!(list = jm_volumes_now(jm_archive_volumes(k->a), &n, err)))
		return -1;
	for (size_t i = 0; i < n && rc == 0 && k->at.seq < seq; i++)
		if (list[i].head.number >= k->at.volume)
			rc = catch_up_in(k, &list[i], seq, slow, err);
	free(list);
	return rc;
}

/* Print a key for people: visible characters unchanged, other bytes in hex. */
static void print_key(const struct jm_row *r, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < r->key_n && n + 4 < size; i++) {
		bool plain = r->key[i] > ' ' && r->key[i] < 0x7f;

		n += (size_t)snprintf(text + n, size - n, plain ? "%c" : "\\%02x", r->key[i]);
	}
	text[n] = '\0';
}

static int report_row(struct compare *k, enum jm_table t, const struct jm_row *r, const char *what,
    struct jm_err *err)
{
	char key[160], problem[300];
	uint64_t seq = 0;

	if (++k->differences > REPORTED_MAX)
		return 0;
	/* The id is the key, or the end of the key. */
	if (r->key_n >= 8 &&
	    (t == JM_T_ITEMS || t == JM_T_REPORTS || t == JM_T_SET_ASIDE || t == JM_T_EVENTS ||
		t == JM_T_BY_MESSAGE_ID || t == JM_T_BY_ADDRESS || t == JM_T_BY_DATE ||
		t == JM_T_ITEM_REPORTS || t == JM_T_QUEUE))
		seq = jm_num_get_be64(r->key + r->key_n - 8);
	/* The index of addresses has Bcc recipients, too. */
	if (t == JM_T_BY_ADDRESS)
		snprintf(key, sizeof key, "(an address) of item %" PRIu64, seq);
	else
		print_key(r, key, sizeof key);
	snprintf(
	    problem, sizeof problem, "the catalog's table %s %s %s", jm_layout_table(t), what, key);
	return k->x->differs(k->x->ctx, seq, problem, err);
}

static int row_order(const struct jm_row *x, const struct jm_row *y)
{
	int rc = memcmp(x->key, y->key, x->key_n < y->key_n ? x->key_n : y->key_n);

	return rc != 0 ? rc : x->key_n < y->key_n ? -1 : x->key_n > y->key_n;
}

/* Compare two pages that begin after the same key. *last_r: the last row that was compared. 1:
 * there are more rows; 0: there are no more; -1: a visitor ended the comparison. */
static int compare_pages(struct compare *k, enum jm_table t, const struct jm_page *have,
    const struct jm_page *want, struct jm_row *last_r, struct jm_err *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (rc == 0) {
		const struct jm_row *x = i < have->n ? &have->row[i] : NULL,
				    *y = j < want->n ? &want->row[j] : NULL;
		int o = !x ? 1 : !y ? -1 : row_order(x, y);

		/* After a full page there may be more rows. */
		if ((!x && have->n == JM_PAGE_ROWS) || (!y && want->n == JM_PAGE_ROWS))
			return 1;
		if (!x && !y)
			return 0;
		if (o < 0)
			rc = report_row(
			    k, t, x, "has a row that does not follow from the volumes:", err);
		else if (o > 0)
			rc = report_row(k, t, y, "lacks the row", err);
		else if (x->value_n != y->value_n || memcmp(x->value, y->value, x->value_n) != 0)
			rc = report_row(k, t, x,
			    "has a row with another content than follows from the volumes:", err);
		*last_r = o <= 0 ? *x : *y;
		i += o <= 0;
		j += o >= 0;
	}
	return -1;
}

/* Holding the archive's catalog: read the next page of both, in the same state. */
static int next_pages(struct compare *k, struct jm_catalog *own, const struct jm_table_range *range,
    struct jm_page *have, struct jm_page *want, struct jm_err *err)
{
	unsigned char uuid[JM_UUID_BYTES];
	struct jm_position live = { .seq = 0 };

	if (jm_position_read(own, &live, uuid, err) < 0 || catch_up(k, live.seq, false, err) != 0)
		return -1;
	if (live.seq < k->at.seq)
		return jm_err_set(
		    err, JM_E_TEMP, "the catalog was made anew meanwhile: verify again");
	if (jm_catalog_page(own, range, have, err) != 0)
		return -1;
	if (jm_catalog_page(k->made, range, want, err) == 0)
		return 0;
	jm_page_release(have);
	return -1;
}

static int compare_table(struct compare *k, enum jm_table t, struct jm_page *have,
    struct jm_page *want, struct jm_err *err)
{
	struct jm_table_range range = { .table = t };
	struct jm_row last = { .key_n = 0 };
	struct jm_catalog *own;
	int rc = 1;

	while (rc == 1) {
		if (jm_reader_enter(k->a, &own, err) != 0)
			return -1;
		if (last.key_n > 0)
			range.after = jm_span_of(last.key, last.key_n);
		rc = next_pages(k, own, &range, have, want, err);
		jm_reader_leave(k->a);
		if (rc != 0)
			return -1;
		rc = compare_pages(k, t, have, want, &last, err);
		jm_page_release(have);
		jm_page_release(want);
		if (rc == 1 && k->x->busy(k->x->ctx, err) != 0)
			rc = -1;
	}
	return rc;
}

static int compare_tables(struct compare *k, struct jm_err *err)
{
	struct jm_page *pages = calloc(2, sizeof *pages);
	char text[120];
	int rc = 0;

	if (!pages)
		return jm_err_sys(err, JM_E_TEMP, "comparing the catalog");
	for (int t = 0; rc == 0 && t < JM_TABLES; t++)
		rc = compare_table(k, (enum jm_table)t, &pages[0], &pages[1], err);
	if (rc == 0 && k->differences > REPORTED_MAX) {
		snprintf(text, sizeof text,
		    "more rows of the catalog that differ: %" PRIu64
		    "; jmctl rebuild makes it anew",
		    k->differences - REPORTED_MAX);
		rc = k->x->differs(k->x->ctx, 0, text, err);
	}
	free(pages);
	return rc;
}

int jm_compare_catalog(struct jm_archive *a, const struct jm_comparison *x, struct jm_err *err)
{
	struct compare k = { .a = a, .file = JM_VOLUME_FILE_NONE, .x = x };
	int rc = -1;

	if (!jm_second_has_room(a, ROOM_BYTES))
		return 0;
	jm_second_sweep(a);
	if (jm_second_open(a, &k.made, err) == 0)
		rc = catch_up(&k, jm_reader_applied_seq(a), true, err);
	if (rc == 0)
		rc = compare_tables(&k, err);
	jm_volume_close(&k.file);
	jm_catalog_close(&k.made);
	jm_second_sweep(a);
	return rc == 0 ? 1 : -1;
}
