/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults: torn tails, damage, a lost catalog, a second owner, newer formats; and every Nth write,
 * sync, open, truncation that fails, or kills the process. Acknowledged mail must be there,
 * exact, once; other mail is absent or whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"
#include "common/catalog/catalog.h"
#include "common/query/archive_status.h"
#include "common/query/item_bytes.h"
#include "common/volume/record.h"
#include "common/volume/volume.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (16u << 20)
#define CHILD_MESSAGES 12
#define CHILD_VOLUME_BYTES 12000 /* so that a child goes through three or four volumes */
#define SERVICE "archive@journal.example.com"

static struct jm_buf b, out;

static void child_message(struct jm_buf *to, unsigned i)
{
	char id[40];

	snprintf(id, sizeof id, "m%u@x", i);
	/* the large one becomes a volume of its own */
	t_message(to, id, "fault", i, i == 5 ? 60000 : 1500);
}

/* ---- the child: deposits, and says what was acknowledged ---- */

static int child(const char *dir)
{
	struct jm_archive *a;
	struct jm_err err;
	struct jm_receipt r;
	char line[64];

	if (jm_archive_open(
		&(struct jm_archive_options){ .dir = dir, .volume_size_bytes = CHILD_VOLUME_BYTES },
		&a, &err) < 0)
		return 3; /* a start may fail, with nothing acknowledged */
	for (unsigned i = 0; i < CHILD_MESSAGES; i++) {
		int n = 0;

		child_message(&b, i);
		for (int tries = 0; tries < 2 && n == 0; tries++)
			if (t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) == 0)
				n = snprintf(line, sizeof line, "%u %" PRIu64 "\n", i, r.seq);
		if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) != n)
			return 4;
	}
	jm_archive_close(&a);
	return 0;
}

struct outcome {
	uint64_t seq[CHILD_MESSAGES]; /* 0: not acknowledged */
	unsigned acknowledged;
	int status;
};

