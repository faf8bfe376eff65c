/* SPDX-License-Identifier: BSD-2-Clause */
#include "common/publish/publish.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/io.h"

#define FILE_BYTES (8u << 20)

static int path_in(const char *dir, const char *name, char path[PATH_MAX], struct jm_err *err)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX
	    ? 0
	    : jm_err_set(err, JM_E_LIMIT, "the path of the publish folder is too long");
}

static int write_file(
    const char *dir, const char *name, mode_t mode, const struct jm_buf *b, struct jm_err *err)
{
	char path[PATH_MAX];

	if (path_in(dir, name, path, err) < 0)
		return -1;
	return jm_io_publish(path, b->p, b->len, mode, err);
}

static int add_json(const char *p, size_t n, void *ctx)
{
	struct jm_err err;

	return jm_buf_add(ctx, p, n, &err);
}

int jm_publish_write(const char *dir, mode_t mode, const json_t *document, struct jm_err *err)
{
	char path[PATH_MAX];
	struct jm_buf b;
	int rc = -1;

	jm_buf_init(&b, FILE_BYTES);
	if (path_in(dir, "stats.db", path, err) < 0 ||
	    jm_publish_statsdb(path, mode, document, err) < 0)
		goto out;
	if (json_dump_callback(document, add_json, &b, JSON_INDENT(1)) != 0 ||
	    jm_buf_add_byte(&b, '\n', err) < 0) {
		(void)jm_err_set(
		    err, JM_E_LIMIT, "status.json would be larger than %u bytes", FILE_BYTES);
		goto out;
	}
	if (write_file(dir, "status.json", mode, &b, err) < 0)
		goto out;
	jm_buf_reset(&b);
	if (jm_figures_metrics(document, &b, err) < 0 ||
	    write_file(dir, "journal-milter.prom", mode, &b, err) < 0)
		goto out;
	rc = 0;
out:
	jm_buf_release(&b);
	return rc;
}
