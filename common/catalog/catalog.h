/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The catalog: a Berkeley DB environment in DIR/catalog that is made from the volumes. In this room
 * only catalog.c includes db.h; page_file.c checks the pages that it reads. apply.h decides which
 * row is stored under which key; common/archive/SCHEMA.md describes all of them.
 *
 * There is one writer (the applier), and Berkeley DB takes no locks: the caller holds the archive's
 * reader-writer lock, alone for writing. err must not be NULL. Any function that reads or writes
 * rows may return TEMP, with sys JM_CATALOG_BROKEN when the database is damaged: it is not a record
 * that is damaged, and the catalog can be made anew.
 */
#ifndef JM_CATALOG_CATALOG_H
#define JM_CATALOG_CATALOG_H

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/catalog/layout.h"

/* A checkpoint is due after so much of Berkeley DB's log. Dirty pages are written once in that
 * time, and so much is recovered after a crash. */
#define JM_CATALOG_CHECKPOINT_KIB 32768
#define JM_CATALOG_KEY_MAX 320
/* The size of a disk's write, which makes torn pages less likely (found with power-cut runs). */
#define JM_CATALOG_PAGE_BYTES 4096
/* The version of the rows. A catalog of an older version is made again from the volumes. */
#define JM_CATALOG_VERSION 9

#define JM_CATALOG_BROKEN EBADMSG

struct jm_catalog; /* an open environment */
struct jm_txn;     /* one transaction */

/* Open the catalog in folder, with recovery unless it was closed; made when it does not exist. The
 * caller closes *c_r. CORRUPT: it cannot be recovered. TEMP. */
int jm_catalog_open(const char *folder, uint64_t cache_bytes, struct jm_catalog **c_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Close it; *c becomes NULL. Errors are only logged, since everything in it can be made again. */
void jm_catalog_close(struct jm_catalog **c);

/* Did it fail in a way that does not pass by itself? Then it must be opened again. After a page
 * that the disk could not read, the next open checks all pages, and fails with CORRUPT if one is
 * still damaged; after damage it fails with CORRUPT in any case. Any thread. */
bool jm_catalog_broken(struct jm_catalog *c);

/* Remove the files of a catalog in folder. Errors are ignored. The catalog must not be open. */
void jm_catalog_wipe(const char *folder);

/* Begin a transaction. It ends with jm_catalog_commit() or jm_catalog_abort(). */
int jm_catalog_begin(struct jm_catalog *c, struct jm_txn **txn_r, struct jm_err *err) JM_MUST_CHECK;

/* Commit without waiting for the disk; *txn becomes NULL, also on error. */
int jm_catalog_commit(struct jm_txn **txn, struct jm_err *err) JM_MUST_CHECK;

/* Undo the transaction; *txn becomes NULL. Harmless when it is NULL. */
void jm_catalog_abort(struct jm_txn **txn);

/* Write the dirty pages if at least min_kib KiB were logged since the last checkpoint; 0: always.
 * The caller need not hold the lock for writing. */
int jm_catalog_checkpoint(struct jm_catalog *c, unsigned min_kib, struct jm_err *err) JM_MUST_CHECK;

/* Read the value under key into value, which is replaced. 1; 0: there is no such row; -1. txn may
 * be NULL. */
int jm_catalog_get(struct jm_catalog *c, struct jm_txn *txn, enum jm_table t, struct jm_span key,
    struct jm_buf *value, struct jm_err *err) JM_MUST_CHECK;

/* As jm_catalog_get(), with the value parsed. The caller owns *value_r. CORRUPT: it is not JSON. */
int jm_catalog_get_json(struct jm_catalog *c, struct jm_txn *txn, enum jm_table t,
    struct jm_span key, json_t **value_r, struct jm_err *err) JM_MUST_CHECK;

/* Store a row, new or not. TEMP. */
int jm_catalog_put(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value,
    struct jm_err *err) JM_MUST_CHECK;

/* Store a row if its key is new. 1; 0: the row exists, and is not changed; -1. */
int jm_catalog_add(struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_span value,
    struct jm_err *err) JM_MUST_CHECK;

/* Store a JSON value as its text. TEMP. */
int jm_catalog_put_json(struct jm_txn *txn, enum jm_table t, struct jm_span key,
    const json_t *value, struct jm_err *err) JM_MUST_CHECK;

/* Remove a row. A missing key is not an error. TEMP. */
int jm_catalog_remove(
    struct jm_txn *txn, enum jm_table t, struct jm_span key, struct jm_err *err) JM_MUST_CHECK;

/* The time of the last checkpoint, in ms since 1970; 0: never, or not known. */
int64_t jm_catalog_checkpoint_ms(struct jm_catalog *c);

/* The state of the cache of pages. hits and misses: since the catalog was opened. */
struct jm_catalog_cache {
	uint64_t bytes, hits, misses, dirty_pages;
};

/* Fill *cache_r; it is left unchanged when the state is not known. */
void jm_catalog_cache(struct jm_catalog *c, struct jm_catalog_cache *cache_r);

/* One row of a page. */
struct jm_row {
	unsigned char key[JM_CATALOG_KEY_MAX];
	size_t key_n;
	char *value; /* owned by the page; not followed by NUL */
	size_t value_n;
};

#define JM_PAGE_ROWS 64

struct jm_page {
	struct jm_row row[JM_PAGE_ROWS];
	size_t n;
};

/* A range of rows of a table. Spans are borrowed. */
struct jm_table_range {
	enum jm_table table;
	struct jm_span prefix; /* of the keys; none or empty: every key */
	struct jm_span after;  /* only rows after this key (reverse: before it); none: all */
	bool reverse;          /* from the last to the first */
};

/* Read the next rows of a range in key order, at most JM_PAGE_ROWS. An empty page is the end. The
 * caller releases the page; after an error it is empty. TEMP. */
int jm_catalog_page(struct jm_catalog *c, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err) JM_MUST_CHECK;

/* Free the rows; the page is empty then. */
void jm_page_release(struct jm_page *page);

#endif
