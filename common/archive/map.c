/* SPDX-License-Identifier: BSD-2-Clause */
/* A table is a database file of its own: no environment, no log, no locks of Berkeley DB's. Its
 * writers lock the file. */
#include "common/archive/map.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/io.h"

int jm_map_path(const char *name, char *path_r, size_t path_bytes, struct jm_err *err)
{
	const char *colon = name[0] == '/' ? NULL : strchr(name, ':'),
		   *path = colon ? colon + 1 : name;
	size_t n = strlen(path);
	bool whole = n > 3 && strcmp(path + n - 3, ".db") == 0;

	if (snprintf(path_r, path_bytes, "%s%s", path, whole ? "" : ".db") >= (int)path_bytes)
		return jm_err_set(err, JM_E_LIMIT, "path of table \"%.60s...\" is too long", name);
	return 0;
}

/* What Berkeley DB says goes into the error that the caller gets, in short. */
static void be_quiet(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	(void)text;
}

static int fail(struct jm_err *err, const char *path, int rc)
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

/* The writers' ways to lock: Postfix's postmap flock(2), Sendmail's makemap flock(2) or fcntl(2).
 */
static int hold(const char *path, int *fd_r, struct jm_err *err)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	*fd_r = jm_io_open(path, O_RDONLY, 0, err);
	if (*fd_r < 0)
		return -1;
	if (flock(*fd_r, LOCK_SH | LOCK_NB) != 0 || fcntl(*fd_r, F_SETLK, &lock) != 0)
		return jm_err_set(err, JM_E_TEMP, "table \"%s\" is being written", path);
	return 0;
}

static int check(const char *path, struct jm_err *err)
{
	DB *db = NULL;
	int rc = db_create(&db, NULL, 0);

	if (rc != 0)
		return fail(err, path, rc);
	db->set_errcall(db, be_quiet);
	rc = db->verify(db, path, NULL, NULL, 0); /* closes it, whatever comes out */
	return rc == 0 ? 0 : fail(err, path, rc);
}

static int walk(DB *db, const char *path, jm_map_visit *visit, void *ctx, struct jm_err *err)
{
	DBT key = { .flags = DB_DBT_REALLOC }, none = { .flags = DB_DBT_PARTIAL | DB_DBT_USERMEM };
	DBC *cursor = NULL;
	int rc = db->cursor(db, NULL, &cursor, 0), told = 0;

	while (rc == 0 && told == 0) {
		struct jm_span s;

		rc = cursor->get(cursor, &key, &none, DB_NEXT);
		if (rc != 0)
			break;
		s = jm_span_of(key.data, key.size);
		if (s.len && s.p[s.len - 1] == '\0')
			s.len--;
		told = visit(ctx, s, err);
	}
	free(key.data);
	if (cursor)
		(void)cursor->close(cursor); /* was only read with */
	if (told != 0)
		return -1;
	return rc == DB_NOTFOUND ? 0 : fail(err, path, rc);
}

int jm_map_walk(const char *path, jm_map_visit *visit, void *ctx, struct jm_err *err)
{
	DB *db = NULL;
	int fd = -1, rc = -1, drc;

	if (hold(path, &fd, err) != 0 || check(path, err) != 0)
		goto out;
	drc = db_create(&db, NULL, 0);
	if (drc == 0) {
		db->set_errcall(db, be_quiet);
		drc = db->open(db, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
	}
	rc = drc == 0 ? walk(db, path, visit, ctx, err) : fail(err, path, drc);
out:
	if (db)
		(void)db->close(db, DB_NOSYNC);
	if (fd >= 0)
		close(fd); /* was only read from */
	return rc;
}
