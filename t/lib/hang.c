/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into the daemon: a read or write of the catalog's file does not end while the file
 * HANG_WHILE is there, and makes the file HANG_MET. While HANG_LATER is there, the monotonic clock
 * is ten minutes ahead.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AHEAD_S 600

static bool is_there(const char *name)
{
	const char *path = getenv(name);

	return path && access(path, F_OK) == 0;
}

static bool is_catalog(int fd)
{
	static const char name[] = "/catalog.db";
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path);
	return n >= (ssize_t)strlen(name) &&
	    memcmp(path + n - strlen(name), name, strlen(name)) == 0;
}

static void hang(int fd)
{
	while (is_there("HANG_WHILE") && is_catalog(fd)) {
		close(open(getenv("HANG_MET"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		usleep(10000);
	}
}

/* 64-bit offsets: both names are the same function */
ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	hang(fd);
	return syscall(SYS_pread64, fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off_t at)
{
	return pread(fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	hang(fd);
	return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite(fd, p, n, at);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (rc == 0 && id == CLOCK_MONOTONIC && is_there("HANG_LATER"))
		t->tv_sec += AHEAD_S;
	return rc;
}
