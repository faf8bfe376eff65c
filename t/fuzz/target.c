/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a fuzz target, and what all of them use. See fuzz.h. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "t/fuzz/fuzz.h"

/* One input of so many is stretched, too; the choice depends on its octets alone. */
#define STRETCH_ONE_IN 499
#define STRETCH_SHORT (32u * 1024)
#define STRETCH_TIMES 8
/* Linear work takes eight times as long; quadratic work, 64 times. */
#define STRETCH_COST_MAX 30
#define STRETCH_MIN_NS 4000000

static const struct fuzz_target *const tables[] = { fuzz_mail, fuzz_journal, fuzz_store, fuzz_peer,
	fuzz_files, fuzz_mbox, fuzz_shown };

const struct fuzz_target *fuzz_target(size_t k)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct fuzz_target *t = tables[i]; t->name; t++)
			if (k-- == 0)
				return t;
	return NULL;
}

void fuzz_claim(bool sound, const char *claim)
{
	if (sound)
		return;
	fprintf(stderr, "fault: not true: %s\n", claim);
	abort();
}

bool fuzz_is_inside(struct jm_span part, struct jm_span whole)
{
	return part.len == 0 ||
	    (part.p >= whole.p && part.len <= whole.len &&
		part.p - whole.p <= (ptrdiff_t)(whole.len - part.len));
}

struct jm_span fuzz_first_line(struct jm_span *rest)
{
	size_t n = jm_span_index(*rest, '\n');
	struct jm_span line = jm_span_sub(*rest, 0, n);

	*rest = jm_span_sub(*rest, n + 1, rest->len);
	return line;
}

unsigned fuzz_octet(struct jm_span *rest)
{
	unsigned c = rest->len > 0 ? rest->p[0] : 0;

	*rest = jm_span_sub(*rest, 1, rest->len);
	return c;
}

int fuzz_file(struct jm_span in)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 || (in.len > 0 && write(fd, in.p, in.len) != (ssize_t)in.len) ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		perror("memfd");
		exit(1);
	}
	return fd;
}

void fuzz_write_file(const char *path, struct jm_span s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || (s.len > 0 && write(fd, s.p, s.len) != (ssize_t)s.len)) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static char folder[128];

static int drop(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st, (void)type;
	return w->level > 0 ? remove(path) : 0;
}

void fuzz_empty_folder(const char *name)
{
	nftw(fuzz_folder(name), drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
	nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
	rmdir(folder);
}

const char *fuzz_folder(const char *name)
{
	static char path[sizeof folder + 32];
	const char *tmp = getenv("TMPDIR");

	if (!folder[0]) {
		snprintf(folder, sizeof folder, "%s/jm-fuzz.XXXXXX",
		    tmp && strlen(tmp) < 100 ? tmp : "/tmp");
		if (!mkdtemp(folder)) {
			perror(folder);
			exit(1);
		}
		atexit(remove_folder);
	}
	snprintf(path, sizeof path, "%s/%s", folder, name);
	(void)mkdir(path, 0700);
	return path;
}

static uint64_t hash(struct jm_span in)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t k = 0; k < in.len; k++)
		h = (h ^ in.p[k]) * UINT64_C(1099511628211);
	return h ^ h >> 29;
}

/* Run in with its octets from..to repeated until it has n; *ns_r: the processor time. */
static void stretch(
    const struct fuzz_target *t, struct jm_span in, size_t from, size_t to, size_t n, int64_t *ns_r)
{
	struct jm_span part = jm_span_sub(in, from, to - from);
	struct timespec begun, ended;
	struct jm_buf long_in;
	int rc;

	jm_buf_init(&long_in, n + in.len + part.len);
	rc = jm_buf_add_span(&long_in, jm_span_sub(in, 0, from), NULL);
	do
		rc |= jm_buf_add_span(&long_in, part, NULL);
	while (rc == 0 && long_in.len < n);
	rc |= jm_buf_add_span(&long_in, jm_span_sub(in, to, in.len), NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
	if (rc == 0)
		t->run(jm_buf_span(&long_in));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	*ns_r = (ended.tv_sec - begun.tv_sec) * INT64_C(1000000000) + ended.tv_nsec - begun.tv_nsec;
	jm_buf_release(&long_in);
}

/* An input eight times as long may take eight times as long. Measured again before it counts: other
 * programs disturb. */
static void check_cost(const struct fuzz_target *t, struct jm_span in, uint64_t h)
{
	size_t from = (h >> 8) % in.len, to = from + 1 + (h >> 32) % (in.len - from);
	int64_t one, many, least = INT64_MAX;

	for (int again = 0; again < 10; again++) {
		stretch(t, in, from, to, STRETCH_SHORT, &one);
		stretch(t, in, from, to, STRETCH_TIMES * STRETCH_SHORT, &many);
		one = one < STRETCH_MIN_NS ? STRETCH_MIN_NS : one;
		if (many / one < least)
			least = many / one;
		if (least <= STRETCH_COST_MAX)
			return;
	}
	fprintf(stderr, "%s: octets %zu to %zu repeated: %lld ms, eight times as many: %lld ms\n",
	    t->name, from, to, (long long)one / 1000000, (long long)many / 1000000);
	fuzz_claim(false, "the time is linear");
}

void fuzz_run(const struct fuzz_target *t, struct jm_span in)
{
	uint64_t h = hash(in);

	t->run(in);
	if (in.len > 0 && h % STRETCH_ONE_IN == 0)
		check_cost(t, in, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_target *chosen;
	const struct fuzz_target *t;
	const char *name = getenv("JM_FUZZ");

	for (size_t k = 0; !chosen && (t = fuzz_target(k)); k++)
		if (name && strcmp(t->name, name) == 0)
			chosen = t;
		else if (!name || strcmp(name, "list") == 0)
			printf("%s%s\n", t->name, t->mail ? " mail" : "");
	if (!chosen) {
		fflush(stdout);
		_exit(1); /* exit() would be a fault for libFuzzer */
	}
	fuzz_run(chosen, jm_span_of(data, size));
	return 0;
}
