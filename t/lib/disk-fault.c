/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into a program: a disk that fails. Calls on files below one of the folders in
 * DISK_FAULT_UNDER (with colons between them) are counted; DISK_FAULT is OP:NTH[+]:WHAT: OP open
 * (that makes a file or folder), write, sync, truncate, rename, any (of these), read or memory;
 * WHAT an errno's name, short (a write: half of it, then ENOSPC; a read: nothing, as at the file's
 * end), flip (a read: a byte is changed) or kill. With EROFS, opening for writing and removing
 * count as open, too. Calls count only while the file DISK_FAULT_WHILE is there, when that is
 * named. How many calls there were is written to the file DISK_FAULT_COUNT at the end.
 *
 * Writes of nothing but zeros that follow each other count as one: Berkeley DB's recovery fills the
 * rest of its log with two thousand of them. The kernel is asked at each call which file a
 * descriptor belongs to: libc also opens and closes files unseen, and reuses numbers.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define MEMORY_MIN_BYTES 64

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

enum op { OPEN, WRITE, SYNC, TRUNCATE, RENAME, ANY, READ, MEMORY, OPS };

static const char *const names[OPS] = { "open", "write", "sync", "truncate", "rename", "any",
	"read", "memory" };
static bool ready, on, from_then_on, half, flip, killing;
static enum op op;
static unsigned long nth;
static int code;
static atomic_ulong counts[OPS];
static const char *under, *only_while;

__attribute__((constructor)) static void start(void)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EDQUOT", EDQUOT },
		{ "EMFILE", EMFILE }, { "ENOMEM", ENOMEM }, { "EROFS", EROFS } };
	const char *text = getenv("DISK_FAULT"), *at = text ? strchr(text, ':') : NULL;
	char *end;

	under = getenv("DISK_FAULT_UNDER");
	only_while = getenv("DISK_FAULT_WHILE");
	if (at) {
		for (int i = 0; i < OPS; i++)
			if (strlen(names[i]) == (size_t)(at - text) &&
			    strncmp(names[i], text, (size_t)(at - text)) == 0) {
				op = (enum op)i;
				on = true;
			}
		nth = strtoul(at + 1, &end, 10);
		from_then_on = *end == '+';
		end += from_then_on + 1;
		half = strcmp(end, "short") == 0;
		flip = strcmp(end, "flip") == 0;
		killing = strcmp(end, "kill") == 0;
		code = ENOSPC;
		for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
			if (strcmp(codes[i].name, end) == 0)
				code = codes[i].code;
	}
	ready = true;
}

__attribute__((destructor)) static void finish(void)
{
	const char *path = getenv("DISK_FAULT_COUNT");
	char text[200];
	int n = 0, fd;

	ready = false;
	for (int i = 0; i < OPS; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s %lu\n", names[i], counts[i]);
	fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600)
		  : -1;
	if (fd >= 0) {
		(void)!syscall(SYS_write, fd, text, (size_t)n);
		syscall(SYS_close, fd);
	}
}

static bool is_there(const char *path)
{
	int before = errno;
	bool is = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;

	errno = before;
	return is;
}

static bool hit(enum op what)
{
	unsigned long n;

	if (!ready || (only_while && !is_there(only_while)))
		return false;
	atomic_fetch_add(&counts[what], 1);
	if (what < ANY)
		atomic_fetch_add(&counts[ANY], 1);
	if (!on || (op != what && (op != ANY || what > ANY)))
		return false;
	n = op == ANY ? counts[ANY] : counts[what];
	if (n != nth && !(from_then_on && n > nth))
		return false;
	if (killing)
		kill(getpid(), SIGKILL);
	errno = code;
	return true;
}

