/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The catalog: a Berkeley DB environment in DIR/catalog that is made from the volumes. Only
 * catalog.c of this room includes db.h. Which row is stored under which key is decided in apply.h;
 * common/archive/SCHEMA.md describes all of them.
 *
 * There is one writer (the applier), and there are no Berkeley DB locks: the caller holds the
 * archive's reader-writer lock.
 */
#ifndef JM_CATALOG_CATALOG_H
#define JM_CATALOG_CATALOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

enum jm_table {
	JM_T_META,
	JM_T_ITEMS,
	JM_T_REPORTS,
	JM_T_ITEM_REPORTS,
	JM_T_ITEM_CONTENTS,
	JM_T_BY_MESSAGE_ID,
	JM_T_BY_ADDRESS,
	JM_T_BY_DATE,
	JM_T_BY_KEY,
	JM_T_SET_ASIDE,
	JM_T_EVENTS,
	JM_T_COUNTERS,
	JM_T_SERVICES,
	JM_T_QUEUE,
	JM_T_POP3,
	JM_TABLES
};

#define JM_CATALOG_CHECKPOINT_KIB \
	32768 /* of Berkeley DB's log; its pages are written once in that time, and so much is \
		 recovered after a crash */
#define JM_CATALOG_KEY_MAX 320
#define JM_CATALOG_VERSION \
	5 /* of the rows; a catalog of an older version is made anew from the volumes */

struct jm_catalog; /* an open environment */
struct jm_txn;     /* one transaction */

/* Open with recovery; made when it is not there. CORRUPT: it cannot be recovered; TEMP. */
int jm_catalog_open(const char *folder, uint64_t cache_bytes, struct jm_catalog **c_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Close; *c becomes NULL. Errors are only logged: everything in it can be made again. */
void jm_catalog_close(struct jm_catalog **c);

/* Was there a page that the disk could not read? Then the next open looks at all of them, and is
 * CORRUPT when it is so still. Any thread. */
bool jm_catalog_unread(struct jm_catalog *c);

/* The name of a table. */
const char *jm_catalog_table(enum jm_table t);

/* Remove all of a catalog's files in folder that this program knows of; best effort. */
void jm_catalog_wipe(const char *folder);

int jm_catalog_begin(struct jm_catalog *c, struct jm_txn **txn_r, struct jm_err *err) JM_MUST_CHECK;
/* Commit without waiting for the disk. */
int jm_catalog_commit(struct jm_txn **txn, struct jm_err *err) JM_MUST_CHECK;
void jm_catalog_abort(struct jm_txn **txn);

/* Write dirty pages when more than min_kib were logged since the last time; 0: always. Needs no
 * lock of the caller's. */
int jm_catalog_checkpoint(struct jm_catalog *c, unsigned min_kib, struct jm_err *err) JM_MUST_CHECK;

/* The value under key into value (replaced). 1, 0 when there is none, -1. txn may be NULL. */
int jm_catalog_get(struct jm_catalog *c, struct jm_txn *txn, enum jm_table t, struct jm_span key,
    struct jm_buf *value, struct jm_err *err) JM_MUST_CHECK;

/* The same, parsed. Caller owns *value_r. CORRUPT when it is no JSON. */
int jm_catalog_get_json(struct jm_catalog *c, struct jm_txn *txn, enum jm_table t,
    struct jm_span key, json_t **value_r, struct jm_err *err) JM_MUST_CHECK;

/* Store a row, new or not. TEMP, CORRUPT. */
int jm_catalog_put(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value,
    struct jm_err *err) JM_MUST_CHECK;

/* Store a row if its key is not there yet. 1; 0: it is there, and stays as it is; -1. */
int jm_catalog_add(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value,
    struct jm_err *err) JM_MUST_CHECK;

/* Store a JSON value as its text. TEMP, CORRUPT. */
int jm_catalog_put_json(struct jm_txn *txn, enum jm_table t, struct jm_span key,
    const json_t *value, struct jm_err *err) JM_MUST_CHECK;

/* Remove a row; a key that is not there is no error. TEMP, CORRUPT. */
int jm_catalog_remove(
    struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_err *err) JM_MUST_CHECK;

/* When the last checkpoint was made, in ms; 0: never, or not known. */
int64_t jm_catalog_checkpoint_ms(struct jm_catalog *c);

/* How the cache of pages serves; all 0 when it is not known. hits and misses: since the catalog was
 * opened. */
struct jm_catalog_cache {
	uint64_t bytes, hits, misses, dirty_pages;
};
void jm_catalog_cache(struct jm_catalog *c, struct jm_catalog_cache *cache_r);

/* One row of a page. */
struct jm_row {
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t key_n;
	char *value; /* owned by the page; no NUL behind */
	size_t value_n;
};

#define JM_PAGE_ROWS 64

struct jm_page {
	struct jm_row row[JM_PAGE_ROWS];
	size_t n;
};

/* Which rows of a table. Spans are borrowed. */
struct jm_table_range {
	enum jm_table table;
	struct jm_span prefix; /* of the keys; none or empty: every key */
	struct jm_span after;  /* only rows after this key (reverse: before it); none: all */
	bool reverse;          /* from the last to the first */
};

/* The next rows of a range in key order, at most JM_PAGE_ROWS. An empty page is the end. Release
 * it. TEMP, CORRUPT. */
int jm_catalog_page(struct jm_catalog *c, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err) JM_MUST_CHECK;
void jm_page_release(struct jm_page *page);

#endif
