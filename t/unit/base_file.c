/* SPDX-License-Identifier: BSD-2-Clause */
/* Files, spools, the fault seam, log lines. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/scratch.h"
#include "common/base/spool.h"
#include "t/lib/tap.h"

static void spool_of(size_t total, size_t piece)
{
	struct jm_spool s;
	struct jm_span v;
	struct jm_err err;
	unsigned char *p = malloc(total + 1);
	bool ok = true;

	for (size_t i = 0; i < total; i++)
		p[i] = (unsigned char)(i * 31 >> 3);
	jm_spool_init(&s, tap_folder(), 10u << 20);
	for (int round = 0; round < 2; round++) {
		for (size_t at = 0; at < total; at += piece)
			ok &= jm_spool_write(
				  &s, p + at, total - at < piece ? total - at : piece, &err) == 0;
		ok &= jm_spool_view(&s, &v, &err) == 0 && v.len == total &&
		    memcmp(v.p, p, total) == 0;
		jm_spool_reset(&s);
	}
	tap_ok(ok, "%zu bytes in pieces of %zu come back exact, twice", total, piece);
	jm_spool_release(&s);
	free(p);
}

static unsigned char zeros[2u << 20];

/* Parts of a spool in memory and of one in a file, forwards, backwards, while it grows. */
static void spool_parts(size_t total)
{
	static const size_t lengths[] = { 0, 1, 100, 16383, 16384, 16385, 70001 };
	unsigned char *p = malloc(total);
	size_t good = 0, want = 0;
	struct jm_spool s;
	struct jm_span part;
	struct jm_err err;

	for (size_t i = 0; i < total; i++)
		p[i] = (unsigned char)(i * 31 >> 3);
	jm_spool_init(&s, tap_folder(), 10u << 20);
	for (size_t written = 0; written < total;) {
		size_t n = total - written < 400003 ? total - written : 400003;

		(void)!jm_spool_write(&s, p + written, n, &err);
		written += n;
		for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
			for (size_t k = 0; k < 8; k++, want++) {
				size_t last = written - lengths[i],
				       at = last / 7 * (k % 2 ? k : 7 - k);

				good += jm_spool_get(&s, at, lengths[i], &part, &err) == 0 &&
				    part.len == lengths[i] && memcmp(part.p, p + at, part.len) == 0;
			}
	}
	tap_is_int((long long)good, (long long)want, "parts of %zu bytes are exact", total);
	tap_ok(
	    !s.map && s.window.cap < 2 * 70001, "no mapping, a window of %zu bytes", s.window.cap);
	tap_ok(jm_spool_get(&s, total - 1, 2, &part, &err) == -1 && err.kind == JM_E_BUG &&
		jm_spool_get(&s, total + 1, 0, &part, &err) == -1,
	    "not past its end");
	jm_spool_release(&s);
	free(p);
}

static void spools(void)
{
	static const size_t sizes[] = { 0, 1, 65535, JM_SPOOL_MEMORY_BYTES - 1,
		JM_SPOOL_MEMORY_BYTES, JM_SPOOL_MEMORY_BYTES + 1, 3000001 };
	struct jm_spool s;
	struct jm_span v;
	struct jm_err err;
	struct stat st;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		spool_of(sizes[i], 65535);
		spool_of(sizes[i], 700001);
	}
	spool_parts(500000);
	spool_parts(3000001);
	jm_spool_init(&s, tap_folder(), 100);
	tap_ok(jm_spool_write(&s, "x", 101, &err) == -1 && err.kind == JM_E_LIMIT,
	    "a spool has a cap");
	jm_spool_release(&s);
	jm_spool_init(&s, tap_folder(), 10u << 20);
	for (int i = 0; i < 30; i++)
		(void)!jm_spool_write(&s, tap_folder(), 1, &err);
	(void)!jm_spool_write(&s, zeros, sizeof zeros, &err);
	tap_ok(s.fd >= 0 && fstat(s.fd, &st) == 0 && st.st_nlink == 0,
	    "a large message is in an unlinked file");
	tap_ok(
	    jm_spool_view(&s, &v, &err) == 0 && v.len == 30 + sizeof zeros, "with all its bytes");
	tap_ok(jm_spool_write(&s, "more", 4, &err) == 0 && jm_spool_view(&s, &v, &err) == 0 &&
		memcmp(v.p + v.len - 4, "more", 4) == 0,
	    "writing may go on after a view");
	jm_spool_release(&s);
	jm_spool_init(&s, "/nonexistent", 10u << 20);
	tap_ok(jm_spool_write(&s, zeros, sizeof zeros, &err) == -1,
	    "a folder that is not there is an error");
	jm_spool_release(&s);
	tap_ok(jm_spool_open_unlinked("/nonexistent", NULL) == -1,
	    "a caller that needs no reason gets the error, too");
	tap_ok(jm_spool_open_unlinked("/proc", NULL) == -1,
	    "also in a file system without O_TMPFILE, where no file can be made");
}

