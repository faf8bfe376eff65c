/* SPDX-License-Identifier: BSD-2-Clause */
/* The fuzz targets without a fuzzer: each runs its saved inputs, t/fuzz/seeds/NAME, and where they
 * are mail the messages of the corpus. With arguments, NAME FILE..., only these. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/fuzz/fuzz.h"
#include "t/lib/journaled.h"
#include "t/lib/tap.h"

static const char *source_folder(void)
{
	const char *dir = getenv("JM_SRCDIR");

	return dir ? dir : ".";
}

/* Run a file of the source folder. Its bytes are copied into room of their size, so that a
 * sanitizer sees a read beyond the end. */
static void run_file(const struct fuzz_target *t, const char *path, struct jm_buf *b)
{
	unsigned char *exact;

	journaled_read(path, b);
	exact = malloc(b->len + (b->len == 0));
	if (!exact)
		exit(1);
	if (b->len > 0)
		memcpy(exact, b->p, b->len);
	fuzz_run(t, jm_span_of(exact, b->len));
	free(exact);
}

static size_t run_saved(const struct fuzz_target *t, struct jm_buf *b)
{
	char pattern[1024];
	glob_t found;
	size_t n = 0;

	snprintf(pattern, sizeof pattern, "%s/t/fuzz/seeds/%s/*", source_folder(), t->name);
	if (glob(pattern, 0, NULL, &found) == 0) {
		n = found.gl_pathc;
		for (size_t k = 0; k < n; k++)
			run_file(t, found.gl_pathv[k] + strlen(source_folder()) + 1, b);
		globfree(&found);
	}
	return n;
}

static void run_all(struct jm_buf *b)
{
	const struct fuzz_target *t;
	const char *const *mail;
	char path[1024];
	size_t n, saved;

	mail = journaled_corpus(&n);
	for (size_t k = 0; (t = fuzz_target(k)); k++) {
		fuzz_run(t, jm_span_of(NULL, 0));
		saved = run_saved(t, b);
		for (size_t i = 0; t->mail && i < n; i++) {
			snprintf(path, sizeof path, "%s.eml", mail[i]);
			run_file(t, path, b);
		}
		tap_ok(saved > 0, "%s: %zu saved inputs%s are sound", t->name, saved,
		    t->mail ? " and the corpus" : "");
	}
}

int main(int argc, char **argv)
{
	const struct fuzz_target *t;
	struct jm_buf b;

	jm_buf_init(&b, 16u * 1024 * 1024);
	if (argc > 1) {
		for (size_t k = 0; (t = fuzz_target(k)); k++)
			for (int i = 2; strcmp(t->name, argv[1]) == 0 && i < argc; i++)
				run_file(t, argv[i], &b);
	} else {
		run_all(&b);
	}
	jm_buf_release(&b);
	return argc > 1 ? 0 : tap_done();
}
