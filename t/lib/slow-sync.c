/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into the daemon: each fsync and fdatasync takes SLOW_SYNC_US microseconds longer, as on
 * a slow disk, and does not end while the file SLOW_SYNC_WHILE is there. Each pread takes
 * SLOW_READ_US longer.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slow(const char *name, int fd)
{
	const char *us = getenv("SLOW_SYNC_US"), *path = getenv("SLOW_SYNC_WHILE");
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

	usleep(us ? (useconds_t)strtoul(us, NULL, 10) : 0);
	while (path && access(path, F_OK) == 0)
		usleep(10000);
	return real ? real(fd) : -1;
}

/* 64-bit offsets: both names are the same function */
ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	const char *us = getenv("SLOW_READ_US");
	ssize_t (*real)(int, void *, size_t, off_t) = (ssize_t(*)(int, void *, size_t, off_t))dlsym(
	    RTLD_NEXT, "pread");

	usleep(us ? (useconds_t)strtoul(us, NULL, 10) : 0);
	return real ? real(fd, p, n, at) : -1;
}

ssize_t pread64(int fd, void *p, size_t n, off_t at)
{
	return pread(fd, p, n, at);
}

int fsync(int fd)
{
	return slow("fsync", fd);
}

int fdatasync(int fd)
{
	return slow("fdatasync", fd);
}
