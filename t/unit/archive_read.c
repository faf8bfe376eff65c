/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that cannot be read: EIO, a file that gives less than it says, a changed byte, at every
 * read and at chosen places. A clear error names what cannot be read, the rest stays readable,
 * nothing is cut off or dropped because a read failed, and all works again when the disk does.
 * Failing writes: archive_fault.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/archive/change.h"
#include "common/archive/deposit.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/catalog/apply_change.h"
#include "common/catalog/catalog.h"
#include "common/query/archive_status.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/volume/file.h"
#include "common/volume/record.h"
#include "common/volume/volume.h"
#include "common/volume/volumes.h"
#include "t/lib/baddisk.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (4u << 20)
#define SERVICE "archive@journal.example.com"
#define MESSAGES 12
#define VOLUME_BYTES 9000

static const char *const words[] = { "", "EIO", "the file's end", "a changed byte", "EMFILE" };

/* ---- the archive ---- */

static struct jm_buf b, out, text;
static char dir[500], base[500];

/* 0 to 11; 4 is of the same bytes as 1, and 6 is large. */
static void make(unsigned i)
{
	unsigned k = i == 4 ? 1 : i;
	char id[40];

	snprintf(id, sizeof id, "read%u@x", k);
	t_message(&b, id, "read", k, i == 6 ? 30000 : 1000 + 100 * k);
}

static int run(const char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

/* A folder as it was. */
static void again(void)
{
	if (run((const char *const[]){ "rm", "-rf", dir, NULL }) != 0 ||
	    run((const char *const[]){ "cp", "-a", base, dir, NULL }) != 0)
		exit(1);
}

static uint64_t volume_bytes(unsigned *volumes_r)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct stat st;
	uint64_t sum = 0;

	for (*volumes_r = 0; stat(jm_volume_path(dir, *volumes_r + 1, path), &st) == 0;
	     ++*volumes_r)
		sum += (uint64_t)st.st_size;
	return sum;
}

struct place {
	uint64_t volume, offset, end, seq;
};

/* The places of the reports, found by a walk through the volumes. */
static size_t places(struct place *p, size_t max)
{
	struct jm_volumes volumes;
	struct jm_volume_file f;
	struct jm_volume_head h;
	struct jm_record r;
	struct jm_err err;
	size_t n = 0;

	if (jm_volumes_init(&volumes, dir, &err) != 0)
		exit(1);
	for (uint64_t v = 1; jm_volume_open(&volumes, v, &f, &err) == 0; v++) {
		uint64_t at = JM_VOLUME_HEAD_BYTES, size;

		if (jm_volume_size(&f, &size, &err) != 0 || jm_volume_read_head(&f, &h, &err) != 0)
			exit(1);
		memcpy(volumes.uuid, h.uuid, sizeof h.uuid);
		while (jm_volume_read(&f, at, size, &r, &err) == 0) {
			uint64_t end = at + jm_record_bytes(&r.head);

			if (r.head.type == JM_RECORD_REPORT && n < max)
				p[n++] = (struct place){ v, at, end, r.head.seq };
			at = end;
			jm_record_release(&r);
		}
		jm_volume_close(&f);
	}
	jm_volumes_release(&volumes);
	return n;
}

static size_t rows(struct jm_archive *a)
{
	return t_rows(a, NULL, &text);
}

/* The archive that all begins with: its owner was killed, so that the catalog is incomplete. */
static uint64_t *seq;

