/* SPDX-License-Identifier: BSD-2-Clause */
/* Publishing without memory is a temporary error, never a document that is too large; and a
 * document that is too large is never a lack of memory. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/publish/publish.h"
#include "t/lib/memory.h"
#include "t/lib/tap.h"

static struct jm_err err;

/* A document whose status.json has more than bytes bytes. */
static json_t *document(size_t bytes)
{
	char *text = calloc(1, bytes + 1);
	json_t *o;

	if (!text)
		abort();
	memset(text, 'x', bytes);
	o = json_pack("{s:i, s:s}", "format", 1, "more", text);
	free(text);
	if (!o)
		abort();
	return o;
}

static int publish(const json_t *o)
{
	err = (struct jm_err){ .kind = JM_E_NONE };
	return jm_publish_write(tap_folder(), 0644, o, &err);
}

static void *no_malloc(size_t n)
{
	(void)n;
	return NULL;
}

static void test_jansson(void)
{
	json_t *o = document(10);
	json_malloc_t old_malloc;
	json_free_t old_free;
	int rc;

	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(no_malloc, old_free);
	rc = publish(o);
	json_set_alloc_funcs(old_malloc, old_free);
	tap_ok(rc != 0 && err.kind == JM_E_TEMP && strstr(err.text, "no memory"),
	    "without memory for the JSON writer: %s: %s", jm_err_kind_name(err.kind), err.text);
	tap_is_int(publish(o), 0, "with memory it is published");
	json_decref(o);
}

static void test_large(void)
{
	json_t *o = document(8u << 20);
	int rc = publish(o);

	tap_ok(rc != 0 && err.kind == JM_E_LIMIT && strstr(err.text, "larger than"),
	    "a document that is too large: %s: %s", jm_err_kind_name(err.kind), err.text);
	json_decref(o);
}

#ifndef JM_T_MEMORY_IS_THEIRS
extern void *__libc_realloc(void *p, size_t n);
static size_t most = SIZE_MAX; /* a block of more bytes is refused */

void *realloc(void *p, size_t n)
{
	return n > most ? NULL : __libc_realloc(p, n);
}

static void test_buffer(void)
{
	json_t *o = document(2u << 20);
	int rc;

	most = 1u << 20;
	rc = publish(o);
	most = SIZE_MAX;
	tap_ok(rc != 0 && err.kind == JM_E_TEMP && strstr(err.text, "no memory"),
	    "without memory for the text: %s: %s", jm_err_kind_name(err.kind), err.text);
	tap_is_int(publish(o), 0, "with memory it is published");
	json_decref(o);
}
#else
static void test_buffer(void)
{
	tap_skip(2, "memory is the sanitizer's here");
}
#endif

int main(void)
{
	test_jansson();
	test_large();
	test_buffer();
	return tap_done();
}
