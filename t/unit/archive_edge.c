/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edges: a clock that is set back and far forward, a volume that is full to the byte, no descriptor
 * left, equal reports from many threads at the same moment, no bytes at all, bodies that decode to
 * another length than their record declares, a disk that fills between two readings of its free
 * space. clock_gettime and statvfs of this program go through here.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/archive/change.h"
#include "common/archive/commit.h"
#include "common/archive/compress.h"
#include "common/archive/content.h"
#include "common/archive/deposit.h"
#include "common/archive/disk.h"
#include "common/archive/reader.h"
#include "common/archive/ticket.h"
#include "common/base/clock.h"
#include "common/catalog/apply_change.h"
#include "common/query/archive_status.h"
#include "common/query/event_list.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"
#include "common/volume/record.h"
#include "common/volume/volume.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (16u << 20)
#define SERVICE "archive@journal.example.com"
#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)

static atomic_long offset_s, ahead_ms; /* of the time of day, of the time since the start */
static atomic_ulong free_bytes;        /* of each disk; 0: as it is */
static atomic_uint looks;
static struct jm_buf b, inner, out;

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, t);

	if (clock == CLOCK_REALTIME)
		t->tv_sec += atomic_load(&offset_s);
	if (clock == CLOCK_MONOTONIC)
		t->tv_sec += atomic_load(&ahead_ms) / 1000;
	return rc;
}

int statvfs(const char *path, struct statvfs *st)
{
	int fd = open(path, O_PATH | O_CLOEXEC), rc = fd < 0 ? -1 : fstatvfs(fd, st);

	if (fd >= 0)
		close(fd);
	atomic_fetch_add(&looks, 1);
	if (rc == 0 && atomic_load(&free_bytes) > 0) {
		st->f_frsize = 1;
		st->f_bavail = atomic_load(&free_bytes);
	}
	return rc;
}

static void make(unsigned i, size_t n)
{
	char id[40];

	snprintf(id, sizeof id, "edge%u@x", i);
	t_message(&b, id, "edge", i, n);
}

static bool deposit(struct jm_archive *a, unsigned i, size_t n, const char *set_aside,
    struct jm_receipt *r, struct jm_err *err)
{
	make(i, n);
	return t_deposit(a, jm_buf_span(&b), SERVICE, set_aside, r, err) == 0;
}

static bool exact(struct jm_archive *a, uint64_t id, unsigned which, struct jm_span want)
{
	struct jm_err err;

	return t_export(a, id, JM_EXPORT_REPORT, which, &out, &err) == 0 &&
	    jm_span_eq(jm_buf_span(&out), want);
}

static struct jm_archive *rebuilt(const char *dir, uint64_t volume_size_bytes)
{
	struct jm_archive *a = NULL;
	struct jm_err err;

	if (jm_archive_open(
		&(struct jm_archive_options){
		    .dir = dir, .volume_size_bytes = volume_size_bytes, .rebuild = true },
		&a, &err) < 0)
		tap_diag("%s", err.text);
	return a;
}

/* ---- the clock ---- */

struct seen {
	uint64_t id[40];
	char time[40][40];
	size_t n;
};

static int see(void *ctx, const json_t *row, struct jm_err *err)
{
	struct seen *s = ctx;

	(void)err;
	if (s->n < 40) {
		s->id[s->n] = (uint64_t)json_integer_value(json_object_get(row, "id"));
		snprintf(s->time[s->n], sizeof s->time[0], "%s",
		    json_string_value(json_object_get(row, "time")));
		s->n++;
	}
	return 0;
}

/* How many, and whether in the order of the ids or else of the times. */
static size_t list(struct jm_archive *a, int64_t since_ms, int64_t until_ms, bool reverse,
    bool *by_id_r, bool *by_time_r)
{
	const struct jm_archive_filter f = {
		.since_ms = since_ms, .until_ms = until_ms, .reverse = reverse
	};
	struct seen s = { .n = 0 };
	struct jm_err err;

	*by_id_r = *by_time_r = true;
	if (jm_archive_list(a, &f, see, &s, &err) < 0)
		return 999;
	for (size_t i = 1; i < s.n; i++) {
		int times = strcmp(s.time[i - 1], s.time[i]);

		*by_id_r &= reverse ? s.id[i - 1] > s.id[i] : s.id[i - 1] < s.id[i];
		*by_time_r &= reverse ? times >= 0 : times <= 0;
	}
	return s.n;
}