static void build(void)
{
	pid_t pid;

	seq = mmap(NULL, sizeof *seq * MESSAGES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	if (seq == MAP_FAILED || (pid = fork()) < 0)
		exit(1);
	if (pid == 0) {
		struct jm_archive *a = t_open(base, VOLUME_BYTES);
		struct jm_receipt r;
		struct jm_err err;

		for (unsigned i = 0; a && i < MESSAGES; i++) {
			make(i);
			if (t_deposit(a, jm_buf_span(&b), SERVICE, i == 3 ? "too old" : NULL, &r,
				&err) == 0)
				seq[i] = r.seq;
		}
		(void)kill(getpid(), SIGKILL);
	}
	(void)waitpid(pid, NULL, 0);
	for (unsigned i = 0; i < MESSAGES; i++)
		if (seq[i] == 0)
			exit(1);
}

/* The first fault on a disk that works; "": no fault. more: items that may be there
 * besides. */
static const char *judge(unsigned more)
{
	static char why[300];
	struct jm_archive *a = t_open(dir, VOLUME_BYTES);
	char problem[200];
	struct jm_err err;
	size_t n;

	*why = '\0';
	if (!a)
		return "it does not open";
	for (unsigned i = 0; i < MESSAGES && *why == '\0'; i++) {
		make(i);
		if (t_export(a, i == 4 ? seq[1] : seq[i], JM_EXPORT_REPORT, i == 4, &out, &err) <
			0 ||
		    !jm_span_eq(jm_buf_span(&out), jm_buf_span(&b)))
			snprintf(why, sizeof why, "message %u is lost", i);
	}
	n = rows(a);
	if (*why == '\0' && (n < MESSAGES - 2 || n > MESSAGES - 2 + more))
		snprintf(why, sizeof why, "%zu items", n);
	if (*why == '\0' && t_verify(a, problem) != 0)
		snprintf(why, sizeof why, "verify: %s", problem);
	jm_archive_close(&a);
	return why;
}

/* ---- every read ---- */

/* In a child: the calls of an operator and of a sender. 1: a fault that no failing read excuses. */
static int use(void)
{
	struct jm_archive *a = NULL;
	struct jm_receipt r;
	struct jm_err err;
	json_t *item = NULL;
	int bad = 0;

	if (jm_archive_open(
		&(struct jm_archive_options){ .dir = dir, .volume_size_bytes = VOLUME_BYTES }, &a,
		&err) < 0)
		return !strstr(err.text, "volume") && !strstr(err.text, "catalog") &&
		    !strstr(err.text, dir);
	jm_buf_reset(&text);
	if (t_show(a, seq[1], true, &item, &err) == 0 &&
	    json_array_size(json_object_get(item, "reports")) != 2)
		bad |= 2;
	json_decref(item);
	for (unsigned i = 0; i < MESSAGES; i++) {
		make(i);
		if (i != 4 && t_export(a, seq[i], JM_EXPORT_REPORT, 0, &out, &err) == 0 &&
		    !jm_span_eq(jm_buf_span(&out), jm_buf_span(&b)))
			bad |= 4; /* other bytes than were received, without an error */
	}
	make(1);
	if (t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) < 0 && err.kind != JM_E_TEMP)
		bad |= 8;
	make(20);
	if (t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) < 0 && err.kind != JM_E_TEMP)
		bad |= 8;
	(void)t_verify(a, NULL);
	jm_archive_close(&a);
	return bad;
}

static int use_in_child(
    enum what what, const char *below, unsigned long nth, bool from_then_on, unsigned long *reads_r)
{
	static unsigned long *shared;
	int status = 0;
	pid_t pid;

	if (!shared)
		shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if ((pid = fork()) == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)alarm(600);
		bad_disk(what, below, 0, ALL);
		disk.nth = nth;
		disk.from_then_on = from_then_on;
		status = use();
		*shared = atomic_load(&disk.count);
		_exit(status);
	}
	(void)waitpid(pid, &status, 0);
	*reads_r = *shared;
	return status;
}

static void every_read(enum what what, const char *part, bool from_then_on, unsigned points)
{
	char below[600];
	unsigned long reads = 0, ignore;
	unsigned bad = 0, done = 0;

	snprintf(below, sizeof below, "%s/%s", dir, part);
	again();
	(void)use_in_child(what, below, ALL, false, &reads);
	for (unsigned long n = 1; n <= reads; n += reads > points ? reads / points : 1, done++) {
		const char *why;
		int status;

		again();
		status = use_in_child(what, below, n, from_then_on, &ignore);
		why = status == 0 ? judge(1) : "";
		if ((status != 0 || *why != '\0') && bad++ < 3)
			tap_diag("read %lu: status %x %s", n, (unsigned)status, why);
	}
	tap_ok(reads > 20, "%s is read: %lu times", part, reads);
	tap_is_int(bad, 0, "%s at %u reads of %s%s: no wrong byte, and all is there afterwards",
	    words[what], done, part, from_then_on ? " and from then on" : "");
}

