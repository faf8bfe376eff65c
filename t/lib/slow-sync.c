/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into the daemon: each fsync and fdatasync takes SLOW_SYNC_US microseconds longer, as on
 * a slow disk, and does not end while the file SLOW_SYNC_WHILE is there.
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

int fsync(int fd)
{
	return slow("fsync", fd);
}

int fdatasync(int fd)
{
	return slow("fdatasync", fd);
}