static void check_clock(struct jm_archive *a, int64_t now_ms, const uint64_t seq[10])
{
	bool by_id, by_time, holds = false;
	char problem[200];
	json_t *status = NULL;
	struct jm_err err;
	uint64_t first = 0;

	tap_is_int((long long)list(a, 0, 0, false, &by_id, &by_time), 9, "all are listed");
	tap_ok(by_id && !by_time, "in the order of arrival");
	for (int reverse = 0; reverse < 2; reverse++) {
		tap_is_int((long long)list(a, 1, 0, reverse, &by_id, &by_time), 9,
		    "all since 1970%s", reverse ? ", the newest first" : "");
		tap_ok(by_time && !by_id, "in the order of the clock");
		tap_is_int((long long)list(a, now_ms - HOUR_S * 1000, now_ms + HOUR_S * 1000,
			       reverse, &by_id, &by_time),
		    3, "of the first hour");
		tap_is_int((long long)list(a, now_ms + HOUR_S * 1000, 0, reverse, &by_id, &by_time),
		    2, "of the future");
		tap_is_int((long long)list(a, 0, now_ms - HOUR_S * 1000, reverse, &by_id, &by_time),
		    4, "from before");
	}
	/* The records written at or after that time, whatever the clock said in between. */
	tap_ok(jm_archive_since(a, now_ms - HOUR_S * 1000, &first, &err) == 0, "since");
	tap_ok(first <= seq[0],
	    "a verification since an hour before begins with the first (%" PRIu64 ")", first);
	tap_ok(
	    jm_archive_since(a, now_ms - 6 * HOUR_S * 1000, &first, &err) == 0 && first <= seq[0],
	    "so does one since six hours before (%" PRIu64 ")", first);
	tap_ok(jm_archive_since(a, now_ms + HOUR_S * 1000, &first, &err) == 0, "since");
	tap_ok(first > seq[5] && first <= seq[6],
	    "one of the future with the first of the future (%" PRIu64 ")", first);
	tap_ok(jm_archive_since(a, now_ms + 1000ll * DAY_S * 1000, &first, &err) == 0, "since");
	tap_ok(first > seq[8], "one behind all with nothing (%" PRIu64 ")", first);
	tap_is_int(t_verify(a, problem), 0, "nothing is wrong (%s)", problem);
	tap_ok(jm_archive_status(a, &status, &err) == 0, "status");
	holds = json_is_true(json_object_get(json_object_get(status, "balance"), "holds"));
	tap_ok(holds && json_integer_value(json_object_get(status, "items")) == 9 &&
		json_integer_value(json_object_get(status, "merged")) == 1 &&
		json_integer_value(json_object_get(status, "set_aside")) == 0,
	    "all are counted, and the sums balance");
	json_decref(status);
}

/* Three now, one of them twice; three five hours back; two in 400 days; one ten days back, set
 * aside and then released by today's clock. */
static void clocks(void)
{
	static const long at[10] = { 0, 0, 0, -5 * HOUR_S, -5 * HOUR_S, -5 * HOUR_S, 400 * DAY_S,
		400 * DAY_S, -10 * DAY_S, 0 };
	char dir[500];
	struct jm_archive *a = NULL;
	struct jm_receipt r;
	struct jm_err err;
	uint64_t seq[10];
	int64_t now_ms = jm_clock_now_ms();

	snprintf(dir, sizeof dir, "%s/clock", tap_folder());
	for (unsigned i = 0; i < 10; i++) {
		atomic_store(&offset_s, at[i]);
		/* between deposits, and between starts */
		if (i == 0 || i == 4 || i == 6 || i == 8) {
			jm_archive_close(&a);
			if (!(a = t_open(dir, 5000)))
				exit(1);
		}
		tap_ok(deposit(a, i == 9 ? 1 : i, 1000, i == 8 ? "too old" : NULL, &r, &err),
		    "message %u", i);
		seq[i] = r.seq;
	}
	tap_ok(jm_archive_change(a, "test",
		   &(struct jm_change){ .seq = seq[8], .to = JM_CHANGE_RELEASE }, 1, &err) == 0,
	    "one is released");
	check_clock(a, now_ms, seq);
	jm_archive_close(&a);
	atomic_store(&offset_s, -30 * DAY_S);
	if ((a = t_open(dir, 5000)) != NULL)
		check_clock(a, now_ms, seq);
	jm_archive_close(&a);
	if ((a = rebuilt(dir, 5000)) != NULL)
		check_clock(a, now_ms, seq);
	for (unsigned i = 0; i < 9; i++) {
		make(i, 1000);
		tap_ok(exact(a, seq[i], 0, jm_buf_span(&b)), "message %u is exact", i);
	}
	jm_archive_close(&a);
	atomic_store(&offset_s, 0);
}

