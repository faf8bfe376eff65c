/* SPDX-License-Identifier: BSD-2-Clause */
/* Our JSON text is jansson's, byte by byte; and what is read without memory does not count. */
#include <stdlib.h>

#include "common/json/read.h"
#include "common/json/write.h"
#include "t/lib/memory.h"
#include "t/lib/tap.h"

static void same(const json_t *v, const char *what)
{
	char *want = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	struct jm_buf got;
	struct jm_err err;

	jm_buf_init(&got, 1u << 20);
	tap_ok(jm_json_write(&got, v, &err) == 0 && want && strcmp(jm_buf_str(&got), want) == 0,
	    "%s", what);
	jm_buf_release(&got);
	free(want);
}

/* Every odd character at every place of strings of every length. */
static void every_place(void)
{
	static const char odd[] = { '"', '\\', '\n', '\x1f', '\x01', ' ', '!', '\x7f', '[', '\0' };
	unsigned wrong = 0, n = 0;
	char text[33], *want;
	struct jm_buf got;
	struct jm_err err;

	jm_buf_init(&got, 1000);
	for (size_t len = 1; len < sizeof text; len++)
		for (size_t at = 0; at < len; at++)
			for (size_t i = 0; i < sizeof odd; i++, n++) {
				json_t *v;

				memset(text, at % 2 ? 'a' : '\x7e', len);
				text[at] = odd[i];
				v = json_stringn(text, len);
				want = json_dumps(v, JSON_ENCODE_ANY);
				jm_buf_reset(&got);
				wrong += !want || jm_json_write(&got, v, &err) != 0 ||
				    strcmp(jm_buf_str(&got), want) != 0;
				free(want);
				json_decref(v);
			}
	jm_buf_release(&got);
	tap_ok(wrong == 0, "%u strings with an odd character somewhere, %u differ", n, wrong);
}

#ifndef JM_T_MEMORY_IS_THEIRS
extern void *__libc_malloc(size_t n);
static int until_none = -1; /* this many allocations work, then one fails; -1: all work */

void *malloc(size_t n)
{
	return until_none >= 0 && until_none-- == 0 ? NULL : __libc_malloc(n);
}

static void without_memory(
    int (*read)(const void *p, size_t n, json_t **v_r, struct jm_err *err), const char *name)
{
	static const char text[] =
	    "{\"verb\":\"search\",\"address\":\"somebody.with.a.long.name@example.com\","
	    "\"after\":12345678901234567}";
	json_t *want = json_loads(text, 0, NULL), *got;
	unsigned wrong = 0, refused = 0;
	struct jm_err err;

	for (int i = 0; i < 60; i++) {
		until_none = i;
		if (read(text, sizeof text - 1, &got, &err) == 0) {
			wrong += !json_equal(got, want);
			json_decref(got);
		} else {
			refused++;
			wrong += err.kind != JM_E_TEMP;
		}
	}
	until_none = -1;
	json_decref(want);
	tap_ok(wrong == 0 && refused > 5,
	    "%s: read whole, or not at all for want of memory (%u times)", name, refused);
}
#endif

int main(void)
{
	static const char *const text[] = { "{}", "[]", "{\"a\":[],\"b\":{}}",
		"[1,-1,0,9223372036854775807,-9223372036854775808]", "[true,false,null]",
		"{\"to\":[{\"address\":\"a@example.com\",\"n\":[[1,2],[3]]},\"x\"],\"k/\":\"/\"}",
		"[\"\",\"\\\"\\\\\",\"end\\\\\"]", "[\"\\u00e4\\u20ac\\ud83d\\ude00\\u007f\"]" };
	char all[256];
	struct jm_err err;
	struct jm_buf b;
	json_t *v;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		v = json_loads(text[i], 0, NULL);
		same(v, text[i]);
		json_decref(v);
	}
	for (int c = 1; c < 128; c++)
		all[c - 1] = (char)c;
	v = json_pack("[s#,s#]", all, 127, all, 5);
	same(v, "every ASCII character but NUL");
	json_decref(v);
	every_place();
	v = json_stringn("a\0b", 3);
	same(v, "NUL within a string");
	json_decref(v);
	v = json_real(1.5);
	jm_buf_init(&b, 100);
	tap_ok(jm_json_write(&b, v, &err) < 0 && err.kind == JM_E_BUG, "a real number is refused");
	json_decref(v);
	v = json_string("longer than the buffer may get");
	b.max_bytes = 10;
	tap_ok(jm_json_write(&b, v, &err) < 0 && err.kind == JM_E_LIMIT, "the buffer's cap holds");
	json_decref(v);
	jm_buf_release(&b);
	tap_ok(
	    jm_json_read_strict("{\"a\":1,\"a\":2}", 13, &v, &err) < 0 && err.kind == JM_E_CORRUPT,
	    "a request in which a name stands twice is none");
	tap_ok(jm_json_read("{}\0x", 4, &v, &err) < 0 && err.kind == JM_E_CORRUPT && !v,
	    "a text that goes on after a NUL is none");
#ifndef JM_T_MEMORY_IS_THEIRS
	without_memory(jm_json_read, "JSON");
	without_memory(jm_json_read_strict, "a request");
#endif
	return tap_done();
}
