/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving an archive to its owner, while another user of its folder exchanges what is in it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "milter/ctl/files/owner.h"
#include "t/lib/tap.h"

#define OTHER 12345

static const char *exchange; /* a folder in the archive; NULL: none is exchanged */

/* The first file that is given away: the folder becomes a link to DIR/outside at that moment. */
static void swap(void)
{
	char moved[600];

	if (!exchange)
		return;
	snprintf(moved, sizeof moved, "%s.moved", exchange);
	if (rename(exchange, moved) != 0 || symlink("../outside", exchange) != 0)
		abort();
	exchange = NULL;
}

/* In the place of those of libc. */
int lchown(const char *path, uid_t uid, gid_t gid);
int lchown(const char *path, uid_t uid, gid_t gid)
{
	swap();
	return (int)syscall(SYS_fchownat, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int fchownat(int folder, const char *path, uid_t uid, gid_t gid, int flags);
int fchownat(int folder, const char *path, uid_t uid, gid_t gid, int flags)
{
	swap();
	return (int)syscall(SYS_fchownat, folder, path, uid, gid, flags);
}

static const char *at(const char *name)
{
	static char path[8][500];
	static unsigned n;

	snprintf(path[n %= 8], sizeof path[0], "%s/%s", tap_folder(), name);
	return path[n++];
}

static void make(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || close(fd) != 0)
		abort();
}

static long owner_of(const char *name)
{
	struct stat st;

	return lstat(at(name), &st) == 0 ? (long)st.st_uid : -1;
}

static void test_all(void)
{
	struct jm_err err = { .kind = JM_E_NONE };

	tap_ok(jm_owner_spread(at("archive"), &err) == 0, "an archive is given away %s", err.text);
	tap_ok(owner_of("archive/volumes") == OTHER && owner_of("archive/volumes/f") == OTHER &&
		owner_of("archive/volumes/deep/f") == OTHER && owner_of("archive/link") == OTHER,
	    "with all folders, files and links in it");
	tap_is_int(owner_of("outside/f"), 0, "but not what a link names");
}

static void test_second_name(void)
{
	struct jm_err err;

	if (link(at("outside/f"), at("archive/volumes/g")) != 0)
		abort();
	tap_ok(jm_owner_spread(at("archive"), &err) != 0 && owner_of("outside/f") == 0,
	    "a file with a second name elsewhere is refused");
	if (unlink(at("archive/volumes/g")) != 0)
		abort();
}

static void test_exchange(void)
{
	struct jm_err err;

	if (lchown(at("archive/volumes"), 0, 0) != 0 || lchown(at("archive/volumes/f"), 0, 0) != 0)
		abort();
	exchange = at("archive/volumes");
	(void)!jm_owner_spread(at("archive"), &err);
	tap_ok(!exchange && owner_of("archive/volumes/f") == 0,
	    "a folder is exchanged for a link while the archive is given away");
	tap_is_int(owner_of("outside/f"), 0, "the files that the link names keep their owner");
	tap_is_int(owner_of("archive/volumes.moved/f"), OTHER, "those of the folder get theirs");
}

int main(void)
{
	if (geteuid() != 0) {
		tap_skip(1, "root is needed");
		return tap_done();
	}
	if (mkdir(at("outside"), 0700) != 0 || mkdir(at("archive"), 0700) != 0 ||
	    mkdir(at("archive/volumes"), 0700) != 0 ||
	    mkdir(at("archive/volumes/deep"), 0700) != 0 ||
	    symlink("../outside/f", at("archive/link")) != 0 ||
	    lchown(at("archive"), OTHER, OTHER) != 0)
		abort();
	make("outside/f");
	make("archive/volumes/f");
	make("archive/volumes/deep/f");
	test_all();
	test_second_name();
	test_exchange();
	return tap_done();
}
