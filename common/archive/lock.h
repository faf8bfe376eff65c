/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which process has an archive open. DIR/lock is locked by the one that has it, and says which
 * program that is. A daemon that starts also locks DIR/starting, from before it waits for the
 * archive until jm_archive_started(): processes that only read then give the archive back, and no
 * other process takes it.
 */
#ifndef JM_ARCHIVE_LOCK_H
#define JM_ARCHIVE_LOCK_H

#include "common/archive/archive.h"

struct jm_lock {
	int fd, starting_fd; /* -1: not open */
	bool taken;          /* fd is locked */
	unsigned percent;    /* of the last progress; above 100: not known yet */
};

/* Lock the archive in o->dir for this process, waiting as long as o->busy wants. The caller calls
 * jm_lock_release(), also after an error: DENIED, TEMP; TEMP when another process has it. */
int jm_lock_take(
    struct jm_lock *l, const struct jm_archive_options *o, struct jm_err *err) JM_MUST_CHECK;
void jm_lock_release(struct jm_lock *l);

/* A daemon: the start is this far. Without effect in other processes and after the start. */
void jm_lock_progress(struct jm_lock *l, uint64_t done_bytes, uint64_t total_bytes);

/* A daemon: the start is over. */
void jm_lock_started(struct jm_lock *l);

/* True when a daemon is starting on the archive in dir; *user_r: which, its what is the progress,
 * "catalog 40 %". May be NULL. */
bool jm_lock_starting(const char *dir, struct jm_archive_user *user_r);

/* True when a daemon has the archive in dir open. Not for a process that has it open itself. */
bool jm_lock_of_daemon(const char *dir);

#endif
