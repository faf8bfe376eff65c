/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the catalog what the volumes say? It is a pure function of the records, so a second one is
 * made of them in DIR/tmp, and both are compared row by row: an index row without its item, an item
 * that no index leads to, a wrong counter, a wrong due time, all are found alike.
 *
 * Deposits go on meanwhile. The catalog is held for one page of rows at a time; before that the
 * second one is brought up to its position, so the two rows compared are always of the same moment.
 */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/num.h"

#define FOLDER "verify-catalog"
#define BATCH 512                /* records */
#define TOLD_MAX 100             /* differences told one by one */
#define ROOM_BYTES (64ull << 20) /* more than the catalog's own size that must be free */

struct compare {
	struct jm_archive *a;
	struct jm_catalog *made;
	struct jm_position at; /* of made */
	int fd;                /* of volume open; -1 */
	uint64_t open;
	jm_compare_visit *differs;
	int (*busy)(void *ctx, struct jm_err *err);
	void *ctx;
	uint64_t differences;
};

static char *folder_of(const struct jm_archive *a, char path[JM_VOLUME_PATH_BYTES])
{
	snprintf(path, JM_VOLUME_PATH_BYTES, "%s/" FOLDER, a->tmp_dir);
	return path;
}

void jm_compare_sweep(const struct jm_archive *a)
{
	char path[JM_VOLUME_PATH_BYTES];

	jm_catalog_wipe(folder_of(a, path));
	rmdir(path);
}

/* As large as the catalog, and no message shall be answered 4xx for it. */
static bool has_room(const struct jm_archive *a)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct statvfs fs;
	struct stat st;

	snprintf(path, sizeof path, "%s/catalog.db", a->catalog_dir);
	if (stat(path, &st) != 0 || statvfs(a->dir, &fs) != 0)
		return true;
	return (uint64_t)fs.f_bavail * fs.f_frsize >
	    a->disk_reserve_bytes + a->disk_reserve_bytes / 16 + (uint64_t)st.st_size + ROOM_BYTES;
}

static int open_volume(struct compare *k, uint64_t number, struct jm_err *err)
{
	if (k->fd >= 0 && k->open == number)
		return 0;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	k->open = number;
	return jm_reader_open_volume(k->a, number, &k->fd, err);
}

/* Bring made up to record seq, which is durable. slow: there are many, and nobody waits. */
static int catch_up(struct compare *k, uint64_t seq, bool slow, struct jm_err *err)
{
	struct jm_volume *list;
	size_t n;
	int rc = 0;

	if (k->at.seq >= seq)
		return 0;
	if (!(list = jm_volumes_now(k->a, &n, err)))
		return -1;
	for (size_t i = 0; i < n && rc == 0 && k->at.seq < seq; i++) {
		if (list[i].head.number < k->at.volume)
			continue;
		if (k->at.volume < list[i].head.number) {
			k->at.volume = list[i].head.number;
			k->at.offset = JM_VOLUME_HEAD_BYTES;
		}
		while (rc == 0 && k->at.offset < list[i].end && k->at.seq < seq) {
			rc = open_volume(k, list[i].head.number, err);
			if (rc == 0)
				rc = jm_applier_batch(
				    k->a, k->made, &k->at, k->fd, &list[i], BATCH, seq, err);
			if (rc == 0 && slow)
				rc = jm_catalog_checkpoint(
					 k->made, JM_CATALOG_CHECKPOINT_KIB, err) < 0
				    ? -1
				    : k->busy(k->ctx, err);
		}
	}
	free(list);
	return rc;
}

/* A key for people: text as it is, other bytes in hex. */
static void print_key(const struct jm_row *r, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < r->key_n && n + 4 < size; i++) {
		bool plain = r->key[i] > ' ' && r->key[i] < 0x7f;

		n += (size_t)snprintf(text + n, size - n, plain ? "%c" : "\\%02x", r->key[i]);
	}
	text[n] = '\0';
}

static int tell(struct compare *k, enum jm_table t, const struct jm_row *r, const char *what,
    struct jm_err *err)
{
	char key[160], problem[300];
	uint64_t seq = 0;

	if (++k->differences > TOLD_MAX)
		return 0;
	/* The id is the key, or stands at its end. */
	if (r->key_n >= 8 &&
	    (t == JM_T_ITEMS || t == JM_T_REPORTS || t == JM_T_SET_ASIDE || t == JM_T_EVENTS ||
		t == JM_T_BY_MESSAGE_ID || t == JM_T_BY_ADDRESS || t == JM_T_BY_DATE ||
		t == JM_T_ITEM_REPORTS || t == JM_T_QUEUE))
		seq = jm_num_get_be64(r->key + r->key_n - 8);
	print_key(r, key, sizeof key);
	snprintf(problem, sizeof problem, "the catalog's table %s %s %s", jm_catalog_table(t), what,
	    key);
	return k->differs(k->ctx, seq, problem, err);
}