static void run_child(const char *self, const char *dir, const char *fault, struct outcome *o)
{
	char text[2000] = "", *p = text;
	size_t n = 0;
	ssize_t got;
	int pipe_fd[2];
	pid_t pid;

	memset(o, 0, sizeof *o);
	if (pipe(pipe_fd) != 0 || (pid = fork()) < 0)
		exit(1);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(pipe_fd[1], STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		close(pipe_fd[0]);
		(void)setenv("JM_FAULT", fault, 1);
		(void)execl(self, self, "child", dir, (char *)NULL);
		_exit(9);
	}
	close(pipe_fd[1]);
	while (n < sizeof text - 1 && (got = read(pipe_fd[0], text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	close(pipe_fd[0]);
	text[n] = '\0';
	(void)waitpid(pid, &o->status, 0);
	while (*p != '\0' && strchr(p, '\n')) {
		unsigned long i = strtoul(p, &p, 10);

		if (i >= CHILD_MESSAGES)
			break;
		o->seq[i] = strtoull(p, &p, 10);
		o->acknowledged++;
		p++;
	}
}

static size_t rows_of(struct jm_archive *a)
{
	return t_rows(a, NULL, &out);
}

/* The first problem of the archive after a fault; "" for no problem. */
static const char *judge(const char *dir, const struct outcome *o, bool again)
{
	static char text[400];
	struct jm_archive *a = t_open(dir, CHILD_VOLUME_BYTES);
	struct jm_receipt r;
	struct jm_err err;
	char problem[200];
	size_t rows;

	if (!a)
		return "does not open";
	*text = '\0';
	for (unsigned i = 0; i < CHILD_MESSAGES && *text == '\0'; i++) {
		child_message(&b, i);
		if (o->seq[i] != 0 &&
		    (t_export(a, o->seq[i], JM_EXPORT_REPORT, 0, &out, &err) < 0 ||
			!jm_span_eq(jm_buf_span(&out), jm_buf_span(&b))))
			snprintf(text, sizeof text,
			    "message %u (seq %" PRIu64 ") was acknowledged and is not there", i,
			    o->seq[i]);
	}
	rows = rows_of(a);
	if (*text == '\0' && (rows < o->acknowledged || rows > CHILD_MESSAGES))
		snprintf(text, sizeof text, "%zu items for %u acknowledged", rows, o->acknowledged);
	if (*text == '\0' && t_verify(a, problem) != 0)
		snprintf(text, sizeof text, "verify: %s", problem);
	child_message(&b, 99);
	if (*text == '\0' && again && t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) < 0)
		snprintf(text, sizeof text, "no deposit afterwards: %s", err.text);
	jm_archive_close(&a);
	return text;
}

static void remove_tree(const char *dir)
{
	static const char *const parts[] = { "volumes", "catalog", "catalog.bad", "cut", "tmp",
		"" };
	char path[JM_VOLUME_PATH_BYTES], name[700];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(name, sizeof name, "%s%s%s", dir, *parts[i] ? "/" : "", parts[i]);
		jm_catalog_wipe(name);
		for (unsigned n = 1; n < 30 && strcmp(parts[i], "volumes") == 0; n++)
			unlink(jm_volume_path(dir, n, path));
		rmdir(name);
	}
}

/* for_ever: also all calls after the Nth fail. */
static void fault_loop(
    const char *self, const char *op, const char *what, bool for_ever, unsigned max)
{
	unsigned bad = 0;
	char fault[60], dir[500];

	for (unsigned n = 1; n <= max; n++) {
		struct outcome o;
		const char *wrong;

		snprintf(dir, sizeof dir, "%s/%s-%s-%u", tap_folder(), op, what, n);
		snprintf(fault, sizeof fault, "%s:%u%s:%s", op, n, for_ever ? "+" : "", what);
		run_child(self, dir, fault, &o);
		wrong = judge(dir, &o, true);
		if (*wrong != '\0' && bad++ < 3)
			tap_diag("%s: %s", fault, wrong);
		/* A single fault must not stop an archive that is open: the second try of each
		 * deposit succeeds. */
		if (strcmp(what, "kill") != 0 && !for_ever && o.status == 0 &&
		    o.acknowledged < CHILD_MESSAGES && bad++ < 3)
			tap_diag(
			    "%s: %u of %d acknowledged", fault, o.acknowledged, CHILD_MESSAGES);
		remove_tree(dir);
	}
	tap_is_int(bad, 0, "%s %s at 1 to %u%s: acknowledged is there, exact, once", op, what, max,
	    for_ever ? " and from then on" : "");
}

/* ---- files changed by hand ---- */

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void copy(const char *from, const char *to, uint64_t n)
{
	struct jm_buf c;
	struct jm_err err;

	jm_buf_init(&c, CAP);
	t_read(from, &c);
	if (jm_io_publish(to, c.p, n < c.len ? (size_t)n : c.len, 0600, &err) < 0)
		tap_ok(false, "%s", err.text);
	jm_buf_release(&c);
}

static void flip(const char *path, uint64_t at)
{
	unsigned char c;
	int fd = open(path, O_RDWR);

	if (fd < 0 || pread(fd, &c, 1, (off_t)at) != 1)
		exit(1);
	c ^= 0x10;
	if (pwrite(fd, &c, 1, (off_t)at) != 1)
		exit(1);
	close(fd);
}

/* An archive of n small messages in dir; the size of its volume before the last is returned. */
static uint64_t fill(const char *dir, unsigned n)
{
	struct jm_archive *a = t_open(dir, 0);
	char path[JM_VOLUME_PATH_BYTES];
	uint64_t before = 0;
	struct jm_receipt r;
	struct jm_err err;

	for (unsigned i = 0; a && i < n; i++) {
		char id[40];

		snprintf(id, sizeof id, "h%u@x", i);
		t_message(&b, id, "hand", i, 300);
		before = size_of(jm_volume_path(dir, 1, path));
		if (t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) < 0)
			tap_ok(false, "deposit: %s", err.text);
	}
	jm_archive_close(&a);
	return before;
}

static void wipe_catalog(const char *dir)
{
	char path[600];

	snprintf(path, sizeof path, "%s/catalog", dir);
	jm_catalog_wipe(path);
}