/* ---- a volume that is full ---- */

#define SMALL 5

static uint64_t size_of(const char *dir, uint64_t volume)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct stat st;

	return stat(jm_volume_path(dir, volume, path), &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Deposit SMALL messages into a new archive, with a start before the last; how long its first
 * volume is then. ends[i]: what it was after each. */
static uint64_t fill(const char *name, uint64_t limit, uint64_t ends[SMALL], unsigned *bad)
{
	char dir[500], problem[200];
	uint64_t seq[SMALL], before;
	struct jm_archive *a;
	struct jm_receipt r;
	struct jm_err err;
	struct jm_buf was;

	snprintf(dir, sizeof dir, "%s/%s-%" PRIu64, tap_folder(), name, limit);
	jm_buf_init(&was, CAP);
	a = t_open(dir, limit);
	for (unsigned i = 0; i < SMALL; i++) {
		if (i == SMALL - 1) {
			jm_archive_close(&a);
			a = t_open(dir, limit);
		}
		if (!a || !deposit(a, i, 600, NULL, &r, &err))
			exit(1);
		seq[i] = r.seq;
		ends[i] = size_of(dir, 1);
	}
	*bad += t_verify(a, problem) != 0 || !t_list(a, NULL, &was);
	jm_archive_close(&a);
	before = size_of(dir, 1);
	if (!(a = rebuilt(dir, limit)))
		exit(1);
	*bad += t_verify(a, problem) != 0 || !t_list(a, NULL, &out) ||
	    !jm_span_eq(jm_buf_span(&was), jm_buf_span(&out));
	for (unsigned i = 0; i < SMALL; i++) {
		make(i, 600);
		*bad += !exact(a, seq[i], 0, jm_buf_span(&b));
	}
	jm_archive_close(&a);
	jm_buf_release(&was);
	return before;
}

static void volumes(void)
{
	uint64_t ends[SMALL], at[SMALL], second, seal;
	unsigned bad = 0;

	(void)fill("learn", 1u << 30, ends, &bad);
	second = ends[1];
	seal = fill("volume", second, at, &bad) - second;
	tap_ok(at[1] == second + seal && at[2] == at[1] &&
		seal > JM_RECORD_HEAD_BYTES + JM_RECORD_TRAILER_BYTES,
	    "a record that ends at the limit is followed by the seal (%" PRIu64 " bytes)", seal);
	tap_is_int((long long)fill("volume", second - 1, at, &bad), (long long)(second + seal),
	    "one that ends a byte behind it, too");
	(void)fill("volume", second + 1, at, &bad);
	tap_ok(at[1] == second && at[2] == ends[2] + seal,
	    "one that ends a byte before it is followed by another");
	tap_ok(fill("volume", second + seal, at, &bad) == ends[2] + seal && at[1] == second,
	    "the seal does not count against the limit");
	tap_ok(fill("volume", second + seal - 1, at, &bad) == ends[2] + seal &&
		fill("volume", second + seal + 1, at, &bad) == ends[2] + seal,
	    "to the byte");
	tap_is_int(bad, 0, "and each time all is there, also from a catalog made anew");
	bad = 0;
	for (uint64_t limit = 1; limit < ends[0] + 200; limit = limit * 2 + 1)
		(void)fill("tiny", limit, at, &bad);
	tap_is_int(bad, 0, "nor does a limit below one record lose anything");
}

/* ---- no descriptor ---- */

#define DESCRIPTORS 64

/* Takes all descriptors but spare. Returns the number taken. */
static unsigned take_all(int fd[DESCRIPTORS], unsigned spare)
{
	unsigned n = 0;

	while (n < DESCRIPTORS && (fd[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	for (; n > 0 && spare > 0; spare--)
		close(fd[--n]);
	return n;
}

static void descriptors(void)
{
	struct rlimit old, few;
	char dir[500], problem[200];
	unsigned stored = 0, refused = 0, others = 0, bad = 0;
	uint64_t seq[200];
	struct jm_archive *a;
	struct jm_receipt r;
	struct jm_err err;
	int fd[DESCRIPTORS];

	snprintf(dir, sizeof dir, "%s/descriptors", tap_folder());
	if (!(a = t_open(dir, 5000)) || getrlimit(RLIMIT_NOFILE, &old) != 0 ||
	    !deposit(a, 0, 1000, NULL, &r, &err))
		exit(1);
	seq[stored++] = r.seq;
	few = old;
	few.rlim_cur = DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &few);
	for (unsigned spare = 0; spare < 4; spare++) {
		unsigned n = take_all(fd, spare);

		for (unsigned i = 0; i < 10; i++) {
			if (deposit(a, stored, i == 3 ? 20000 : 1000, NULL, &r, &err)) {
				seq[stored++] = r.seq;
			} else {
				refused++;
				others += err.kind != JM_E_TEMP;
			}
			make(0, 1000);
			if (t_export(a, seq[0], JM_EXPORT_REPORT, 0, &out, &err) < 0)
				others += err.kind != JM_E_TEMP;
			else
				bad += !jm_span_eq(jm_buf_span(&out), jm_buf_span(&b));
			if (i == 5 && t_verify(a, problem) > 0)
				others++;
		}
		while (n > 0)
			close(fd[--n]);
	}
	(void)setrlimit(RLIMIT_NOFILE, &old);
	tap_ok(refused > 10 && stored > 10, "with hardly a descriptor left: %u stored, %u refused",
	    stored, refused);
	tap_is_int(others, 0, "each as temporary, and no damage is told");
	tap_ok(deposit(a, stored, 1000, NULL, &r, &err),
	    "with descriptors again the next goes through");
	seq[stored++] = r.seq;
	tap_is_int(t_verify(a, problem), 0, "nothing is wrong (%s)", problem);
	jm_archive_close(&a);
	a = t_open(dir, 5000);
	for (unsigned i = 0; i < stored; i++) {
		make(i, 1000); /* either size was stored under this number */
		if (!exact(a, seq[i], 0, jm_buf_span(&b))) {
			make(i, 20000);
			bad += !exact(a, seq[i], 0, jm_buf_span(&b));
		}
	}
	tap_is_int(bad, 0, "and all that was stored is exact after a start");
	jm_archive_close(&a);
}

/* ---- equal at the same moment ---- */

#define THREADS 16

static struct {
	struct jm_archive *a;
	struct jm_span bytes;
	pthread_barrier_t begin;
	struct jm_receipt receipt[THREADS];
	atomic_int failed;
} same;

static void *same_thread(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;
	struct jm_err err;

	pthread_barrier_wait(&same.begin);
	if (t_deposit(same.a, same.bytes, SERVICE, NULL, &same.receipt[i], &err) < 0)
		atomic_fetch_add(&same.failed, 1);
	return NULL;
}

/* Equal bytes from all threads: the item has the lowest number, all are reports of it, the bytes
 * are stored once. */
static void equal_at_once(const char *what, struct jm_span bytes)
{
	pthread_t thread[THREADS];
	uint64_t id = UINT64_MAX, least = UINT64_MAX;
	unsigned whole = 0, wrong = 0;
	json_t *item = NULL;
	struct jm_err err;

	same.bytes = bytes;
	atomic_store(&same.failed, 0);
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, same_thread, (void *)(uintptr_t)i) != 0)
			exit(1);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		id = same.receipt[i].seq < id ? same.receipt[i].seq : id;
		least = same.receipt[i].stored_bytes < least ? same.receipt[i].stored_bytes : least;
	}
	/* A spliced report has one more line of metadata, and no body. */
	for (unsigned i = 0; i < THREADS; i++)
		whole += bytes.len > 1000 && same.receipt[i].stored_bytes > least + 200;
	tap_is_int(
	    atomic_load(&same.failed), 0, "%s from %d threads: all are taken", what, THREADS);
	tap_ok(t_show(same.a, id, true, &item, &err) == 0 &&
		json_array_size(json_object_get(item, "reports")) == THREADS,
	    "one item with a report of each");
	tap_is_int(
	    (long long)json_array_size(json_object_get(item, "contents")), 1, "and one content");
	json_decref(item);
	for (unsigned i = 0; i < THREADS; i++)
		wrong += !exact(same.a, id, i, bytes);
	tap_is_int(wrong, 0, "each report is exact");
	if (bytes.len > 1000)
		tap_is_int(whole, 1, "and its bytes are stored once");
}