/* ---- chosen places ---- */

static struct jm_archive *open_err(struct jm_err *err)
{
	struct jm_archive *a = NULL;

	err->text[0] = '\0';
	return jm_archive_open(
		   &(struct jm_archive_options){ .dir = dir, .volume_size_bytes = VOLUME_BYTES },
		   &a, err) == 0
	    ? a
	    : NULL;
}

/* The start comes to acknowledged records that it cannot read: nothing is cut off. */
static void start(void)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct place p[MESSAGES];
	struct jm_archive *a;
	unsigned volumes, n;
	struct jm_err err;
	uint64_t bytes;
	size_t last;

	again();
	last = places(p, MESSAGES) - 1;
	bytes = volume_bytes(&volumes);
	(void)jm_volume_path(dir, p[last].volume, path);
	for (enum what what = UNREADABLE; what <= ENDS; what++) {
		static const char *const parts[] = { "header", "middle", "trailer" };
		const uint64_t at[] = { p[last].offset + 8, (p[last].offset + p[last].end) / 2,
			p[last].end - 8 };

		for (size_t i = 0; i < 3; i++) {
			again();
			bad_disk(what, path, at[i], what == ENDS ? ALL : at[i] + 1);
			a = open_err(&err);
			tap_ok(
			    !a && strstr(err.text, "volume") && strstr(err.text, "cannot be read"),
			    "%s in the last record's %s stops the start: %s", words[what], parts[i],
			    err.text);
			jm_archive_close(&a);
			good_disk();
			tap_is_int(
			    (long long)volume_bytes(&n), (long long)bytes, "nothing is cut off");
			tap_is_str(judge(0), "", "and then it starts with all");
		}
	}
}

/* Change a bit of a file; twice: as it was. */
static void flip(const char *path, uint64_t at)
{
	int fd = open(path, O_RDWR);
	unsigned char c = 0;

	if (pread(fd, &c, 1, (off_t)at) != 1 || (c ^= 1, pwrite(fd, &c, 1, (off_t)at) != 1))
		exit(1);
	close(fd);
}

/* Two faults: the record after the bad one, which would show that it was acknowledged, cannot be
 * read.
 */
static void two_faults(void)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct place p[MESSAGES];
	struct jm_archive *a;
	unsigned volumes, n;
	struct jm_err err;
	uint64_t bytes;
	size_t last;

	again();
	last = places(p, MESSAGES) - 1;
	bytes = volume_bytes(&volumes);
	(void)jm_volume_path(dir, p[last].volume, path);
	flip(path, p[last - 1].offset + 20);
	tap_ok(p[last - 1].volume == p[last].volume, "two records are in the last volume");
	bad_disk(UNREADABLE, path, p[last].offset, ALL);
	a = open_err(&err);
	tap_ok(!a, "a bad record, and what is behind it cannot be read: %s", err.text);
	jm_archive_close(&a);
	good_disk();
	tap_is_int((long long)volume_bytes(&n), (long long)bytes, "nothing is cut off");
	flip(path, p[last - 1].offset + 20);
	tap_is_str(judge(0), "", "and then it starts with all");
}

/* A changed byte that is read once only. */
static void read_wrong_once(void)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct place p[MESSAGES];
	struct jm_archive *a;
	struct jm_err err;
	size_t last;

	again();
	last = places(p, MESSAGES) - 1;
	(void)jm_volume_path(dir, p[last].volume, path);
	bad_disk(CHANGED, path, p[last].offset + 300, p[last].offset + 301);
	disk.nth = 1;
	disk.from_then_on = false;
	a = open_err(&err);
	tap_ok(a && atomic_load(&disk.count) > 1, "a byte that was read wrong once is read again");
	jm_archive_close(&a);
	good_disk();
	tap_is_str(judge(0), "", "and all is there");
}