/* The last record cut at every byte of it, the catalog not knowing of it. */
static void torn(void)
{
	char dir[500], keep[600], path[JM_VOLUME_PATH_BYTES];
	unsigned bad = 0, events = 0;
	uint64_t before, size;

	snprintf(dir, sizeof dir, "%s/torn", tap_folder());
	snprintf(keep, sizeof keep, "%s/torn.keep", tap_folder());
	before = fill(dir, 3);
	size = size_of(jm_volume_path(dir, 1, path));
	copy(path, keep, UINT64_MAX);
	for (uint64_t n = before + 1; n < size; n += n + 7 < size ? 7 : 1) {
		struct jm_archive *a;

		copy(keep, path, n);
		wipe_catalog(dir);
		a = t_open(dir, 0);
		bad += !a || rows_of(a) != 2 || t_verify(a, NULL) != 0;
		jm_archive_close(&a);
		a = t_open(dir, 0);
		t_list(a, NULL, &out);
		/* the event "recovered" was written when it was closed */
		events += a && size_of(path) > before;
		jm_archive_close(&a);
	}
	tap_is_int(bad, 0, "a last record cut anywhere is cut off, the others stay");
	tap_ok(events > 0, "and it is noted");
	/* Garbage after the last record instead of nothing. */
	copy(keep, path, UINT64_MAX);
	for (uint64_t at = before + 3; at < size; at += 50) {
		struct jm_archive *a;

		copy(keep, path, UINT64_MAX);
		flip(path, at);
		wipe_catalog(dir);
		a = t_open(dir, 0);
		bad += !a || rows_of(a) != 2;
		jm_archive_close(&a);
	}
	tap_is_int(bad, 0, "a last record that does not fit its digest is cut off");
}

/* A changed bit in the middle is named, everything else stays readable; without a catalog the start
 * refuses. */
static void damage(void)
{
	char dir[500], path[JM_VOLUME_PATH_BYTES], problem[200];
	struct jm_archive *a;
	struct jm_err err;
	uint64_t first_end, size;
	unsigned unnamed = 0, others = 0, started = 0;

	snprintf(dir, sizeof dir, "%s/damage", tap_folder());
	first_end = fill(dir, 2);
	size = size_of(jm_volume_path(dir, 1, path));
	(void)fill(dir, 2); /* the same two again: receipts only */
	for (uint64_t at = first_end; at < size; at += 37) {
		flip(path, at);
		a = t_open(dir, 0);
		if (!a) {
			unnamed++;
		} else {
			unnamed += t_verify(a, problem) <= 0;
			others += t_export(a, 1, JM_EXPORT_REPORT, 0, &out, &err) < 0;
		}
		jm_archive_close(&a);
		flip(path, at);
	}
	tap_is_int(unnamed, 0, "a changed bit anywhere in a record is found by verify");
	tap_is_int(others, 0, "and the other records stay readable");
	flip(path, first_end + 100);
	wipe_catalog(dir);
	started += jm_archive_open(&(struct jm_archive_options){ .dir = dir }, &a, &err) == 0;
	tap_ok(started == 0 && err.kind == JM_E_CORRUPT,
	    "without a catalog, damage before the tail stops the start: %s", err.text);
	flip(path, first_end + 100);
	a = t_open(dir, 0);
	tap_is_int(!a ? -1 : t_verify(a, problem), 0, "and mended it starts (%s)", problem);
	jm_archive_close(&a);
}

static void refuse(const char *dir, enum jm_err_kind kind, const char *what)
{
	struct jm_archive *a = NULL;
	struct jm_err err = { .kind = JM_E_NONE };
	int rc = jm_archive_open(&(struct jm_archive_options){ .dir = dir }, &a, &err);

	tap_ok(rc < 0 && err.kind == kind, "%s: %s", what, rc < 0 ? err.text : "opened");
	jm_archive_close(&a);
}

static void put_version(const char *path, uint64_t at, size_t head, const unsigned char *uuid)
{
	unsigned char h[JM_VOLUME_HEAD_BYTES];
	int fd = open(path, O_RDWR);

	if (fd < 0 || pread(fd, h, head, (off_t)at) != (ssize_t)head)
		exit(1);
	if (uuid) {
		h[4] = 2;
		jm_num_put_be32(
		    h + head - 4, jm_crc32c(jm_crc32c(0, uuid, JM_UUID_BYTES), h, head - 4));
	} else {
		jm_num_put_be32(h + 8, 2);
		jm_num_put_be32(h + head - 4, jm_crc32c(0, h, head - 4));
	}
	if (pwrite(fd, h, head, (off_t)at) != (ssize_t)head)
		exit(1);
	close(fd);
}

