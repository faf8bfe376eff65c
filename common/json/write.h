/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing JSON text: the same bytes as json_dumps() with JSON_COMPACT, appended to one buffer and
 * several times as fast. Only for values without real numbers.
 */
#ifndef JM_JSON_WRITE_H
#define JM_JSON_WRITE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* Append v to b. LIMIT: b is full. TEMP: no memory. BUG: v is NULL, has a real number, or is nested
 * too deeply. Any thread. */
int jm_json_write(struct jm_buf *b, const json_t *v, struct jm_err *err) JM_MUST_CHECK;

/* Append an integer in decimal. LIMIT: b is full. TEMP: no memory. Any thread. */
int jm_json_write_int(struct jm_buf *b, json_int_t v, struct jm_err *err) JM_MUST_CHECK;

/* Append v as jansson writes it, compact, real numbers too. jansson's own functions continue when
 * a piece of the text could not be added; this one fails. LIMIT: b is full. TEMP: no memory. Any
 * thread. */
int jm_json_dump(struct jm_buf *b, const json_t *v, struct jm_err *err) JM_MUST_CHECK;

/* True: leave the member out. Must not change the object. */
typedef bool jm_json_left_out(const json_t *object, const char *name, const json_t *value);

/* As jm_json_write(), for an object without the members for which left_out() is true. */
int jm_json_write_members(struct jm_buf *b, const json_t *object, jm_json_left_out *left_out,
    struct jm_err *err) JM_MUST_CHECK;

#endif
