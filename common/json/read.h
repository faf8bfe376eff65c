/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading JSON text. This is the only place that calls jansson's parser, because the parser alone
 * cannot be trusted when memory is short: it drops a character of a string and succeeds, or writes
 * past the end of a block. These functions fail instead.
 */
#ifndef JM_JSON_READ_H
#define JM_JSON_READ_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/err.h"

/* Parse n bytes at p, any JSON value, into *v_r, which the caller owns (NULL on error). CORRUPT: it
 * is not JSON. TEMP: no memory; this is never a sign of damage. Any thread. */
int jm_json_read(const void *p, size_t n, json_t **v_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_json_read(), for a request: an object or an array in which no name occurs twice. */
int jm_json_read_strict(const void *p, size_t n, json_t **v_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_json_read(), from a file of at most max_bytes. Also NOTFOUND, DENIED, LIMIT. */
int jm_json_read_file(
    const char *path, size_t max_bytes, json_t **v_r, struct jm_err *err) JM_MUST_CHECK;

/* The same from an open file; path is its name for errors. */
int jm_json_read_fd(
    int fd, const char *path, size_t max_bytes, json_t **v_r, struct jm_err *err) JM_MUST_CHECK;

/* As jm_json_read(), for callers that can continue without the value: NULL on any error. */
json_t *jm_json_row(const void *p, size_t n) JM_MUST_CHECK;

#endif
