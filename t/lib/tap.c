/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing claims, and the folder of a test, which is removed at its end. See tap.h. */
#include "t/lib/tap.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_S 3600 /* a test that hangs ends */

static unsigned run, failed;
static bool told; /* the last claim failed: the remarks that follow are about it */
static char folder[128];

/* prove takes standard output and shows none of it; failures and their reasons therefore also go to
 * standard error. One write, as tests run side by side. */
static void print(const char *text, const char *on_stderr)
{
	struct stat out, err;

	fputs(text, stdout);
	fflush(stdout);
	if (told && fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
	    (out.st_dev != err.st_dev || out.st_ino != err.st_ino))
		fputs(on_stderr, stderr);
}

static char *text_of(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *text_of(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return text;
}

static bool claim(bool ok, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static bool claim(bool ok, const char *fmt, va_list ap)
{
	char *name = text_of(fmt, ap), *line, *failure;

	if (run++ == 0)
		alarm(LIMIT_S);
	failed += !ok;
	told = !ok;
	if (asprintf(&line, "%sok %u - %s\n", ok ? "" : "not ", run, name) < 0 ||
	    asprintf(&failure, "not ok %u - %s [%s]\n", run, name, program_invocation_name) < 0)
		abort();
	print(line, failure);
	free(failure);
	free(line);
	free(name);
	return ok;
}

bool tap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	claim(ok, fmt, ap);
	va_end(ap);
	return ok;
}

bool tap_is_str(const char *got, const char *want, const char *fmt, ...)
{
	bool ok = got && want ? strcmp(got, want) == 0 : got == want;
	va_list ap;

	va_start(ap, fmt);
	claim(ok, fmt, ap);
	va_end(ap);
	if (!ok)
		tap_diag("got  '%s'\n# want '%s'", got ? got : "(null)", want ? want : "(null)");
	return ok;
}

bool tap_is_int(long long got, long long want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	claim(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		tap_diag("got %lld, want %lld", got, want);
	return got == want;
}

static void dump(const char *what, const unsigned char *p, size_t n)
{
	char text[4 * 300 + 1];
	size_t i, at = 0;

	for (i = 0; i < n && i < 300; i++)
		if (p[i] >= 32 && p[i] < 127 && p[i] != '\\')
			text[at++] = (char)p[i];
		else
			at += (size_t)snprintf(text + at, 5, "\\x%02x", p[i]);
	text[at] = '\0';
	tap_diag("%s %zu bytes: %s", what, n, text);
}

bool tap_is_mem(
    const void *got, size_t got_n, const void *want, size_t want_n, const char *fmt, ...)
{
	bool ok = got_n == want_n && (got_n == 0 || memcmp(got, want, got_n) == 0);
	va_list ap;

	va_start(ap, fmt);
	claim(ok, fmt, ap);
	va_end(ap);
	if (!ok) {
		dump("got ", got, got_n);
		dump("want", want, want_n);
	}
	return ok;
}

void tap_diag(const char *fmt, ...)
{
	char *text, *line;
	va_list ap;

	va_start(ap, fmt);
	text = text_of(fmt, ap);
	va_end(ap);
	if (asprintf(&line, "# %s\n", text) < 0)
		abort();
	print(line, line);
	free(line);
	free(text);
}

void tap_skip(unsigned n, const char *why)
{
	while (n--)
		printf("ok %u # SKIP %s\n", ++run, why);
}

const char *tap_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (!folder[0]) {
		snprintf(folder, sizeof folder, "%s/jm-t.XXXXXX",
		    tmp && strlen(tmp) < 100 ? tmp : "/tmp");
		if (!mkdtemp(folder)) {
			perror(folder);
			exit(255);
		}
	}
	return folder;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st, (void)type, (void)w;
	return remove(path);
}

int tap_done(void)
{
	if (folder[0])
		nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
	printf("1..%u\n", run);
	return failed ? 1 : 0;
}
