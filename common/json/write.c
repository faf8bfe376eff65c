/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON text. jansson's own writer makes a call for every piece; this one appends to one
 * buffer. */
#include "common/json/write.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64 /* of nested values */

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* The length of the beginning that needs no escapes, eight bytes at a time. */
static size_t plain_bytes(const char *p, size_t n)
{
	const uint64_t ones = UINT64_MAX / 255;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t w, quote, back;

		memcpy(&w, p + i, 8);
		quote = w ^ ones * '"';
		back = w ^ ones * '\\';
		/* the high bit of the first byte that is below 0x20, or zero in quote or back */
		if (((((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) |
			 ((back - ones) & ~back)) &
			ones * 0x80) != 0)
			break;
	}
	while (i < n && is_plain(p[i]))
		i++;
	return i;
}

/* Append a character of the structure. */
static int add_mark(struct jm_buf *b, char c, struct jm_err *err)
{
	if (b->cap - b->len <= 1)
		return jm_buf_add(b, &c, 1, err);
	b->p[b->len++] = (unsigned char)c;
	b->p[b->len] = '\0';
	return 0;
}

/* Append a string that needs no escapes, as nearly all do: reserve once, copy once. */
static int add_quoted(struct jm_buf *b, const char *p, size_t n, struct jm_err *err)
{
	if (jm_buf_reserve(b, n + 2, err) != 0)
		return -1;
	b->p[b->len++] = '"';
	memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len++] = '"';
	b->p[b->len] = '\0';
	return 0;
}

static int add_string(struct jm_buf *b, const char *p, size_t n, struct jm_err *err)
{
	static const char escape[32] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	size_t from = 0, i = plain_bytes(p, n);

	if (i == n)
		return add_quoted(b, p, n, err);
	if (jm_buf_add(b, "\"", 1, err) != 0)
		return -1;
	for (; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		char text[8] = { '\\', (char)c };
		size_t len = 2;

		if (is_plain(p[i]))
			continue;
		if (c < 0x20 && escape[c] != 0)
			text[1] = escape[c];
		else if (c < 0x20)
			len = (size_t)snprintf(text, sizeof text, "\\u%04X", c);
		if (jm_buf_add(b, p + from, i - from, err) != 0 ||
		    jm_buf_add(b, text, len, err) != 0)
			return -1;
		from = i + 1;
	}
	return jm_buf_add(b, p + from, n - from, err) != 0 ? -1 : jm_buf_add(b, "\"", 1, err);
}

int jm_json_write_int(struct jm_buf *b, json_int_t v, struct jm_err *err)
{
	char text[24];
	size_t at = sizeof text;
	unsigned long long n = v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v;

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	if (v < 0)
		text[--at] = '-';
	return jm_buf_add(b, text + at, sizeof text - at, err);
}

static int add_value(struct jm_buf *b, const json_t *v, unsigned depth, struct jm_err *err);

static int add_members(struct jm_buf *b, const json_t *v, jm_json_left_out *left_out,
    unsigned depth, struct jm_err *err)
{
	json_t *o = (json_t *)(uintptr_t)v;
	char comma = '{';

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		const char *key = json_object_iter_key(i);

		if (left_out && left_out(v, key, json_object_iter_value(i)))
			continue;
		if (add_mark(b, comma, err) != 0 || add_string(b, key, strlen(key), err) != 0 ||
		    add_mark(b, ':', err) != 0 ||
		    add_value(b, json_object_iter_value(i), depth + 1, err) != 0)
			return -1;
		comma = ',';
	}
	return comma == '{' ? jm_buf_add(b, "{}", 2, err) : add_mark(b, '}', err);
}

static int add_array(struct jm_buf *b, const json_t *v, unsigned depth, struct jm_err *err)
{
	if (add_mark(b, '[', err) != 0)
		return -1;
	for (size_t i = 0; i < json_array_size(v); i++)
		if ((i > 0 && add_mark(b, ',', err) != 0) ||
		    add_value(b, json_array_get(v, i), depth + 1, err) != 0)
			return -1;
	return add_mark(b, ']', err);
}

static int add_value(struct jm_buf *b, const json_t *v, unsigned depth, struct jm_err *err)
{
	if (!v || depth > DEPTH_MAX)
		return jm_err_set(err, JM_E_BUG, "JSON that cannot be written");
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return add_members(b, v, NULL, depth, err);
	case JSON_ARRAY:
		return add_array(b, v, depth, err);
	case JSON_STRING:
		return add_string(b, json_string_value(v), json_string_length(v), err);
	case JSON_INTEGER:
		return jm_json_write_int(b, json_integer_value(v), err);
	case JSON_TRUE:
		return jm_buf_add(b, "true", 4, err);
	case JSON_FALSE:
		return jm_buf_add(b, "false", 5, err);
	case JSON_NULL:
		return jm_buf_add(b, "null", 4, err);
	default:
		return jm_err_set(err, JM_E_BUG, "a real number where none is written");
	}
}

int jm_json_write(struct jm_buf *b, const json_t *v, struct jm_err *err)
{
	return add_value(b, v, 0, err);
}

int jm_json_write_members(
    struct jm_buf *b, const json_t *object, jm_json_left_out *left_out, struct jm_err *err)
{
	return add_members(b, object, left_out, 0, err);
}

struct dumping {
	struct jm_buf *b;
	struct jm_err *err;
	bool failed;
};

static int add_piece(const char *p, size_t n, void *ctx)
{
	struct dumping *d = ctx;

	d->failed = d->failed || jm_buf_add(d->b, p, n, d->err) != 0;
	return d->failed ? -1 : 0;
}

int jm_json_dump(struct jm_buf *b, const json_t *v, struct jm_err *err)
{
	struct dumping d = { b, err, false };
	int rc = json_dump_callback(v, add_piece, &d, JSON_COMPACT);

	if (d.failed)
		return -1;
	return rc == 0 ? 0 : jm_err_set(err, JM_E_TEMP, "no memory to write JSON");
}
