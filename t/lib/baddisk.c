/* SPDX-License-Identifier: BSD-2-Clause */
/* See baddisk.h. */
#include "t/lib/baddisk.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct disk disk = { .names = -1 };

static bool meant(int fd)
{
	char link[40], path[600];
	struct stat st;
	ssize_t n;

	if (disk.inode != 0 && (fstat(fd, &st) != 0 || st.st_ino != disk.inode))
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return strncmp(path, disk.below, strlen(disk.below)) == 0;
}

static bool hits(void)
{
	unsigned long n = atomic_fetch_add(&disk.count, 1) + 1;

	return disk.nth == 0 || n == disk.nth || (disk.from_then_on && n > disk.nth);
}

static ssize_t do_pread(int fd, void *p, size_t n, off_t off)
{
	uint64_t at = (uint64_t)off;
	enum what what = atomic_load(&disk.what);
	ssize_t got;

	if (what == WELL || what == NO_DESCRIPTOR || at >= disk.to || at + n <= disk.from ||
	    !meant(fd) || !hits())
		return syscall(SYS_pread64, fd, p, n, off);
	if (what != CHANGED && at < disk.from) /* everything before it can be read */
		return syscall(SYS_pread64, fd, p, (size_t)(disk.from - at), off);
	if (what == UNREADABLE) {
		errno = EIO;
		return -1;
	}
	if (what == ENDS)
		return 0;
	got = syscall(SYS_pread64, fd, p, n, off);
	if (got > 0)
		((unsigned char *)p)[at < disk.from ? disk.from - at : 0] ^= 0x20;
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

/* Berkeley DB tries it like this again. */
ssize_t read(int fd, void *p, size_t n)
{
	off_t at = atomic_load(&disk.what) == WELL ? -1 : lseek(fd, 0, SEEK_CUR);
	ssize_t got = at < 0 ? syscall(SYS_read, fd, p, n) : do_pread(fd, p, n, at);

	if (at >= 0 && got > 0)
		(void)lseek(fd, at + got, SEEK_SET);
	return got;
}

static int do_open(const char *path, int flags, mode_t mode)
{
	if (atomic_load(&disk.what) == NO_DESCRIPTOR &&
	    strncmp(path, disk.below, strlen(disk.below)) == 0 && hits()) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#include "open.h"

int fdatasync(int fd)
{
	(void)fd;
	if (atomic_load(&disk.sync_fails) <= 0)
		return 0;
	(void)atomic_fetch_sub(&disk.sync_fails, 1);
	errno = EIO;
	return -1;
}

static struct dirent *do_readdir(DIR *d, const char *name)
{
	struct dirent *(*real)(DIR *);

	if (atomic_load(&disk.names) >= 0 && atomic_fetch_sub(&disk.names, 1) == 0) {
		errno = EIO;
		return NULL;
	}
	*(void **)&real = dlsym(RTLD_NEXT, name);
	return real(d);
}

struct dirent *readdir(DIR *d)
{
	return do_readdir(d, "readdir");
}
struct dirent64 *readdir64(DIR *d)
{
	return (struct dirent64 *)(void *)do_readdir(d, "readdir64");
}

void bad_disk(enum what what, const char *path, uint64_t from, uint64_t to)
{
	atomic_store(&disk.what, WELL);
	snprintf(disk.below, sizeof disk.below, "%s", path);
	disk.from = from;
	disk.to = to;
	disk.nth = 0;
	disk.inode = 0;
	atomic_store(&disk.count, 0);
	atomic_store(&disk.what, what);
}

void good_disk(void)
{
	atomic_store(&disk.what, WELL);
	atomic_store(&disk.names, -1);
}