static void equal(void)
{
	char dir[500], problem[200];
	bool by_id, by_time;

	snprintf(dir, sizeof dir, "%s/equal", tap_folder());
	if (!(same.a = t_open(dir, 100000)) ||
	    pthread_barrier_init(&same.begin, NULL, THREADS) != 0)
		exit(1);
	equal_at_once("nothing at all", jm_span_of((const unsigned char *)"", 0));
	equal_at_once("a single byte", jm_span_str("x"));
	make(0, 3000);
	equal_at_once("an equal message", jm_buf_span(&b));
	make(1, 3000);
	t_report(&inner, "r1", "anna@example.com", "To: bert@example.org", jm_buf_span(&b), false);
	equal_at_once("an equal report", jm_buf_span(&inner));
	t_message(&b, "empty@x", "", 1, 0);
	t_report(&inner, "r2", "anna@example.com", "To: bert@example.org",
	    jm_span_of((const unsigned char *)"", 0), false);
	equal_at_once("an equal report of nothing", jm_buf_span(&inner));
	make(2, 3000000);
	equal_at_once("an equal large message", jm_buf_span(&b));
	tap_is_int((long long)list(same.a, 0, 0, false, &by_id, &by_time), 6, "six items");
	tap_is_int(t_verify(same.a, problem), 0, "nothing is wrong (%s)", problem);
	jm_archive_close(&same.a);
	if ((same.a = rebuilt(dir, 100000)) != NULL) {
		tap_is_int((long long)list(same.a, 0, 0, false, &by_id, &by_time), 6,
		    "six items, too, from a catalog made anew");
		tap_is_int(t_verify(same.a, problem), 0, "nothing is wrong (%s)", problem);
	}
	jm_archive_close(&same.a);
	pthread_barrier_destroy(&same.begin);
}