/* The folder of the volumes cannot be read to its end: the rest must not be taken for missing, or
 * made again. */
static void names(void)
{
	char catalog[600];
	unsigned volumes, n, bad = 0;
	uint64_t bytes;

	again();
	bytes = volume_bytes(&volumes);
	snprintf(catalog, sizeof catalog, "%s/catalog", dir);
	for (unsigned i = 0; i < volumes + 2; i++) {
		struct jm_archive *a;
		struct jm_receipt r;
		struct jm_err err;

		again();
		jm_catalog_wipe(catalog);
		atomic_store(&disk.names, (int)i);
		a = open_err(&err);
		good_disk();
		make(20);
		if (a && t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) < 0)
			bad++;
		jm_archive_close(&a);
		bad += volume_bytes(&n) < bytes || n < volumes || *judge(1) != '\0';
	}
	tap_is_int(bad, 0, "a folder whose names cannot all be read: no volume is lost");
}

/* A header right before a sector that cannot be read is found. */
static void find(void)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct place p[MESSAGES];
	struct jm_volumes volumes;
	struct jm_volume_file f;
	struct jm_volume_head v;
	struct jm_found next;
	struct jm_err err;
	unsigned bad = 0;

	again();
	if (jm_volumes_init(&volumes, dir, &err) != 0)
		exit(1);
	for (size_t i = 0, n = places(p, MESSAGES); i < n; i++) {
		uint64_t sector = (p[i].offset + JM_RECORD_HEAD_BYTES + 511) / 512 * 512;

		if (jm_volume_open(&volumes, p[i].volume, &f, &err) != 0 ||
		    jm_volume_read_head(&f, &v, &err) != 0)
			exit(1);
		memcpy(volumes.uuid, v.uuid, sizeof v.uuid);
		bad_disk(UNREADABLE, jm_volume_path(dir, p[i].volume, path), sector, sector + 1);
		for (uint64_t from = p[i].offset - 60; from <= p[i].offset; from += 20)
			bad += jm_volume_find(&f, from, p[i].end, &next, &err) != 0 ||
			    !next.found || next.offset != p[i].offset || next.head.seq != p[i].seq;
		good_disk();
		jm_volume_close(&f);
	}
	jm_volumes_release(&volumes);
	tap_is_int(bad, 0, "a header right before a sector that cannot be read is found");
}

/* While it is open. */
static void running(void)
{
	char path[JM_VOLUME_PATH_BYTES], problem[200] = "", below[600];
	struct place p[MESSAGES];
	struct jm_archive *a;
	struct jm_receipt r;
	struct jm_err err;
	json_t *item = NULL;

	again();
	if (places(p, MESSAGES) != MESSAGES || !(a = open_err(&err)))
		exit(1);
	/* The body of message 1, whose bytes message 4 shares. */
	(void)jm_volume_path(dir, p[1].volume, path);
	bad_disk(UNREADABLE, path, p[1].end - 200, p[1].end - 199);
	snprintf(below, sizeof below, "volume %" PRIu64 ", record %" PRIu64, p[1].volume, p[1].seq);
	tap_ok(t_export(a, seq[1], JM_EXPORT_REPORT, 0, &out, &err) < 0 && strstr(err.text, below),
	    "a body that cannot be read: %s", err.text);
	tap_ok(t_export(a, seq[2], JM_EXPORT_REPORT, 0, &out, &err) == 0, "others are exported");
	tap_is_int((long long)rows(a), MESSAGES - 2, "listed");
	tap_ok(t_verify(a, problem) == 2,
	    "and verify names it, and the one that shares its bytes: %s", problem);
	make(1);
	tap_ok(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) == 0 && r.stored_bytes > 1000,
	    "the same message again is stored whole (%" PRIu64 ")", r.stored_bytes);
	tap_ok(t_export(a, seq[1], JM_EXPORT_REPORT, 2, &out, &err) == 0 &&
		jm_span_eq(jm_buf_span(&out), jm_buf_span(&b)),
	    "and can be read");
	good_disk();
	tap_is_int(t_verify(a, problem), 0, "read again, nothing is wrong (%s)", problem);
	/* Its header and metadata. */
	bad_disk(UNREADABLE, path, p[1].offset, p[1].offset + 100);
	tap_ok(t_show(a, seq[1], true, &item, &err) == 0 &&
		json_is_true(json_object_get(item, "damaged")),
	    "show tells that a report cannot be read");
	tap_ok(json_array_size(json_object_get(item, "reports")) == 3 &&
		json_array_size(json_object_get(item, "recipients")) > 0,
	    "and shows what the others say");
	json_decref(item);
	tap_ok(t_verify(a, problem) > 0 && strstr(problem, "cannot read"), "verify: %s", problem);
	good_disk();
	tap_is_int(t_verify(a, problem), 0, "read again, nothing is wrong (%s)", problem);
	/* No descriptor is no damage. */
	snprintf(below, sizeof below, "%s/volumes/", dir);
	bad_disk(NO_DESCRIPTOR, below, 0, ALL);
	tap_is_int(t_verify(a, problem), -1,
	    "verify without a descriptor ends, and finds nothing (%s)", problem);
	good_disk();
	jm_archive_close(&a);
	tap_is_str(judge(0), "", "after all that");
}

