/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into the daemon: each fsync and fdatasync takes SLOW_SYNC_US microseconds longer, as on a slow disk. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slow(const char *name, int fd)
{
	const char *us = getenv("SLOW_SYNC_US");
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

	usleep(us ? (useconds_t)strtoul(us, NULL, 10) : 0);
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
