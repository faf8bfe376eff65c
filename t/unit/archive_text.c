/* SPDX-License-Identifier: BSD-2-Clause */
/* Our JSON text is jansson's, byte by byte. */
#include <stdlib.h>

#include "common/archive/store.h"
#include "t/lib/tap.h"

static void same(const json_t *v, const char *what)
{
	char *want = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	struct jm_buf got;
	struct jm_err err;

	jm_buf_init(&got, 1u << 20);
	tap_ok(jm_text_of_json(&got, v, &err) == 0 && want != NULL && strcmp(jm_buf_str(&got), want) == 0, "%s", what);
	jm_buf_release(&got);
	free(want);
}

int main(void)
{
	static const char *const text[] = { "{}", "[]", "{\"a\":[],\"b\":{}}", "[1,-1,0,9223372036854775807,-9223372036854775808]", "[true,false,null]",
		"{\"to\":[{\"address\":\"a@example.com\",\"n\":[[1,2],[3]]},\"x\"],\"k/\":\"/\"}", "[\"\",\"\\\"\\\\\",\"end\\\\\"]",
		"[\"\\u00e4\\u20ac\\ud83d\\ude00\\u007f\"]" };
	char all[256];
	struct jm_err err;
	struct jm_buf b;
	json_t *v;

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		v = json_loads(text[i], 0, NULL);
		same(v, text[i]);
		json_decref(v);
	}
	for (int c = 1; c < 128; c++)
		all[c - 1] = (char)c;
	v = json_pack("[s#,s#]", all, 127, all, 5);
	same(v, "every ASCII character but NUL");
	json_decref(v);
	v = json_stringn("a\0b", 3);
	same(v, "NUL within a string");
	json_decref(v);
	v = json_real(1.5);
	jm_buf_init(&b, 100);
	tap_ok(jm_text_of_json(&b, v, &err) < 0 && err.kind == JM_E_BUG, "a real number is refused");
	json_decref(v);
	v = json_string("longer than the buffer may get");
	b.max_bytes = 10;
	tap_ok(jm_text_of_json(&b, v, &err) < 0 && err.kind == JM_E_LIMIT, "the buffer's cap holds");
	json_decref(v);
	jm_buf_release(&b);
	return tap_done();
}
