/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of a dump's manifest: of any length up to the cap, the last one without an end, and a NUL.
 */
#include <stdlib.h>
#include <string.h>

#include "milter/ctl/files/dumpdir.h"
#include "t/lib/tap.h"

#define CAP 20000u

static FILE *file_of(const void *p, size_t n)
{
	FILE *f = tmpfile();

	if (!f || (n > 0 && fwrite(p, 1, n, f) != n))
		abort();
	rewind(f);
	return f;
}

static void test_lengths(void)
{
	static const size_t lengths[] = { 0, 1, 4094, 4095, 4096, 4097, 8191, 8192, CAP - 1 };
	char *text = malloc(CAP + 1);
	size_t good = 0, want = 0;
	struct jm_buf line;
	struct jm_err err;

	jm_buf_init(&line, CAP);
	memset(text, 'x', CAP + 1);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (int ends = 0; ends < 2; ends++, want++) {
			FILE *f = tmpfile();
			size_t n = lengths[i];

			if (!f)
				abort();
			fprintf(
			    f, "%.*s\n{}\n%.*s%s", (int)n, text, (int)n, text, ends ? "\n" : "");
			rewind(f);
			good += jm_dump_next_line(f, &line, &err) == 1 && line.len == n + 1 &&
			    memcmp(line.p, text, n) == 0 && line.p[n] == '\n' &&
			    jm_dump_next_line(f, &line, &err) == 1 &&
			    strcmp(jm_buf_str(&line), "{}\n") == 0 &&
			    (n + (size_t)ends == 0 ||
				(jm_dump_next_line(f, &line, &err) == 1 &&
				    line.len == n + (size_t)ends)) &&
			    jm_dump_next_line(f, &line, &err) == 0;
			fclose(f);
		}
	tap_is_int((long long)good, (long long)want, "lines of all lengths, and the end");
	jm_buf_release(&line);
	free(text);
}

static void test_wrong(void)
{
	char *text = malloc(2 * CAP);
	struct jm_buf line;
	struct jm_err err;
	FILE *f;

	jm_buf_init(&line, CAP);
	memset(text, 'x', 2 * CAP);
	text[CAP] = '\n';
	f = file_of(text, 2 * CAP);
	tap_ok(jm_dump_next_line(f, &line, &err) == -1 && err.kind == JM_E_LIMIT,
	    "a byte more than the cap: %s", err.text);
	fclose(f);
	text[10] = '\0';
	jm_buf_release(&line);
	f = file_of(text, 2 * CAP);
	tap_ok(
	    jm_dump_next_line(f, &line, &err) == -1 && err.kind == JM_E_CORRUPT && line.cap < CAP,
	    "a NUL: %s", err.text);
	fclose(f);
	jm_buf_release(&line);
	free(text);
}

int main(void)
{
	test_lengths();
	test_wrong();
	return tap_done();
}
