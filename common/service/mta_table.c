/* SPDX-License-Identifier: BSD-2-Clause */
/* Which file a table of the MTA is, its lock, and its format, which table_bdb.c, table_lmdb.c or
 * table_cdb.c reads. Which tables are read, and when: directory.c. */
#include "common/service/mta_table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/service/table_bdb.h"
#include "common/service/table_cdb.h"
#include "common/service/table_lmdb.h"

typedef int bytes_walk(
    struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err);

/* Formats that are read from the bytes of the file. Everything else is Berkeley DB's. */
static const struct format {
	const char *type, *ending;
	bytes_walk *walk;
} formats[] = {
	{ "lmdb:", ".lmdb", jm_table_lmdb_walk },
	{ "cdb:", ".cdb", jm_table_cdb_walk },
};
#define FORMATS (sizeof formats / sizeof *formats)

static bool has_ending(const char *path, const char *ending)
{
	size_t n = strlen(path), m = strlen(ending);

	return n > m && strcmp(path + n - m, ending) == 0;
}

int jm_mta_table_path(const char *name, char *path_r, size_t path_bytes, struct jm_err *err)
{
	const char *colon = name[0] == '/' ? NULL : strchr(name, ':'),
		   *path = colon ? colon + 1 : name, *ending = ".db";

	for (size_t i = 0; i < FORMATS; i++)
		if (colon ? strncmp(name, formats[i].type, strlen(formats[i].type)) == 0
			  : has_ending(path, formats[i].ending))
			ending = formats[i].ending;
	if (snprintf(path_r, path_bytes, "%s%s", path, has_ending(path, ending) ? "" : ending) >=
	    (int)path_bytes)
		return jm_err_set(err, JM_E_LIMIT, "path of table \"%.60s...\" is too long", name);
	return 0;
}

/*
 * Lock as the writers do: Postfix's postmap uses flock(2), for LMDB fcntl(2), Sendmail's makemap
 * flock(2) or fcntl(2). The fcntl(2) lock is lost when Berkeley DB closes its own descriptor of the
 * file; directory.c compares the file before and after. With LMDB postmap itself has only a shared
 * lock while it writes, after an exclusive one to see the readers out: it writes beside the last
 * transaction, which we read then. *fd_r: for the caller to close, -1 when the file could not be
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

/* A visitor that does not see the NUL at the end of a key. */
struct trim {
	jm_mta_table_visit *visit;
	void *ctx;
	bool stopped; /* err is the visitor's */
};

static int key_trim(void *ctx, struct jm_span key, struct jm_err *err)
{
	struct trim *t = ctx;

	if (key.len && key.p[key.len - 1] == '\0')
		key.len--;
	t->stopped = t->visit(t->ctx, key, err) != 0;
	return t->stopped ? -1 : 0;
}

/* Read a table from a copy of its file: unlike a map of it, a copy stays whole when somebody
 * shortens the file. */
static int copy_walk(int fd, const char *path, bytes_walk *walk, struct trim *t, struct jm_err *err)
{
	unsigned char *p = NULL;
	struct jm_err cause = { .kind = JM_E_NONE };
	size_t n;
	int rc;

	if (jm_io_read_whole(fd, path, JM_MTA_TABLE_BYTES, &p, &n, err) != 0)
		return -1;
	rc = walk(jm_span_of(p, n), key_trim, t, &cause);
	free(p);
	if (rc == 0)
		return 0;
	*err = cause;
	return t->stopped ? -1
			  : jm_err_set(err, JM_E_CORRUPT,
				"\"%s\" is no intact table of postmap: %s", path, cause.text);
}

int jm_mta_table_walk(const char *path, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	struct trim t = { visit, ctx, false };
	bytes_walk *walk = NULL;
	int fd = -1, rc = -1;

	for (size_t i = 0; i < FORMATS; i++)
		if (has_ending(path, formats[i].ending))
			walk = formats[i].walk;
	if (table_lock(path, &fd, err) == 0)
		rc = walk ? copy_walk(fd, path, walk, &t, err)
			  : jm_table_bdb_walk(fd, path, key_trim, &t, err);
	if (fd >= 0)
		close(fd); /* unlocks the file */
	return rc;
}
