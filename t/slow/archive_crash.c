/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call of a small archive's life fails once, is the last before kill -9, or before a power
 * cut. Afterwards it opens without help. Acknowledged mail is there, exact, once; other mail is
 * absent or whole.
 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/base/log.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"
#include "t/lib/crashdisk.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define MESSAGES 10
#define VOLUME_BYTES 12000
#define LOG_BYTES (96u << 20)
#define CHILD_S 60
#define LARGE 5 /* this one is written before the others, into a file of its own */
#define LARGE_BYTES 60000
#define PIECES_BYTES \
	(14u << 20) /* compressed still three pieces that are written and synced one by one */

static struct jm_buf message[MESSAGES];
static unsigned char digest[MESSAGES][JM_SHA256_BYTES];
static char base[200], dir[256], image[256];

struct shared {
	bool tried[MESSAGES], acked[MESSAGES];
	size_t acked_at[MESSAGES]; /* calls recorded by then */
	char why[300];
};
static struct shared *shared;
static int first, last = MESSAGES - 1; /* what is deposited */
static struct crash_log *crash;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static void wipe(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_message(unsigned i, size_t n)
{
	unsigned k = i == 7 ? 3 : i; /* 7 has the bytes of 3 */
	char id[40], subject[40];
	struct jm_err err;

	snprintf(id, sizeof id, "<crash-%u@example.com>", k);
	snprintf(subject, sizeof subject, "crash %u", k);
	jm_buf_release(&message[i]);
	jm_buf_init(&message[i], 32u << 20);
	t_message(&message[i], id, subject, k, n);
	if (jm_sha256_of(jm_buf_span(&message[i]), digest[i], &err) < 0)
		exit(1);
}

static void make_messages(void)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		jm_buf_init(&message[i], 0);
		make_message(i, i == LARGE ? LARGE_BYTES : 700 + 300 * (i == 7 ? 3 : i));
	}
}

static struct jm_archive *open_small(const char *path, struct jm_err *err)
{
	struct jm_archive *a = NULL;

	return jm_archive_open(
		   &(struct jm_archive_options){
		       .dir = path, .volume_size_bytes = VOLUME_BYTES, .cache_bytes = 1u << 20 },
		   &a, err) == 0
	    ? a
	    : NULL;
}

/* In a child: the life of an archive. A step that fails is tried at most once. */
static void live(const struct crash_plan *plan)
{
	struct jm_receipt r;
	struct jm_archive *a;
	struct jm_err err;

	(void)alarm(CHILD_S);
	crash_arm(dir, plan, crash, LOG_BYTES);
	a = open_small(dir, &err);
	for (int i = first; a && i <= last; i++) {
		shared->tried[i] = true;
		if (t_deposit(a, jm_buf_span(&message[i]), "j@journal.example.com", NULL, &r,
			&err) == 0) {
			shared->acked_at[i] = __atomic_load_n(&crash->ops, __ATOMIC_ACQUIRE);
			shared->acked[i] = true;
		}
	}
	jm_archive_close(&a);
	_exit(0);
}

struct found {
	struct jm_archive *a;
	unsigned count[MESSAGES];
	const char *bad;
};

static int visit(void *ctx, const json_t *row, struct jm_err *err)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(row, "id"));
	long long reports = json_integer_value(json_object_get(row, "reports"));
	unsigned char got[JM_SHA256_BYTES];
	struct found *f = ctx;
	struct jm_buf b;

	jm_buf_init(&b, 32u << 20);
	for (unsigned k = 0; k < reports; k++) {
		int known = -1;

		if (t_export(f->a, id, JM_EXPORT_REPORT, k, &b, err) < 0 ||
		    jm_sha256_of(jm_buf_span(&b), got, err) < 0) {
			f->bad = "a report cannot be exported";
			break;
		}
		for (int i = 0; i < MESSAGES && known < 0; i++)
			if (memcmp(got, digest[i], sizeof got) == 0)
				known = i;
		if (known < 0)
			f->bad = "a report that nobody sent";
		else
			f->count[known]++;
	}
	jm_buf_release(&b);
	return 0;
}

static void complain(const char *what, const char *more)
{
	snprintf(shared->why, sizeof shared->why, "%s: %s", what, more);
	_exit(1);
}

/* In a child: acked_before: what was acknowledged with so many calls recorded (power cut);
 * SIZE_MAX: all. */
