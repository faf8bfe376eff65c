/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables in Berkeley DB's formats hash and btree. Each is a database file of its own, without an
 * environment and so without Berkeley DB's log and locks; its writers lock the file instead, and so
 * does mta_table.c.
 */
#include "common/service/table_bdb.h"

#include <db.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/num.h"

/* The head of a table: the first page of a hash or btree begins with it. */
#define HEAD_BYTES 72
#define MAGIC_AT 12
#define PAGE_BYTES_AT 20
#define ENCRYPTION_AT 24
#define FLAGS_AT 26
#define PARTITIONS_AT 36
#define PAGE_BYTES_MIN 512
#define PAGE_BYTES_MAX 65536
#define FLAGS_PARTITIONED 6

/* Drop Berkeley DB's own messages: the caller gets an error with the short text. */
static void be_quiet(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	(void)text;
}

static int table_fail(struct jm_err *err, const char *path, int rc)
{
	enum jm_err_kind kind = rc == ENOENT                            ? JM_E_NOTFOUND
	    : rc == EACCES || rc == EPERM                               ? JM_E_DENIED
	    : rc == ENOMEM || rc == EIO || rc == EMFILE || rc == ENFILE ? JM_E_TEMP
									: JM_E_CORRUPT;

	if (kind == JM_E_CORRUPT)
		return jm_err_set(err, kind, "\"%s\" is no intact table of postmap or makemap: %s",
		    path, db_strerror(rc));
	return jm_err_set(err, kind, "cannot read table \"%s\": %s", path, db_strerror(rc));
}

/* A number of the head, in the byte order of the machine that wrote the table. */
static uint32_t head_number(const unsigned char *p, bool big)
{
	return big ? jm_num_get_be32(p) : jm_num_get_le32(p);
}

/*
 * Is it the head of a hash or btree table in whole pages that is neither encrypted nor partitioned,
 * as postmap and makemap write them? Berkeley DB divides by zero on the head of a damaged table
 * that says it is partitioned.
 */
static bool is_table_head(const unsigned char head[HEAD_BYTES], uint64_t file_bytes)
{
	bool big = head_number(head + MAGIC_AT, true) == DB_HASHMAGIC ||
	    head_number(head + MAGIC_AT, true) == DB_BTREEMAGIC;
	uint32_t magic = head_number(head + MAGIC_AT, big),
		 page = head_number(head + PAGE_BYTES_AT, big);

	return (magic == DB_HASHMAGIC || magic == DB_BTREEMAGIC) && page >= PAGE_BYTES_MIN &&
	    page <= PAGE_BYTES_MAX && (page & (page - 1)) == 0 && file_bytes % page == 0 &&
	    head[ENCRYPTION_AT] == 0 && (head[FLAGS_AT] & FLAGS_PARTITIONED) == 0 &&
	    head_number(head + PARTITIONS_AT, big) == 0;
}

static int table_check(int fd, const char *path, struct jm_err *err)
{
	unsigned char head[HEAD_BYTES];
	struct stat st;
	DB *db = NULL;
	int rc;

	if (fstat(fd, &st) != 0 || pread(fd, head, sizeof head, 0) < 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot read table \"%s\"", path);
	if (st.st_size < HEAD_BYTES || !is_table_head(head, (uint64_t)st.st_size))
		return table_fail(err, path, EINVAL);
	rc = db_create(&db, NULL, 0);
	if (rc != 0)
		return table_fail(err, path, rc);
	db->set_errcall(db, be_quiet);
	rc = db->verify(db, path, NULL, NULL, 0); /* closes db in all cases */
	return rc == 0 ? 0 : table_fail(err, path, rc);
}

static int keys_walk(
    DB *db, const char *path, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	DBT key = { .flags = DB_DBT_REALLOC }, none = { .flags = DB_DBT_PARTIAL | DB_DBT_USERMEM };
	DBC *cursor = NULL;
	int rc = db->cursor(db, NULL, &cursor, 0), visited = 0;

	while (rc == 0 && visited == 0) {
		rc = cursor->get(cursor, &key, &none, DB_NEXT);
		if (rc != 0)
			break;
		visited = visit(ctx, jm_span_of(key.data, key.size), err);
	}
	free(key.data);
	if (cursor)
		cursor->close(cursor); /* cannot lose anything: it only read */
	if (visited != 0)
		return -1;
	return rc == DB_NOTFOUND ? 0 : table_fail(err, path, rc);
}

int jm_table_bdb_walk(
    int fd, const char *path, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	DB *db = NULL;
	int rc, drc;

	if (table_check(fd, path, err) != 0)
		return -1;
	drc = db_create(&db, NULL, 0);
	if (drc == 0) {
		db->set_errcall(db, be_quiet);
		drc = db->open(db, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
	}
	rc = drc == 0 ? keys_walk(db, path, visit, ctx, err) : table_fail(err, path, drc);
	if (db)
		db->close(db, DB_NOSYNC);
	return rc;
}