static void await_applier(struct jm_archive *a)
{
	while (jm_reader_applied_seq(a) < jm_reader_durable_seq(a))
		jm_clock_sleep_ms(1);
}

/* Store a report with the metadata of report seq, and with a body and a declared length of its
 * own. Returns its number. */
static uint64_t forge(struct jm_archive *a, uint64_t seq, struct jm_span body,
    enum jm_coding coding, uint64_t declared)
{
	struct jm_err err;
	struct jm_loaded l;
	struct jm_ticket *t;
	uint64_t got;
	json_t *meta;

	if (jm_content_load(a, seq, &l, &err) != 0 || !(meta = json_deep_copy(l.report.meta)))
		exit(1);
	jm_loaded_release(&l);
	json_object_set_new(
	    json_object_get(meta, "report"), "size", json_integer((json_int_t)declared));
	t = jm_ticket_new(JM_RECORD_REPORT, meta, &err);
	if (!t)
		exit(1);
	t->body = body;
	t->head.coding = (unsigned char)coding;
	t->head.body_bytes = body.len;
	t->head.plain_bytes = declared;
	t->body_crc = jm_crc32c(0, body.p, body.len);
	jm_commit_submit(a, t);
	if (jm_ticket_await(t, &err) != 0)
		exit(1);
	got = t->head.seq;
	jm_ticket_drop(t);
	return got;
}