static void check(const char *path, size_t acked_before)
{
	const struct jm_archive_filter all = { .limit = 0 };
	struct found f = { .bad = NULL };
	char problem[200] = "", text[60];
	struct jm_receipt r;
	struct jm_err err;

	(void)alarm(CHILD_S);
	if (!(f.a = open_small(path, &err)))
		complain("it does not open", err.text);
	if (jm_archive_list(f.a, &all, visit, &f, &err) < 0)
		complain("list", err.text);
	if (f.bad)
		complain(f.bad, "");
	for (int i = 0; i < MESSAGES; i++) {
		unsigned least = shared->acked[i] && shared->acked_at[i] <= acked_before,
			 most = shared->tried[i];

		if (i == 7) /* counted as 3 */
			continue;
		if (i == 3) {
			least += shared->acked[7] && shared->acked_at[7] <= acked_before;
			most += shared->tried[7];
		}
		snprintf(text, sizeof text, "message %d: %u times, acknowledged %u", i, f.count[i],
		    least);
		if (f.count[i] < least)
			complain("LOST", text);
		if (f.count[i] > most)
			complain("twice", text);
	}
	if (t_verify(f.a, problem) != 0)
		complain("verify", problem);
	if (t_deposit(f.a, jm_buf_span(&message[0]), "again@journal.example.com", NULL, &r, &err) <
	    0)
		complain("no deposit afterwards", err.text);
	jm_archive_close(&f.a);
	_exit(0);
}

/* The status of the child, or -1 with a message when it ended in a wrong way. */
static int await(pid_t pid, bool may_be_killed)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && !(may_be_killed && WTERMSIG(status) == SIGKILL)) {
		snprintf(
		    shared->why, sizeof shared->why, "it ended by signal %d", WTERMSIG(status));
		return -1;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? -1 : 0;
}

static int run_life(const struct crash_plan *plan)
{
	pid_t pid;

	wipe(dir);
	memset(shared, 0, sizeof *shared);
	memset(crash, 0, sizeof *crash);
	if ((pid = fork()) == 0)
		live(plan);
	return await(pid, plan->kill);
}

static int run_check(const char *path, size_t acked_before)
{
	pid_t pid = fork();

	if (pid == 0)
		check(path, acked_before);
	return await(pid, false);
}

/* All points of one kind: at most points of them, evenly spread. */
static unsigned loop(
    const char *name, struct crash_plan plan, unsigned long calls, unsigned long points)
{
	unsigned long step = calls > points ? (calls + points - 1) / points : 1;
	unsigned done = 0, bad = 0;

	for (unsigned long n = 1; n <= calls; n += step, done++) {
		plan.nth = n;
		if (run_life(&plan) < 0 || run_check(dir, SIZE_MAX) < 0) {
			if (bad++ < 5)
				tap_diag("%s, call %lu: %s", name, n, shared->why);
		}
	}
	tap_ok(bad == 0, "%s: %u points of %lu calls, %u bad", name, done, calls, bad);
	return done;
}

/* The machine was switched on again: the mark in the catalog is of another run. */
static void other_boot(void)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/catalog/open", image);
	if (access(path, F_OK) == 0 && (f = fopen(path, "w")) != NULL) {
		fputs("another run", f);
		fclose(f);
	}
}

static unsigned power(
    const char *name, enum crash_cut cut, size_t sector, unsigned long points, bool must_lose)
{
	const struct crash_plan plan = { .record = true, .forget_volume_syncs = must_lose };
	unsigned done = 0, bad = 0, lost = 0;
	size_t ops, step;

	if (run_life(&plan) < 0 || crash->overflow || crash->ops >= 65536) {
		tap_ok(false, "%s: cannot record", name);
		return 0;
	}
	ops = crash->ops;
	for (unsigned seed = 1; done < points; seed++) {
		step = ops > points ? (ops + points - 1) / points : 1;
		for (size_t n = seed % step + 1; n <= ops && done < points; n += step, done++) {
			wipe(image);
			crash_replay(crash, n, dir, image, cut, sector, seed * 100003 + n);
			other_boot();
			if (run_check(image, n) == 0)
				continue;
			lost += strncmp(shared->why, "LOST", 4) == 0 ||
			    strncmp(shared->why, "it does not open", 16) == 0;
			if (bad++ < 5 && !must_lose)
				tap_diag("%s, cut after call %zu of %zu, seed %u: %s", name, n, ops,
				    seed, shared->why);
		}
	}
	if (must_lose)
		tap_ok(lost > 0, "%s: the test sees the loss (%u of %u)", name, lost, done);
	else
		tap_ok(bad == 0, "%s: %u cuts within %zu calls, %u bad", name, done, ops, bad);
	return done;
}

