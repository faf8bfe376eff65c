/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the tables of an MTA. Each table is a database file of its own, without an environment
 * and so without Berkeley DB's log and locks; its writers lock the file instead. Which tables are
 * read, and when: directory.c.
 */
#include "common/service/mta_table.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"
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

int jm_mta_table_path(const char *name, char *path_r, size_t path_bytes, struct jm_err *err)
{
	const char *colon = name[0] == '/' ? NULL : strchr(name, ':'),
		   *path = colon ? colon + 1 : name;
	size_t n = strlen(path);
	bool whole = n > 3 && strcmp(path + n - 3, ".db") == 0;

	if (snprintf(path_r, path_bytes, "%s%s", path, whole ? "" : ".db") >= (int)path_bytes)
		return jm_err_set(err, JM_E_LIMIT, "path of table \"%.60s...\" is too long", name);
	return 0;
}

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

/*
 * Lock as the writers do: Postfix's postmap uses flock(2), Sendmail's makemap flock(2) or fcntl(2).
 * The fcntl(2) lock is lost when Berkeley DB closes its own descriptor of the file; directory.c
 * compares the file before and after. *fd_r: for the caller to close, -1 when the file could not be
 * opened.
 */
static int table_lock(const char *path, int *fd_r, struct jm_err *err)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	*fd_r = jm_io_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	if (*fd_r < 0)
		return -1;
	if (flock(*fd_r, LOCK_SH | LOCK_NB) != 0 || fcntl(*fd_r, F_SETLK, &lock) != 0)
		return jm_err_set(err, JM_E_TEMP, "table \"%s\" is being written", path);
	return 0;
}

/* A number of the head, in the byte order of the machine that wrote the table. */
static uint32_t head_number(const unsigned char *p, bool big)
{
	return big ? jm_num_get_be32(p)
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
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
		struct jm_span s;

		rc = cursor->get(cursor, &key, &none, DB_NEXT);
		if (rc != 0)
			break;
		s = jm_span_of(key.data, key.size);
		if (s.len && s.p[s.len - 1] == '\0')
			s.len--;
		visited = visit(ctx, s, err);
	}
	free(key.data);
	if (cursor)
		cursor->close(cursor); /* cannot lose anything: it only read */
	if (visited != 0)
		return -1;
	return rc == DB_NOTFOUND ? 0 : table_fail(err, path, rc);
}

int jm_mta_table_walk(const char *path, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	DB *db = NULL;
	int fd = -1, rc = -1, drc;

	if (table_lock(path, &fd, err) != 0 || table_check(fd, path, err) != 0)
		goto out;
	drc = db_create(&db, NULL, 0);
	if (drc == 0) {
		db->set_errcall(db, be_quiet);
		drc = db->open(db, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
	}
	rc = drc == 0 ? keys_walk(db, path, visit, ctx, err) : table_fail(err, path, drc);
out:
	if (db)
		db->close(db, DB_NOSYNC);
	if (fd >= 0)
		close(fd); /* unlocks the file */
	return rc;
}