static bool deposit(struct jm_archive *a, unsigned i, struct jm_err *err)
{
	struct jm_receipt r;

	make(i);
	return t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, err) == 0;
}

/* A sync fails, and then what was acknowledged cannot be read back. */
static void recheck(enum what what)
{
	char path[JM_VOLUME_PATH_BYTES], problem[200];
	struct place p[MESSAGES + 1];
	struct jm_archive *a;
	struct jm_err err;

	again();
	if (!(a = open_err(&err)) || !deposit(a, 22, &err) ||
	    places(p, MESSAGES + 1) != MESSAGES + 1)
		exit(1);
	(void)jm_volume_path(dir, p[MESSAGES].volume, path);
	atomic_store(&disk.sync_fails, 1);
	tap_ok(!deposit(a, 20, &err) && err.kind == JM_E_TEMP, "a sync fails: %s", err.text);
	bad_disk(what, path, p[MESSAGES].offset + 200, p[MESSAGES].offset + 201);
	for (unsigned i = 0; i < 2; i++)
		tap_ok(!deposit(a, 20, &err) && err.kind == JM_E_TEMP && strstr(err.text, "volume"),
		    "nothing is written meanwhile: %s", err.text);
	tap_ok(t_export(a, seq[2], JM_EXPORT_REPORT, 0, &out, &err) == 0, "others can be read");
	good_disk();
	tap_is_int(deposit(a, 20, &err), what == UNREADABLE, "%s: %s", words[what],
	    what == UNREADABLE ? "it writes again as soon as it reads" : err.text);
	jm_archive_close(&a);
	a = open_err(&err);
	tap_ok(a && deposit(a, 21, &err), "after a start it writes");
	tap_is_int(t_verify(a, problem), 0, "and nothing is wrong (%s)", problem);
	jm_archive_close(&a);
}

/* The applier cannot read the volumes: it falls back, and catches up. */
static void applier(void)
{
	char below[600], problem[200];
	struct jm_archive *a;
	struct jm_err err;
	json_t *status = NULL;
	int rc = -1;

	again();
	snprintf(below, sizeof below, "%s/volumes/", dir);
	if (!(a = open_err(&err)) || !deposit(a, 22, &err)) /* so that its volume is open already */
		exit(1);
	/* Checked with the first read of the record, applied with the second, which finds no
	 * descriptor; then, EIO while it replays. */
	bad_disk(NO_DESCRIPTOR, below, 0, ALL);
	disk.nth = 2;
	disk.from_then_on = true;
	tap_ok(jm_archive_change(a, "test",
		   &(struct jm_change){ .seq = seq[3], .to = JM_CHANGE_RELEASE }, 1, &err) < 0,
	    "a change that cannot be applied: %s", err.text);
	make(20);
	tap_ok(!deposit(a, 20, &err) && err.kind == JM_E_TEMP, "nothing is taken meanwhile: %s",
	    err.text);
	tap_ok(jm_archive_status(a, &status, &err) == 0, "status");
	tap_is_str(
	    json_string_value(json_object_get(status, "state")), "catalog-behind", "says so");
	json_decref(status);
	bad_disk(UNREADABLE, below, 0, ALL);
	jm_clock_sleep_ms(1200);
	tap_ok(!deposit(a, 20, &err), "nor while reading fails: %s", err.text);
	good_disk();
	for (unsigned i = 0; i < 200 && rc < 0; i++) {
		rc = deposit(a, 20, &err) ? 0 : -1;
		if (rc < 0)
			jm_clock_sleep_ms(50);
	}
	tap_is_int(rc, 0, "and it goes on by itself");
	tap_is_int((long long)rows(a), MESSAGES - 2 + 3, "with the released one");
	tap_is_int(t_verify(a, problem), 0, "and nothing is wrong (%s)", problem);
	jm_archive_close(&a);
}

