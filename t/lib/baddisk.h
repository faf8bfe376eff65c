/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that cannot be read, for tests: pread, read, readdir, open and fdatasync of the program
 * and of the libraries in it go through here (so it is linked with -rdynamic). One that cannot be
 * written: crashdisk.h.
 */
#ifndef JM_T_LIB_BADDISK_H
#define JM_T_LIB_BADDISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ALL UINT64_MAX

enum what { WELL, UNREADABLE, ENDS, CHANGED, NO_DESCRIPTOR };

/* Set by bad_disk(); a test may change the other members before the next call. */
struct disk {
	_Atomic enum what what;
	char below[600];   /* files whose path begins so */
	uint64_t from, to; /* bytes of the file */
	ino_t inode;       /* of the one that is meant; 0: any */
	unsigned long nth; /* of the reads that are meant; 0: all */
	bool from_then_on;
	atomic_ulong count;
	atomic_int sync_fails; /* so many times */
	atomic_int names;      /* so many names of a folder, then EIO; -1: all */
};
extern struct disk disk;

/* From now on the bytes from to to of the files whose path begins so. */
void bad_disk(enum what what, const char *path, uint64_t from, uint64_t to);

/* All is well again. */
void good_disk(void);

#endif