/* Decoding ends at the length that the record declares: nothing more is written. */
static void declared(void)
{
	static const struct {
		const char *what;
		size_t plain;
		uint64_t declared;
		bool stored_plain;
	} cases[] = {
		{ "a body of 64 MiB that declares 66 bytes", (size_t)64 << 20, 66, false },
		{ "a body of 64 MiB that declares 3 MiB", (size_t)64 << 20, 3u << 20, false },
		{ "a body that declares a byte too few", 1000, 999, false },
		{ "a body that declares a byte too many", 1000, 1001, false },
		{ "a plain body that declares nothing", 1000, 0, true },
		{ "a plain body that declares a byte too many", 1000, 1001, true },
		{ "a body that declares more than a message may have", 1000, (4ull << 30) + 1,
		    false },
	};
	const struct rlimit small = { 8u << 20, 8u << 20 };
	unsigned char *zeros = calloc(1, (size_t)64 << 20);
	uint64_t seq[sizeof cases / sizeof *cases];
	struct jm_receipt r;
	struct jm_loaded l;
	struct jm_err err;
	struct jm_archive *a;
	char dir[500];

	snprintf(dir, sizeof dir, "%s/declared", tap_folder());
	if (!zeros || !(a = t_open(dir, 0)) || !deposit(a, 0, 1000, NULL, &r, &err))
		exit(1);
	await_applier(a);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct jm_span plain = jm_span_of(zeros, cases[i].plain);
		struct jm_body body = { .coding = JM_CODING_PLAIN };

		if (!cases[i].stored_plain &&
		    jm_compress(a, plain, jm_span_of(NULL, 0), &body, &err) != 0)
			exit(1);
		seq[i] = forge(a, r.seq, cases[i].stored_plain ? plain : body.bytes, body.coding,
		    cases[i].declared);
		jm_body_release(&body);
	}
	await_applier(a);
	/* The spool's file cannot grow beyond this: a longer one would be another error. */
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &small) != 0)
		exit(1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int rc = jm_content_load(a, seq[i], &l, &err);

		tap_ok(rc != 0 && err.kind == JM_E_CORRUPT &&
			(strstr(err.text, "declares") || strstr(err.text, "differ about")),
		    "%s: %s", cases[i].what, rc != 0 ? err.text : "is read");
	}
	tap_ok(jm_content_load(a, r.seq, &l, &err) == 0, "the report beside them is read");
	jm_loaded_release(&l);
	free(zeros);
	jm_archive_close(&a);
}

/* How often the free space is read for a deposit of n bytes, which is let in or not. */
static unsigned looks_for(struct jm_archive *a, uint64_t n, bool let_in)
{
	unsigned before = atomic_load(&looks);
	struct jm_err err;

	if ((jm_disk_check(a, n, &err) == 0) != let_in)
		return 99;
	return atomic_load(&looks) - before;
}

/* The free space is not read for each message, but between two readings no more is let in than the
 * first one had room for. */
static void disk(void)
{
	struct jm_archive_options o = { .disk_reserve_bytes = 1000 };
	struct jm_archive *a;
	struct jm_err err;
	char dir[200];

	snprintf(dir, sizeof dir, "%s/disk", tap_folder());
	o.dir = dir;
	atomic_store(&free_bytes, 10000);
	if (jm_archive_open(&o, &a, &err) != 0)
		exit(1);
	tap_is_int(looks_for(a, 3000, true), 1, "the disk is looked at for the first deposit");
	atomic_fetch_sub(&ahead_ms, 2000); /* as if no time passed from here on */
	tap_ok(looks_for(a, 3000, true) + looks_for(a, 3000, true) == 0,
	    "and not for the next ones, to the last byte above the reserve");
	tap_is_int(looks_for(a, 1, true), 1, "but for the byte after it");
	atomic_store(&free_bytes, 500);
	tap_is_int(looks_for(a, 1, true), 0, "what others write is not seen before the next look");
	atomic_fetch_add(&ahead_ms, 3000);
	tap_is_int(looks_for(a, 1, false), 1, "which is a moment later");
	tap_is_int(looks_for(a, 1, false), 1, "a low disk is looked at each time");
	atomic_store(&free_bytes, 10000);
	tap_is_int(looks_for(a, 1, true), 1, "and with room again it lets in at once");
	atomic_store(&free_bytes, 0);
	atomic_store(&ahead_ms, 0);
	jm_archive_close(&a);
}

int main(void)
{
	jm_buf_init(&b, CAP);
	jm_buf_init(&inner, CAP);
	jm_buf_init(&out, CAP);
	clocks();
	volumes();
	descriptors();
	equal();
	disk();
	declared();
	jm_buf_release(&b);
	jm_buf_release(&inner);
	jm_buf_release(&out);
	return tap_done();
}
