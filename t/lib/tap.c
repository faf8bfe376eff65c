/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/lib/tap.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned run, failed;
static char folder[128];

static bool claim(bool ok, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static bool claim(bool ok, const char *fmt, va_list ap)
{
	run++;
	failed += !ok;
	printf("%sok %u - ", ok ? "" : "not ", run);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
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
	size_t i;

	printf("# %s %zu bytes: ", what, n);
	for (i = 0; i < n && i < 300; i++)
		if (p[i] >= 32 && p[i] < 127 && p[i] != '\\')
			putchar(p[i]);
		else
			printf("\\x%02x", p[i]);
	putchar('\n');
}

bool tap_is_mem(const void *got, size_t got_n, const void *want, size_t want_n, const char *fmt, ...)
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
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
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
		snprintf(folder, sizeof folder, "%s/jm-t.XXXXXX", tmp && strlen(tmp) < 100 ? tmp : "/tmp");
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