/* Every kind of fault at most of the calls it can hit. Returns the number of points. */
static unsigned faults_everywhere(const unsigned long counts[CRASH_OPS], unsigned long most)
{
	static const struct {
		const char *name;
		enum crash_op op;
		int sys;
		bool half, from_then_on;
	} faults[] = {
		{ "write ENOSPC", CRASH_WRITE, ENOSPC, false, false },
		{ "write short, then ENOSPC", CRASH_WRITE, ENOSPC, true, false },
		{ "write EDQUOT from then on", CRASH_WRITE, EDQUOT, false, true },
		{ "write EIO", CRASH_WRITE, EIO, false, false },
		{ "sync EIO", CRASH_SYNC, EIO, false, false },
		{ "sync EIO from then on", CRASH_SYNC, EIO, false, true },
		{ "open ENOSPC", CRASH_OPEN, ENOSPC, false, false },
		{ "open EIO from then on", CRASH_OPEN, EIO, false, true },
		{ "truncate EIO", CRASH_TRUNCATE, EIO, false, false },
		{ "rename EIO", CRASH_RENAME, EIO, false, false },
		{ "rename ENOSPC from then on", CRASH_RENAME, ENOSPC, false, true },
	};
	unsigned total = 0;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		total += loop(faults[i].name,
		    (struct crash_plan){ .op = faults[i].op,
			.sys = faults[i].sys,
			.half = faults[i].half,
			.from_then_on = faults[i].from_then_on },
		    counts[faults[i].op], most);
	return total;
}

/* A large message in pieces, between two small ones: cut at every call. */
static unsigned cut_pieces(unsigned long most)
{
	unsigned total = 0;

	make_message(LARGE, PIECES_BYTES);
	first = LARGE - 1;
	last = LARGE + 1;
	total += power("power cut of a message in pieces, only what was synced", CRASH_STRICT, 0,
	    most / 2, false);
	total += power("power cut of a message in pieces, torn at 4096 bytes, in any order",
	    CRASH_TORN, 4096, most / 2, false);
	(void)power("pieces without syncs, which must fail", CRASH_STRICT, 0, 40, true);
	return total;
}

/* The folders, the messages and the memory that the processes share. 0, or -1. */
static int prepare(void)
{
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(base, sizeof base, "%s/jm-crash-XXXXXX", tmp);
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof dir, "%s/archive", base);
	snprintf(image, sizeof image, "%s/image", base);
	jm_log_open("archive_crash", true);
	jm_log_set_level((enum jm_log_level)0);
	make_messages();
	shared = mmap(
	    NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	crash = crash_log_new(LOG_BYTES);
	if (shared == MAP_FAILED || !crash)
		return -1;
	return 0;
}

int main(void)
{
	const char *scale = getenv("JM_CRASH_POINTS");
	unsigned long most = scale ? strtoul(scale, NULL, 10) : 100, counts[CRASH_OPS];
	unsigned total;

	if (prepare() != 0)
		return 1;
	tap_ok(run_life(&(struct crash_plan){ .nth = 0 }) == 0 && run_check(dir, SIZE_MAX) == 0,
	    "without faults all is well");
	tap_diag("%s", shared->why);
	memset(counts, 0, sizeof counts);
	(void)run_life(&(struct crash_plan){ .nth = 0 });
	memcpy(counts, crash->counts, sizeof counts);
	tap_diag("calls: open %lu write %lu sync %lu truncate %lu rename %lu alloc %lu",
	    counts[CRASH_OPEN], counts[CRASH_WRITE], counts[CRASH_SYNC], counts[CRASH_TRUNCATE],
	    counts[CRASH_RENAME], counts[CRASH_ALLOC]);
	total = faults_everywhere(counts, most);
	total += loop("kill -9", (struct crash_plan){ .op = CRASH_ANY, .kill = true },
	    counts[CRASH_ANY], 2 * most);
	total += loop("no memory", (struct crash_plan){ .op = CRASH_ALLOC, .sys = ENOMEM },
	    counts[CRASH_ALLOC], 2 * most);
	total += power("power cut, only what was synced", CRASH_STRICT, 0, 2 * most, false);
	total += power(
	    "power cut, torn at 512 bytes, in any order", CRASH_TORN, 512, 2 * most, false);
	total += power(
	    "power cut, torn at 4096 bytes, in any order", CRASH_TORN, 4096, 2 * most, false);
	(void)power("without the volumes' syncs, which must fail", CRASH_STRICT, 0, 40, true);
	total += cut_pieces(most);
	tap_ok(total >= 10 * most, "%u crash points", total);
	wipe(base);
	return tap_done();
}