/* A report that is to be released could be read when that was asked for, and not when it is done:
 * it is not set aside again. */
static void release(void)
{
	char path[JM_VOLUME_PATH_BYTES], problem[200];
	struct place p[MESSAGES];
	struct jm_archive *a;
	struct jm_err err;
	json_t *item = NULL;
	int rc = -1;

	again();
	if (places(p, MESSAGES) != MESSAGES || !(a = open_err(&err)))
		exit(1);
	bad_disk(UNREADABLE, jm_volume_path(dir, p[3].volume, path), p[3].offset, p[3].end);
	disk.nth = 4; /* header, metadata, trailer were read */
	disk.from_then_on = true;
	tap_ok(jm_archive_change(a, "test",
		   &(struct jm_change){ .seq = seq[3], .to = JM_CHANGE_RELEASE }, 1, &err) < 0,
	    "a report that cannot be released now: %s", err.text);
	good_disk();
	for (unsigned i = 0; i < 200 && rc < 0; i++) {
		rc = t_show(a, seq[3], true, &item, &err);
		if (rc < 0)
			jm_clock_sleep_ms(50);
	}
	tap_ok(rc == 0 && !json_object_get(item, "set_aside"),
	    "is released as soon as it can be read");
	json_decref(item);
	tap_is_int(t_verify(a, problem), 0, "and nothing is wrong (%s)", problem);
	jm_archive_close(&a);
}

static struct jm_archive *open_tiny_cache(struct jm_err *err)
{
	struct jm_archive *a = NULL;

	return jm_archive_open(&(struct jm_archive_options){ .dir = dir, .cache_bytes = 1u << 16 },
		   &a, err) == 0
	    ? a
	    : NULL;
}

/* Pages of the catalog cannot be read any more, ever: it is made anew by itself, while it is open
 * or with a start. */
static void catalog(bool closed)
{
	char path[600], problem[200];
	struct jm_archive *a;
	struct stat st;
	struct jm_err err;
	unsigned refused = 0, stored = 0, others = 0;

	again();
	snprintf(path, sizeof path, "%s/catalog/catalog.db", dir);
	if (!(a = open_tiny_cache(&err)))
		exit(1);
	for (unsigned i = 30; i < 330; i++)
		stored += deposit(a, i, &err);
	if (stored != 300 || rows(a) != MESSAGES - 2 + 300)
		exit(1);
	if (closed)
		jm_archive_close(&a);
	if (stat(path, &st) != 0)
		exit(1);
	/* After the first pages, which say where the tables are; in the file as it is now. */
	bad_disk(WELL, path, 20 * 4096, ALL);
	disk.inode = st.st_ino;
	atomic_store(&disk.what, UNREADABLE);
	for (unsigned i = 0; i < 10 && !a; i++) {
		if (!(a = open_tiny_cache(&err)))
			tap_diag("a start: %s", err.text);
	}
	tap_ok(a != NULL, "a catalog that cannot be read does not keep it shut");
	for (unsigned i = 400; a && i < 1000 && (stored < 400 || refused == 0 || others > 0); i++) {
		others = 0;
		if (deposit(a, i, &err)) {
			stored++;
		} else {
			refused++;
			others = 1;
			jm_clock_sleep_ms(20);
		}
		if (closed && stored >= 400)
			break;
	}
	tap_ok(a && stored > 300 && others == 0,
	    "%s: %u stored, %u refused, and it goes on by itself",
	    closed ? "found at a start" : "found while open", stored, refused);
	tap_diag("%lu reads failed, file of %lld pages", atomic_load(&disk.count),
	    (long long)st.st_size / 4096);
	tap_is_int((long long)rows(a), MESSAGES - 2 + stored, "all are listed");
	tap_is_int(t_verify(a, problem), 0, "and nothing is wrong (%s)", problem);
	jm_archive_close(&a);
	good_disk();
}