static void scratch(void)
{
	struct jm_scratch s;
	struct jm_err err;
	unsigned char *a, *b;

	jm_scratch_init(&s, tap_folder());
	a = jm_scratch_alloc(&s, 100, &err);
	b = jm_scratch_alloc(&s, sizeof zeros, &err);
	tap_ok(a && b, "scratch gives small and large pieces");
	if (a && b) {
		memset(a, 'a', 100);
		memset(b, 'b', sizeof zeros);
		tap_ok(a[99] == 'a' && b[sizeof zeros - 1] == 'b', "that hold what is written");
	}
	jm_scratch_release(&s);
	jm_scratch_init(&s, "/nonexistent");
	tap_ok(!jm_scratch_alloc(&s, sizeof zeros, &err), "no folder: an error, not a crash");
	jm_scratch_release(&s);
}

static void files(void)
{
	struct jm_err err;
	unsigned char *p;
	char path[300], deep[300];
	size_t n;
	int fd;

	snprintf(deep, sizeof deep, "%s/a/b/c", tap_folder());
	snprintf(path, sizeof path, "%s/file", deep);
	tap_ok(jm_io_mkdirs(deep, 0700, &err) == 0 && jm_io_mkdirs(deep, 0700, &err) == 0,
	    "folders are made, and made again");
	tap_ok(jm_io_publish(path, "one", 3, 0600, &err) == 0 &&
		jm_io_publish(path, "two!", 4, 0600, &err) == 0,
	    "a file is published and replaced");
	tap_ok(jm_io_read_file(path, 100, &p, &n, &err) == 0 && n == 4 && memcmp(p, "two!", 5) == 0,
	    "and read back");
	free(p);
	tap_ok(jm_io_read_file(path, 3, &p, &n, &err) == -1 && err.kind == JM_E_LIMIT,
	    "not past the limit");
	tap_ok(
	    jm_io_read_file(deep, 3, &p, &n, &err) == -1 && err.kind == JM_E_USAGE, "not a folder");
	tap_ok(jm_io_open("/nonexistent/x", O_RDONLY, 0, &err) == -1 && err.kind == JM_E_NOTFOUND &&
		strstr(err.text, "/nonexistent/x"),
	    "a missing file is named");
	fd = jm_io_open(path, O_RDWR, 0, &err);
	tap_ok(jm_io_pread(fd, deep, 9, 0, &err) == -1 && err.kind == JM_E_CORRUPT,
	    "a file that is too short is corrupt");
	tap_ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "files do not leak into children");
	close(fd);
}

/* In a child, since the seam reads its variable once. */
static int with_fault(const char *spec, int *writes_r)
{
	int pid = fork(), status;

	if (pid == 0) {
		struct jm_err err;
		char path[300];
		int fd, done = 0;

		setenv("JM_FAULT", spec, 1);
		snprintf(path, sizeof path, "%s/fault", tap_folder());
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		while (done < 5 && jm_io_write(fd, "12345678", 8, &err) == 0)
			done++;
		_exit(done);
	}
	waitpid(pid, &status, 0);
	*writes_r = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return status;
}

static void faults(void)
{
	int n, status;
	struct stat st;
	char path[300];

	with_fault("write:3:ENOSPC", &n);
	tap_is_int(n, 2, "the third write fails");
	with_fault("sync:1:EIO", &n);
	tap_is_int(n, 5, "another call's fault leaves writes alone");
	with_fault("write:2:short", &n);
	snprintf(path, sizeof path, "%s/fault", tap_folder());
	tap_ok(n == 1 && stat(path, &st) == 0 && st.st_size == 12, "a short write leaves half");
	status = with_fault("any:4:kill", &n);
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "kill kills");
}

static void log_lines(void)
{
	char path[300], text[4000] = "";
	int fd, saved = dup(2);
	ssize_t n;

	snprintf(path, sizeof path, "%s/log", tap_folder());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	dup2(fd, 2);
	JM_LOG(JM_LOG_INFO, "refused", { "from", JM_S("a b\r\nforged=1 \"q\"") }, { "n", JM_U(7) },
	    { "none", JM_S(NULL) }, { "word", JM_S("a@b") });
	JM_LOG(JM_LOG_DEBUG, "hidden", { "n", JM_U(1) });
	dup2(saved, 2);
	n = pread(fd, text, sizeof text - 1, 0);
	close(fd);
	tap_ok(n > 0 &&
		strstr(text, " refused from=\"a b\\r\\nforged=1 \\\"q\\\"\" n=7 none=- word=a@b\n"),
	    "one line, values escaped");
	tap_ok(strchr(text, '\n') == text + n - 1, "and only one");
}

int main(void)
{
	tap_folder();
	faults(); /* first: the seam reads its variable at the first call of the process */
	spools();
	scratch();
	files();
	log_lines();
	return tap_done();
}
