/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading JSON text. Allocations of jansson's parser are watched for failures. */
#include "common/json/read.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/io.h"
#include "common/base/span.h"

/*
 * When the buffer in which jansson's lexer collects a string or a number cannot grow, the lexer
 * drops a byte and continues. If that byte is the quotation mark at the end of the string, it then
 * reads and writes past the ends of its blocks. It also reports failed allocations as errors of
 * syntax. So the parser's allocations never fail: when there is no memory, they are served from a
 * spare block that was taken before. The text ends for the parser after the piece that it has, and
 * the result is discarded.
 */
#define PIECE_BYTES 32u
/* Enough for the values that start in a piece. */
#define SPARE_BYTES (16u * 1024u)

static _Thread_local struct {
	unsigned char *p; /* NULL: nothing is parsed now */
	size_t n, used;
	bool failed; /* an allocation */
} spare;

static void *watched_malloc(size_t n)
{
	size_t taken = (n + 15) & ~(size_t)15;
	void *p = malloc(n);

	if (p)
		return p;
	spare.failed = true;
	if (!spare.p || n > spare.n || taken > spare.n - spare.used)
		return NULL;
	p = spare.p + spare.used;
	spare.used += taken;
	return p;
}

static void watched_free(void *p)
{
	if (!spare.p || (uintptr_t)p - (uintptr_t)spare.p >= spare.n)
		free(p);
}

__attribute__((constructor)) static void watch_allocations(void)
{
	json_set_alloc_funcs(watched_malloc, watched_free);
}

/* The length of the longest string or number, or more. */
static size_t longest_token(const unsigned char *p, size_t n)
{
	size_t longest = 0, from = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] == '"') {
			longest = i - from > longest ? i - from : longest;
			from = i + 1;
		} else if (p[i] == '\\') {
			i++;
		}
	return n - from > longest ? n - from : longest;
}

static size_t next_piece(void *buffer, size_t room, void *text)
{
	struct jm_span *left = text;
	size_t n = left->len < PIECE_BYTES ? left->len : PIECE_BYTES;

	if (spare.failed || n > room || n == 0)
		return 0;
	memcpy(buffer, left->p, n);
	*left = jm_span_of(left->p + n, left->len - n);
	return n;
}

static int json_parse(const void *p, size_t n, size_t flags, json_t **v_r, struct jm_err *err)
{
	struct jm_span left = jm_span_of(p, n);
	json_error_t cause;
	bool failed;

	*v_r = NULL;
	if (n > 0 && memchr(p, '\0', n)) /* jansson takes it for the end of the text */
		return jm_err_set(err, JM_E_CORRUPT, "this is no JSON: it has a NUL");
	memset(&cause, 0, sizeof cause);
	/* A full buffer doubles: while it grows there are two, and then the token's copy. */
	spare.n = 4 * longest_token(p, n) + SPARE_BYTES;
	spare.used = 0;
	spare.p = malloc(spare.n);
	spare.failed = !spare.p;
	if (spare.p)
		*v_r = json_load_callback(next_piece, &left, flags, &cause);
	failed = spare.failed;
	if (failed) {
		json_decref(*v_r);
		*v_r = NULL;
	}
	free(spare.p);
	spare.p = NULL;
	if (*v_r)
		return 0;
	/* The parser leaves the text empty for most failed allocations, never for an error of
	 * syntax. */
	if (failed || cause.text[0] == '\0')
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