static int count_told(void *ctx, const json_t *finding, struct jm_err *err)
{
	char *s = json_dumps(finding, JSON_COMPACT);

	(void)err;
	++*(unsigned *)ctx;
	tap_diag("%s", s);
	free(s);
	return 0;
}

/* A new catalog from volumes of which a part cannot be read; then from all. */
static void rebuild(void)
{
	struct place p[MESSAGES];

	again();
	if (places(p, MESSAGES) != MESSAGES)
		exit(1);
	for (unsigned i = 0; i < 6; i++) {
		const struct place *at = &p[i < 3 ? 2 : MESSAGES - 1];
		const uint64_t from[] = { at->offset, at->end - 200, at->end - 8 };
		char path[JM_VOLUME_PATH_BYTES];
		struct jm_archive *a = NULL;
		unsigned told = 0;
		struct jm_err err;
		int rc;

		again();
		bad_disk(UNREADABLE, jm_volume_path(dir, at->volume, path), from[i % 3],
		    from[i % 3] + 1);
		rc = jm_archive_open(&(struct jm_archive_options){ .dir = dir,
					 .volume_size_bytes = VOLUME_BYTES,
					 .rebuild = true,
					 .damage = count_told,
					 .damage_ctx = &told },
		    &a, &err);
		/* A body in the middle is not read for the catalog. */
		tap_ok(rc == 0, "rebuild with EIO at %s of %s record (%u told): %s",
		    i % 3 == 0       ? "the header"
			: i % 3 == 1 ? "the body"
				     : "the trailer",
		    i < 3 ? "a" : "the last", told, rc == 0 ? "goes on" : err.text);
		tap_ok(a && told == (i % 3 != 1) && rows(a) == MESSAGES - 2 - (told > 0),
		    "the others are there");
		jm_archive_close(&a);
		good_disk();
		if (jm_archive_open(
			&(struct jm_archive_options){
			    .dir = dir, .volume_size_bytes = VOLUME_BYTES, .rebuild = true },
			&a, &err) < 0)
			tap_diag("%s", err.text);
		jm_archive_close(&a);
		tap_is_str(judge(0), "", "rebuilt when it can be read: all is there");
	}
}

/* Berkeley DB forgets what it had when its recovery cannot read. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libdb-5.3.so\n";
}

int main(void)
{
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	jm_buf_init(&b, CAP);
	jm_buf_init(&out, CAP);
	jm_buf_init(&text, CAP);
	snprintf(dir, sizeof dir, "%s/archive", tap_folder());
	snprintf(base, sizeof base, "%s/base", tap_folder());
	build();
	again();
	tap_is_str(judge(0), "", "the archive that it begins with");
	start();
	two_faults();
	read_wrong_once();
	names();
	find();
	running();
	recheck(UNREADABLE);
	recheck(CHANGED);
	applier();
	release();
	catalog(false);
	catalog(true);
	rebuild();
	every_read(UNREADABLE, "volumes", false, 25);
	every_read(UNREADABLE, "volumes", true, 10);
	every_read(ENDS, "volumes", false, 12);
	every_read(CHANGED, "volumes", false, 25);
	every_read(UNREADABLE, "catalog/", false, 12);
	every_read(UNREADABLE, "catalog/", true, 12);
	every_read(NO_DESCRIPTOR, "volumes", false, 12);
	jm_buf_release(&b);
	jm_buf_release(&out);
	jm_buf_release(&text);
	return tap_done();
}