/* The catalog of another archive is not believed, nor a damaged one. */
static void other_catalogs(const char *dir)
{
	char keep[JM_VOLUME_PATH_BYTES], path[JM_VOLUME_PATH_BYTES], other[500];
	struct jm_archive *a;

	snprintf(other, sizeof other, "%s/refuse/catalog", tap_folder());
	wipe_catalog(dir);
	rmdir(other);
	snprintf(keep, sizeof keep, "%s/torn/catalog", tap_folder());
	tap_ok(rename(keep, other) == 0, "the catalog of another archive");
	a = t_open(dir, 0);
	tap_is_int(!a ? 0 : (long long)rows_of(a), 2, "is moved away and made anew");
	jm_archive_close(&a);
	snprintf(path, sizeof path, "%s/refuse/catalog/catalog.db", tap_folder());
	flip(path, 20);
	flip(path, 4096 + 20);
	a = t_open(dir, 0);
	tap_is_int(!a ? 0 : (long long)rows_of(a), 2, "a damaged catalog is made anew");
	jm_archive_close(&a);
}

static void refusals(void)
{
	char dir[500], keep[JM_VOLUME_PATH_BYTES], path[JM_VOLUME_PATH_BYTES];
	unsigned char head[JM_VOLUME_HEAD_BYTES];
	struct jm_volume_head h;
	struct jm_archive *a;
	struct jm_err err;
	int fd;

	snprintf(dir, sizeof dir, "%s/refuse", tap_folder());
	snprintf(keep, sizeof keep, "%s/refuse.keep", tap_folder());
	(void)fill(dir, 2);
	a = t_open(dir, 0);
	refuse(dir, JM_E_TEMP, "a second owner");
	jm_archive_close(&a);
	(void)jm_volume_path(dir, 1, path);
	copy(path, keep, UINT64_MAX);
	fd = open(path, O_RDONLY);
	tap_ok(fd >= 0 && read(fd, head, sizeof head) == sizeof head &&
		jm_volume_decode(head, &h, &err) == 0,
	    "volume header");
	close(fd);
	put_version(path, 0, JM_VOLUME_HEAD_BYTES, NULL);
	refuse(dir, JM_E_CONFIG, "a volume of a newer version");
	copy(keep, path, UINT64_MAX);
	put_version(path, JM_VOLUME_HEAD_BYTES, JM_RECORD_HEAD_BYTES, h.uuid);
	wipe_catalog(dir);
	refuse(dir, JM_E_CONFIG, "a record of a newer version");
	copy(keep, path, JM_VOLUME_HEAD_BYTES + 50);
	wipe_catalog(dir);
	a = t_open(dir, 0);
	jm_archive_close(&a);
	copy(keep, path, UINT64_MAX);
	a = t_open(dir, 0);
	jm_archive_close(&a);
	copy(keep, path, JM_VOLUME_HEAD_BYTES + 50);
	refuse(dir, JM_E_CORRUPT, "volumes that end before what the catalog knows");
	copy(keep, path, UINT64_MAX);
	other_catalogs(dir);
	(void)jm_volume_path(dir, 1, path);
	(void)jm_volume_path(dir, 3, keep);
	(void)rename(path, keep);
	refuse(dir, JM_E_CORRUPT, "a missing volume");
	tap_ok(jm_archive_open(&(struct jm_archive_options){ .dir = "/nonexistent/archive",
				   .must_exist = true },
		   &a, &err) < 0 &&
		err.kind == JM_E_NOTFOUND,
	    "no archive where one must be: %s", err.text);
}

/* A full disk, simulated by the kernel: files may not grow beyond a limit, and later they may
 * again. */
static void full_disk(void)
{
	struct rlimit old, small;
	char dir[500], path[JM_VOLUME_PATH_BYTES], problem[200];
	unsigned refused = 0, others = 0, stored = 0;
	struct jm_archive *a;
	struct jm_receipt r;
	struct jm_err err;
	json_t *status = NULL;

	snprintf(dir, sizeof dir, "%s/full", tap_folder());
	(void)fill(dir, 1);
	a = t_open(dir, 0);
	if (!a || getrlimit(RLIMIT_FSIZE, &old) != 0)
		exit(1);
	(void)signal(SIGXFSZ, SIG_IGN);
	small = old;
	small.rlim_cur = size_of(jm_volume_path(dir, 1, path)) + 10000;
	(void)setrlimit(RLIMIT_FSIZE, &small);
	for (unsigned i = 0; i < 20; i++) {
		child_message(&b, i);
		if (t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) == 0) {
			stored++;
		} else {
			refused++;
			others += err.kind != JM_E_TEMP;
		}
	}
	tap_ok(stored > 0 && refused > 5, "a full disk: %u stored, %u refused", stored, refused);
	tap_is_int(others, 0, "each as temporary");
	tap_ok(jm_archive_status(a, &status, &err) == 0, "status");
	tap_is_str(json_string_value(json_object_get(status, "state")), "cannot-write", "says so");
	json_decref(status);
	tap_is_int((long long)rows_of(a), stored + 1, "what was stored can be read meanwhile");
	(void)setrlimit(RLIMIT_FSIZE, &old);
	child_message(&b, 50);
	tap_ok(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r, &err) == 0,
	    "with room again the next deposit goes through");
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_archive_close(&a);
	a = t_open(dir, 0);
	tap_is_int(
	    !a ? 0 : (long long)rows_of(a), stored + 2, "and all of it is there after a restart");
	jm_archive_close(&a);
}

