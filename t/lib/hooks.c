/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults and another time for a program under test. It is preloaded into the program that users
 * get, or linked into a unit test. Only calls by the program itself count, not those of libraries
 * as Berkeley DB, and only those on plain files other than the standard ones.
 *
 * JM_FAULT=OP:N:WHAT makes the Nth call of a kind in this process fail. OP: open (creating a file),
 * write, sync, truncate, rename (and link), or any. N+ instead of N: that call and all later ones.
 * WHAT: ENOSPC, EIO, EDQUOT, EMFILE, EACCES or EROFS; "short" for half a write and then ENOSPC;
 * "kill" for SIGKILL before the call. JM_CLOCK_OFFSET_MS is added to the wall clock.
 */
#undef _FORTIFY_SOURCE /* its functions have the names of those here */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op { OP_OPEN, OP_WRITE, OP_SYNC, OP_TRUNCATE, OP_RENAME, OP_ANY, OP_N };

static struct {
	bool on, from_then_on, half, kill;
	enum op op;
	unsigned long nth;
	int sys;
	atomic_ulong count;
} fault;
static pthread_once_t fault_once = PTHREAD_ONCE_INIT, clock_once = PTHREAD_ONCE_INIT;
static int64_t offset_ms;

static void fault_read(void)
{
	static const char *const ops[OP_N] = { "open", "write", "sync", "truncate", "rename",
		"any" };
	static const struct {
		const char *name;
		int sys;
	} codes[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EDQUOT", EDQUOT },
		{ "EMFILE", EMFILE }, { "EACCES", EACCES }, { "EROFS", EROFS } };
	const char *text = getenv("JM_FAULT"), *nth = text ? strchr(text, ':') : NULL,
		   *what = nth ? strchr(nth + 1, ':') : NULL;
	char *end;
	size_t i;

	if (!what)
		return;
	for (i = 0; i < OP_N; i++)
		if (strlen(ops[i]) == (size_t)(nth - text) &&
		    memcmp(text, ops[i], strlen(ops[i])) == 0) {
			fault.op = (enum op)i;
			fault.on = true;
		}
	fault.nth = strtoul(nth + 1, &end, 10);
	fault.from_then_on = *end == '+';
	what++;
	fault.half = strcmp(what, "short") == 0;
	fault.kill = strcmp(what, "kill") == 0;
	fault.sys = ENOSPC;
	for (i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(what, codes[i].name) == 0)
			fault.sys = codes[i].sys;
}

/* True for an address in the program itself. */
static bool is_own(const void *caller)
{
	Dl_info own, his;

	return dladdr((void *)getauxval(AT_ENTRY), &own) != 0 && dladdr(caller, &his) != 0 &&
	    own.dli_fbase == his.dli_fbase;
}

/* True when this call has to fail; errno is then set. */
static bool hits(enum op op, const void *caller)
{
	unsigned long n;

	pthread_once(&fault_once, fault_read);
	if (!fault.on || (fault.op != op && fault.op != OP_ANY) || !is_own(caller))
		return false;
	n = atomic_fetch_add(&fault.count, 1) + 1;
	if (n != fault.nth && !(fault.from_then_on && n > fault.nth))
		return false;
	if (fault.kill)
		raise(SIGKILL);
	errno = fault.sys;
	return true;
}

#define CALLER __builtin_return_address(0)
#define CREATES(flags) ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE)

#define do_open(path, flags, mode) \
	(CREATES(flags) && hits(OP_OPEN, CALLER) \
		? -1 \
		: (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode))
#include "open.h"

#define OPENAT_BODY \
	OPEN_MODE \
	return CREATES(flags) && hits(OP_OPEN, CALLER) \
	    ? -1 \
	    : (int)syscall(SYS_openat, at, path, flags, mode)
int openat(int at, const char *path, int flags, ...)
{
	OPENAT_BODY;
}
int openat64(int at, const char *path, int flags, ...)
{
	OPENAT_BODY;
}

/* ---- writing ---- */

static bool is_file(int fd)
{
	int before = errno;
	struct stat st;
	bool is = fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	errno = before;
	return is;
}

static ssize_t pass_on(int fd, const struct iovec *v, int n, off_t at)
{
	return at < 0 ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
}

static ssize_t do_write(int fd, const struct iovec *v, int n, off_t at, const void *caller)
{
	if (!is_file(fd) || !hits(OP_WRITE, caller))
		return pass_on(fd, v, n, at);
	if (fault.half && n > 0) {
		const struct iovec part = { v->iov_base, v->iov_len / 2 };

		(void)!pass_on(fd, &part, 1, at);
		errno = fault.sys;
	}
	return -1;
}

ssize_t write(int fd, const void *p, size_t n)
{
	const struct iovec v = { (void *)(uintptr_t)p, n };

	return do_write(fd, &v, 1, -1, CALLER);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	return do_write(fd, v, n, at, CALLER);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	return do_write(fd, v, n, at, CALLER);
}

int fsync(int fd)
{
	return hits(OP_SYNC, CALLER) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return hits(OP_SYNC, CALLER) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t n)
{
	return hits(OP_TRUNCATE, CALLER) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate64(int fd, off64_t n)
{
	return hits(OP_TRUNCATE, CALLER) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int rename(const char *from, const char *to)
{
	return hits(OP_RENAME, CALLER)
	    ? -1
	    : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
	return hits(OP_RENAME, CALLER) ? -1 : (int)syscall(SYS_linkat, a, from, b, to, flags);
}

int renameat(int a, const char *from, int b, const char *to)
{
	return hits(OP_RENAME, CALLER) ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, 0);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	return hits(OP_RENAME, CALLER) ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, flags);
}

/* ---- the clock ---- */

static void clock_read(void)
{
	const char *text = getenv("JM_CLOCK_OFFSET_MS");

	offset_ms = text ? strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);
	int64_t ms;

	pthread_once(&clock_once, clock_read);
	if (rc != 0 || id != CLOCK_REALTIME || offset_ms == 0 || !is_own(CALLER))
		return rc;
	ms = t->tv_sec * 1000 + t->tv_nsec / 1000000 + offset_ms;
	t->tv_nsec = ms % 1000 * 1000000 + t->tv_nsec % 1000000;
	t->tv_sec = ms / 1000;
	return 0;
}