static int order(const struct jm_row *x, const struct jm_row *y)
{
	int rc = memcmp(x->key, y->key, x->key_n < y->key_n ? x->key_n : y->key_n);

	return rc != 0 ? rc : x->key_n < y->key_n ? -1 : x->key_n > y->key_n;
}

/* Two pages that begin behind the same key; *last_r: up to where both were compared. 1: there is
 * more, 0: that was all, -1. */
static int compare_pages(struct compare *k, enum jm_table t, const struct jm_page *have,
    const struct jm_page *want, struct jm_row *last_r, struct jm_err *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (rc == 0) {
		const struct jm_row *x = i < have->n ? &have->row[i] : NULL,
				    *y = j < want->n ? &want->row[j] : NULL;
		int o = !x ? 1 : !y ? -1 : order(x, y);

		/* Beyond the end of a full page nothing is known. */
		if ((!x && have->n == JM_PAGE_ROWS) || (!y && want->n == JM_PAGE_ROWS))
			return 1;
		if (!x && !y)
			return 0;
		if (o < 0)
			rc = tell(k, t, x, "has a row that does not follow from the volumes:", err);
		else if (o > 0)
			rc = tell(k, t, y, "lacks the row", err);
		else if (x->value_n != y->value_n || memcmp(x->value, y->value, x->value_n) != 0)
			rc = tell(k, t, x,
			    "has a row with another content than follows from the volumes:", err);
		*last_r = o <= 0 ? *x : *y;
		i += o <= 0;
		j += o >= 0;
	}
	return -1; /* a visitor had enough */
}

/* With the catalog held: the next page of both, of the same moment. */
static int next_pages(struct compare *k, enum jm_table t, struct jm_span after,
    struct jm_page *have, struct jm_page *want, struct jm_err *err)
{
	unsigned char uuid[JM_UUID_BYTES];
	struct jm_position live;

	if (jm_apply_position(k->a->catalog, &live, uuid, err) < 0 ||
	    catch_up(k, live.seq, false, err) < 0)
		return -1;
	if (live.seq < k->at.seq)
		return jm_err_set(
		    err, JM_E_TEMP, "the catalog was made anew meanwhile: verify again");
	if (jm_catalog_page(k->a->catalog, t, jm_span_of(NULL, 0), after, false, have, err) < 0)
		return -1;
	if (jm_catalog_page(k->made, t, jm_span_of(NULL, 0), after, false, want, err) == 0)
		return 0;
	jm_page_release(have);
	return -1;
}

static int compare_table(struct compare *k, enum jm_table t, struct jm_page *have,
    struct jm_page *want, struct jm_err *err)
{
	struct jm_row last = { .key_n = 0 };
	int rc = 1;

	while (rc == 1) {
		if (jm_reader_enter(k->a, err) < 0)
			return -1;
		rc = next_pages(k, t,
		    last.key_n > 0 ? jm_span_of(last.key, last.key_n) : jm_span_of(NULL, 0), have,
		    want, err);
		jm_reader_leave(k->a);
		if (rc < 0)
			return -1;
		rc = compare_pages(k, t, have, want, &last, err);
		jm_page_release(have);
		jm_page_release(want);
		if (rc == 1 && k->busy(k->ctx, err) != 0)
			rc = -1;
	}
	return rc;
}

int jm_compare_catalog(struct jm_archive *a, jm_compare_visit *differs,
    int (*busy)(void *ctx, struct jm_err *err), void *ctx, struct jm_err *err)
{
	struct compare k = { .a = a, .fd = -1, .differs = differs, .busy = busy, .ctx = ctx };
	struct jm_page *pages = NULL;
	char folder[JM_VOLUME_PATH_BYTES], text[120];
	uint64_t durable;
	int rc = -1;

	if (!has_room(a))
		return 0;
	jm_compare_sweep(a);
	pthread_mutex_lock(&a->lock);
	durable = a->applied_seq;
	pthread_mutex_unlock(&a->lock);
	pages = calloc(2, sizeof *pages);
	if (!pages)
		return jm_err_sys(err, JM_E_TEMP, "comparing the catalog");
	if (jm_catalog_open(folder_of(a, folder), a->cache_bytes, &k.made, err) == 0)
		rc = catch_up(&k, durable, true, err);
	for (int t = 0; rc == 0 && t < JM_TABLES; t++)
		rc = compare_table(&k, (enum jm_table)t, &pages[0], &pages[1], err);
	if (rc == 0 && k.differences > TOLD_MAX) {
		snprintf(text, sizeof text,
		    "and %" PRIu64 " more rows of the catalog differ: jmctl rebuild makes it anew",
		    k.differences - TOLD_MAX);
		rc = differs(ctx, 0, text, err);
	}
	if (k.fd >= 0)
		close(k.fd);
	free(pages);
	jm_catalog_close(&k.made);
	jm_compare_sweep(a);
	return rc == 0 ? 1 : -1;
}
