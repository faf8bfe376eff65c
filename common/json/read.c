/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading JSON text. Allocations of jansson's parser are watched for failures. */
#include "common/json/read.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"

/*
 * jansson's parser drops a character of a string, and succeeds, when its buffer cannot grow; and it
 * reports other failed allocations as errors of syntax. So its allocations are watched: if one
 * failed in this thread while it parsed, the result is discarded.
 */
static _Thread_local bool allocation_failed;

static void *watched_malloc(size_t n)
{
	void *p = malloc(n);

	allocation_failed |= !p;
	return p;
}

__attribute__((constructor)) static void watch_allocations(void)
{
	json_set_alloc_funcs(watched_malloc, free);
}

static int json_parse(const void *p, size_t n, size_t flags, json_t **v_r, struct jm_err *err)
{
	json_error_t cause;

	*v_r = NULL;
	if (n > 0 && memchr(p, '\0', n)) /* jansson takes it for the end of the text */
		return jm_err_set(err, JM_E_CORRUPT, "this is no JSON: it has a NUL");
	memset(&cause, 0, sizeof cause);
	allocation_failed = false;
	*v_r = json_loadb(p, n, flags, &cause);
	if (*v_r && !allocation_failed)
		return 0;
	json_decref(*v_r);
	*v_r = NULL;
	/* The parser leaves the text empty for most failed allocations, never for an error of
	 * syntax. */
	if (allocation_failed || cause.text[0] == '\0')
		return jm_err_set(err, JM_E_TEMP, "no memory to read JSON");
	return jm_err_set(
	    err, JM_E_CORRUPT, "this is no JSON: %.100s (line %d)", cause.text, cause.line);
}

int jm_json_read(const void *p, size_t n, json_t **v_r, struct jm_err *err)
{
	return json_parse(p, n, JSON_DECODE_ANY, v_r, err);
}

int jm_json_read_strict(const void *p, size_t n, json_t **v_r, struct jm_err *err)
{
	return json_parse(p, n, JSON_REJECT_DUPLICATES, v_r, err);
}

int jm_json_read_file(const char *path, size_t max_bytes, json_t **v_r, struct jm_err *err)
{
	unsigned char *text = NULL;
	size_t n = 0;
	int rc;

	*v_r = NULL;
	if (jm_io_read_file(path, max_bytes, &text, &n, err) != 0)
		return -1;
	rc = jm_json_read(text, n, v_r, err);
	free(text);
	return rc == 0 ? 0 : jm_err_wrap(err, "%s", path);
}

int jm_json_read_fd(int fd, const char *path, size_t max_bytes, json_t **v_r, struct jm_err *err)
{
	unsigned char *text = NULL;
	size_t n = 0;
	int rc;

	*v_r = NULL;
	if (jm_io_read_whole(fd, path, max_bytes, &text, &n, err) != 0)
		return -1;
	rc = jm_json_read(text, n, v_r, err);
	free(text);
	return rc == 0 ? 0 : jm_err_wrap(err, "%s", path);
}

json_t *jm_json_row(const void *p, size_t n)
{
	struct jm_err ignored;
	json_t *row;

	return jm_json_read(p, n, &row, &ignored) == 0 ? row : NULL;
}
