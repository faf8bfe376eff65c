/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing stats.db. It has no environment, so there are no locks, no log and no region that a
 * reader could hold or damage. It is made anew each time under a temporary name, and is in the
 * writer's memory until it is closed. Which keys there are: figure.c.
 */
#include "common/publish/statsdb.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/publish/figure.h"

#define PAGE_BYTES 4096
#define VALUE_BYTES 65536

struct db_out {
	DB *db;
	struct jm_buf text;
};

bool jm_publish_has_statsdb(void)
{
	return true;
}

static int stats_fail(struct jm_err *err, int rc, const char *what)
{
	errno = rc > 0 ? rc : EIO;
	return jm_err_sys(err, JM_E_TEMP, "stats.db: %s", what);
}

static int figure_put(void *ctx, const struct jm_figure *f, const char *key, const char *name,
    const json_t *value, struct jm_err *err)
{
	struct db_out *o = ctx;
	DBT k = { .data = (void *)(uintptr_t)key, .size = (u_int32_t)strlen(key) },
	    v = { .size = 0 };
	int rc;

	(void)f, (void)name;
	if (jm_figure_text(value, &o->text, err) != 0)
		return -1;
	v.data = o->text.p;
	v.size = (u_int32_t)o->text.len;
	rc = o->db->put(o->db, NULL, &k, &v, 0);
	return rc == 0 ? 0 : stats_fail(err, rc, "cannot put");
}

static int stats_fill(const char *path, const json_t *document, struct jm_err *err)
{
	struct db_out o = { .db = NULL };
	int rc = db_create(&o.db, NULL, 0), closed;

	if (rc != 0)
		return stats_fail(err, rc, "cannot begin");
	o.db->set_errfile(o.db, NULL);
	jm_buf_init(&o.text, VALUE_BYTES);
	if ((rc = o.db->set_pagesize(o.db, PAGE_BYTES)) != 0 ||
	    (rc = o.db->open(o.db, NULL, path, NULL, DB_BTREE, DB_CREATE | DB_EXCL, 0600)) != 0)
		rc = stats_fail(err, rc, "cannot create");
	else
		rc = jm_figures_each(document, figure_put, &o, err);
	closed = o.db->close(o.db, 0);
	if (rc == 0 && closed != 0)
		rc = stats_fail(err, closed, "cannot write");
	jm_buf_release(&o.text);
	return rc;
}

/* Set the mode of the file and sync it. */
static int stats_settle(const char *path, mode_t mode, struct jm_err *err)
{
	int fd = jm_io_open(path, O_RDWR, 0, err), rc;

	if (fd < 0)
		return -1;
	rc = fchmod(fd, mode) == 0
	    ? jm_io_datasync(fd, err)
	    : jm_err_sys(err, JM_E_TEMP, "cannot set the mode of \"%s\"", path);
	close(fd);
	return rc;
}

static int stats_clear(const char *path, struct jm_err *err)
{
	return unlink(path) == 0 || errno == ENOENT
	    ? 0
	    : jm_err_sys(err, JM_E_TEMP, "cannot remove \"%s\"", path);
}

/* Berkeley DB creates a file under a name of its own ("__db.NAME") first. When that one exists,
 * left by a process that died or by a full disk, it waits for ever; so both are removed before. */
int jm_publish_statsdb(const char *path, mode_t mode, const json_t *document, struct jm_err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char temporary[PATH_MAX], unfinished[PATH_MAX];

	if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary ||
	    snprintf(unfinished, sizeof unfinished, "%.*s__db.%s.tmp", (int)(name - path), path,
		name) >= (int)sizeof unfinished)
		return jm_err_set(err, JM_E_LIMIT, "the path of the publish folder is too long");
	if (stats_clear(temporary, err) != 0 || stats_clear(unfinished, err) != 0)
		return -1;
	if (stats_fill(temporary, document, err) != 0 || stats_settle(temporary, mode, err) != 0 ||
	    jm_io_rename(temporary, path, err) != 0) {
		unlink(temporary); /* best effort: err already has an error */
		unlink(unfinished);
		return -1;
	}
	return 0;
}