static bool below(const char *path)
{
	for (const char *p = under; p && *p; p += strcspn(p, ":"), p += *p == ':') {
		size_t n = strcspn(p, ":");

		if (strncmp(path, p, n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

static int do_open(const char *path, int flags, mode_t mode)
{
	bool counts_here = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ||
	    (code == EROFS && (flags & O_ACCMODE) != O_RDONLY);

	return counts_here && below(path) && hit(OPEN)
	    ? -1
	    : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#include "open.h"

int mkdir(const char *path, mode_t mode)
{
	return below(path) && hit(OPEN) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
int unlink(const char *path)
{
	return code == EROFS && below(path) && hit(OPEN)
	    ? -1
	    : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static bool ours(int fd)
{
	char link[32], path[PATH_BYTES];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = (ssize_t)syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return below(path);
}

static bool is_zeros(const struct iovec *v, int n)
{
	const char *p = v->iov_base;

	return n == 1 && v->iov_len > 1 && p[0] == 0 && memcmp(p, p + 1, v->iov_len - 1) == 0;
}

static ssize_t do_write(int fd, const struct iovec *v, int n, off_t off)
{
	static atomic_bool zeros;
	bool more_zeros;

	if (!ours(fd))
		return off < 0 ? syscall(SYS_writev, fd, v, n)
			       : syscall(SYS_pwritev, fd, v, n, off, 0);
	more_zeros = is_zeros(v, n);
	more_zeros = atomic_exchange(&zeros, more_zeros) && more_zeros;
	if (!more_zeros && hit(WRITE)) {
		int sys = errno;

		if (half && v->iov_len > 1) {
			struct iovec part = { v->iov_base, v->iov_len / 2 };

			(void)!(off < 0 ? syscall(SYS_writev, fd, &part, 1)
					: syscall(SYS_pwritev, fd, &part, 1, off, 0));
		}
		errno = sys;
		return -1;
	}
	return off < 0 ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, off, 0);
}

ssize_t write(int fd, const void *p, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	return do_write(fd, &v, 1, -1);
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t off)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	return do_write(fd, &v, 1, off);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t off)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	return do_write(fd, &v, 1, off);
}
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t off)
{
	return do_write(fd, v, n, off);
}
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t off)
{
	return do_write(fd, v, n, off);
}

static ssize_t do_pread(int fd, void *p, size_t n, off_t off)
{
	ssize_t got;

	if (!ours(fd) || !hit(READ))
		return syscall(SYS_pread64, fd, p, n, off);
	if (!flip)
		return half ? 0 : -1;
	got = syscall(SYS_pread64, fd, p, n, off);
	if (got > 0)
		((unsigned char *)p)[got / 2] ^= 0x20;
	return got;
}

/* Berkeley DB tries it like this again. */
ssize_t read(int fd, void *p, size_t n)
{
	off_t at = ours(fd) ? lseek(fd, 0, SEEK_CUR) : -1;
	ssize_t got = at < 0 ? syscall(SYS_read, fd, p, n) : do_pread(fd, p, n, at);

	if (at >= 0 && got > 0)
		(void)lseek(fd, at + got, SEEK_SET);
	return got;
}

ssize_t pread(int fd, void *p, size_t n, off_t off)
{
	return do_pread(fd, p, n, off);
}
ssize_t pread64(int fd, void *p, size_t n, off64_t off)
{
	return do_pread(fd, p, n, off);
}

int fsync(int fd)
{
	return ours(fd) && hit(SYNC) ? -1 : 0;
}
int fdatasync(int fd)
{
	return ours(fd) && hit(SYNC) ? -1 : 0;
}
int ftruncate(int fd, off_t n)
{
	return ours(fd) && hit(TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}
int ftruncate64(int fd, off64_t n)
{
	return ours(fd) && hit(TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}
int rename(const char *from, const char *to)
{
	return below(to) && hit(RENAME) ? -1 : (int)syscall(SYS_rename, from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	return below(to) && hit(RENAME) ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, flags);
}

#ifndef DISK_FAULT_NO_MEMORY /* for programs with a sanitizer, which replaces malloc */
void *malloc(size_t n)
{
	return n >= MEMORY_MIN_BYTES && hit(MEMORY) ? NULL : __libc_malloc(n);
}
void *calloc(size_t k, size_t n)
{
	return k * n >= MEMORY_MIN_BYTES && hit(MEMORY) ? NULL : __libc_calloc(k, n);
}
void *realloc(void *p, size_t n)
{
	return n >= MEMORY_MIN_BYTES && hit(MEMORY) ? NULL : __libc_realloc(p, n);
}
#endif
