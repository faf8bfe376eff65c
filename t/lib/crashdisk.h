/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that fails, for tests: the program's own open, write, sync, truncate, rename, unlink and
 * malloc (and those of the libraries in it) go through here. Calls on files below a folder are
 * counted, made to fail, or recorded; from the record the folder is made that a power cut would
 * leave.
 */
#ifndef JM_T_LIB_CRASHDISK_H
#define JM_T_LIB_CRASHDISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crash_op {
	CRASH_OPEN,
	CRASH_WRITE,
	CRASH_SYNC,
	CRASH_TRUNCATE,
	CRASH_RENAME,
	CRASH_ALLOC,
	CRASH_ANY,
	CRASH_OPS
};

struct crash_plan {
	enum crash_op op;
	unsigned long nth; /* 0: never */
	bool from_then_on, half, kill;
	int sys; /* errno; of a write with half: some of it is written before */
	bool record;
	/* recording: the syncs of volumes have no effect (a test that must fail) */
	bool forget_volume_syncs;
};

/* In memory that parent and child share. */
struct crash_log {
	unsigned long counts[CRASH_OPS];
	size_t used, ops;
	bool overflow;
	unsigned char bytes[];
};

/* The log to use; its size. Before the child is made. */
struct crash_log *crash_log_new(size_t bytes);

/* From now on, for files below dir. */
void crash_arm(
    const char *dir, const struct crash_plan *plan, struct crash_log *log, size_t log_bytes);

enum crash_cut {
	CRASH_STRICT,
	CRASH_TORN
}; /* only what was synced; or also a random part of the rest, in sectors, in any order */

/* Make in to what is left of from after the first ops calls. */
void crash_replay(const struct crash_log *log, size_t ops, const char *from, const char *to,
    enum crash_cut cut, size_t sector, uint64_t seed);

#endif