/* A large record is written into a file of its own, which becomes the next volume; what a crash
 * leaves of one is removed. */
static void apart(void)
{
	char dir[500], orphan[600], path[JM_VOLUME_PATH_BYTES];
	struct jm_archive *a;
	struct jm_receipt r[3];
	struct jm_err err;
	int fd;

	snprintf(dir, sizeof dir, "%s/apart", tap_folder());
	snprintf(orphan, sizeof orphan, "%s/tmp/7.apart", dir);
	a = t_open(dir, 400000);
	for (unsigned i = 0; i < 3; i++) {
		t_message(&b,
		    i == 0       ? "one@x"
			: i == 1 ? "two@x"
				 : "three@x",
		    "apart", i, i == 1 ? 3000000 : 1500);
		tap_ok(t_deposit(a, jm_buf_span(&b), SERVICE, NULL, &r[i], &err) == 0,
		    "message %u is stored", i + 1);
	}
	tap_ok(r[1].stored_bytes > 200000, "the second one is large: %" PRIu64 " bytes",
	    r[1].stored_bytes);
	jm_archive_close(&a);
	fd = open(jm_volume_path(dir, 2, path), O_RDONLY);
	tap_ok(fd >= 0 && size_of(path) >= JM_VOLUME_HEAD_BYTES + r[1].stored_bytes,
	    "and begins a volume");
	close(fd);
	fd = open(orphan, O_WRONLY | O_CREAT, 0600);
	tap_ok(fd >= 0 && write(fd, "rest", 4) == 4, "a file that a crash left");
	close(fd);
	a = t_open(dir, 400000);
	tap_ok(access(orphan, F_OK) != 0 && errno == ENOENT, "is removed at the start");
	for (unsigned i = 0; i < 3; i++) {
		t_message(&b,
		    i == 0       ? "one@x"
			: i == 1 ? "two@x"
				 : "three@x",
		    "apart", i, i == 1 ? 3000000 : 1500);
		jm_buf_reset(&out);
		tap_ok(t_export(a, r[i].seq, JM_EXPORT_REPORT, 0, &out, &err) == 0 &&
			jm_span_eq(jm_buf_span(&out), jm_buf_span(&b)),
		    "message %u comes back exactly", i + 1);
	}
	tap_is_int(t_verify(a, NULL), 0, "verify finds nothing");
	jm_archive_close(&a);
}

int main(int argc, char **argv)
{
	/* The faults are made here, not by a disk: a file system in memory saves time where there
	 * is one. */
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	jm_buf_init(&b, CAP);
	jm_buf_init(&out, CAP);
	if (argc == 3 && strcmp(argv[1], "child") == 0)
		return child(argv[2]);
	torn();
	damage();
	refusals();
	full_disk();
	apart();
	fault_loop(argv[0], "write", "ENOSPC", false, 25);
	fault_loop(argv[0], "write", "short", false, 25);
	fault_loop(argv[0], "sync", "EIO", false, 30);
	fault_loop(argv[0], "open", "ENOSPC", false, 8);
	fault_loop(argv[0], "rename", "EIO", false, 2);
	fault_loop(argv[0], "rename", "kill", false, 2);
	fault_loop(argv[0], "any", "EIO", false, 35);
	fault_loop(argv[0], "any", "ENOSPC", true, 30);
	fault_loop(argv[0], "any", "kill", false, 45);
	jm_buf_release(&b);
	jm_buf_release(&out);
	return tap_done();
}
