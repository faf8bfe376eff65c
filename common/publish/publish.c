/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the three files of the published state. Their contents come from document.c of the daemon
 * and from figure.c; statsdb.c and metrics.c have the formats of two of them. */
#include "common/publish/publish.h"

#include <limits.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/io.h"
#include "common/base/visible.h"
#include "common/publish/metrics.h"
#include "common/publish/statsdb.h"

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

	if (path_in(dir, name, path, err) != 0)
		return -1;
	return jm_io_publish(path, b->p, b->len, mode, err);
}

/* JSON on its way into a buffer. */
struct json_out {
	struct jm_buf *b;
	struct jm_err cause; /* why the buffer took no more; NONE: jansson failed itself */
};

/* jansson cuts no character. */
static int json_out_add(const char *p, size_t n, void *ctx)
{
	struct json_out *o = ctx;

	return jm_visible_json(o->b, jm_span_of(p, n), &o->cause);
}

static int add_json(const json_t *document, struct jm_buf *b, struct jm_err *err)
{
	struct json_out o = { .b = b, .cause = { .kind = JM_E_NONE } };

	if (json_dump_callback(document, json_out_add, &o, JSON_INDENT(1)) == 0 &&
	    jm_buf_add_byte(b, '\n', &o.cause) == 0)
		return 0;
	if (o.cause.kind == JM_E_LIMIT)
		return jm_err_set(
		    err, JM_E_LIMIT, "status.json would be larger than %u bytes", FILE_BYTES);
	return jm_err_set(err, JM_E_TEMP, "no memory for status.json");
}

int jm_publish_write(const char *dir, mode_t mode, const json_t *document, struct jm_err *err)
{
	char path[PATH_MAX];
	struct jm_buf b;
	int rc = -1;

	jm_buf_init(&b, FILE_BYTES);
	if (path_in(dir, "stats.db", path, err) != 0 ||
	    jm_publish_statsdb(path, mode, document, err) != 0)
		goto out;
	if (add_json(document, &b, err) != 0 || write_file(dir, "status.json", mode, &b, err) != 0)
		goto out;
	jm_buf_reset(&b);
	if (jm_figures_metrics(document, &b, err) != 0 ||
	    write_file(dir, "journal-milter.prom", mode, &b, err) != 0)
		goto out;
	rc = 0;
out:
	jm_buf_release(&b);
	return rc;
}
