/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: whole writes and reads, and syncs. The archive writes, syncs, truncates, creates and
 * renames its volumes through these functions; only Berkeley DB writes files of its own.
 *
 * Unless said otherwise, functions return 0, or -1 with err filled and errno in err->sys. Any
 * thread.
 */
#ifndef JM_BASE_IO_H
#define JM_BASE_IO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "common/base/err.h"
#include "common/base/span.h"

/* The kind of an error of open(2) or mkdir(2) by its errno: NOTFOUND for ENOENT, DENIED for EACCES
 * and EPERM, else TEMP. */
enum jm_err_kind jm_io_kind(int sys);

/* open(2) with O_CLOEXEC added. Returns the descriptor, owned by the caller, or -1: NOTFOUND for
 * ENOENT, DENIED for EACCES and EPERM, else TEMP. */
int jm_io_open(const char *path, int flags, mode_t mode, struct jm_err *err) JM_MUST_CHECK;

/* Write all n bytes at the position of fd. TEMP; then a part may have been written. */
int jm_io_write(int fd, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Write all of v (n entries, which are changed on the way) at offset. TEMP; then a part may have
 * been written. */
int jm_io_pwritev(
    int fd, struct iovec *v, size_t n, uint64_t offset, struct jm_err *err) JM_MUST_CHECK;

/* Read exactly n bytes at offset. CORRUPT when the file is shorter (err->sys is ENODATA) or the
 * disk cannot read them (EIO), else TEMP. */
int jm_io_pread(int fd, void *p, size_t n, uint64_t offset, struct jm_err *err) JM_MUST_CHECK;

/* fdatasync(2). TEMP; a failure is final for this file: a later success proves nothing about the
 * bytes written before. */
int jm_io_datasync(int fd, struct jm_err *err) JM_MUST_CHECK;

/* Is a file that had state b unchanged in state a, as far as its place, size and time of change
 * say?
 */
bool jm_io_is_same(const struct stat *a, const struct stat *b);

/* fsync(2) of the folder at path, which makes the names in it durable. NOTFOUND, DENIED, TEMP. */
int jm_io_sync_dir(const char *path, struct jm_err *err) JM_MUST_CHECK;

/* ftruncate(2) to length bytes. TEMP. */
int jm_io_truncate(int fd, uint64_t length, struct jm_err *err) JM_MUST_CHECK;

/* rename(2). TEMP. */
int jm_io_rename(const char *from, const char *to, struct jm_err *err) JM_MUST_CHECK;

/* mkdir(2) of path and all its parents; existing folders are fine. DENIED, NOTFOUND, TEMP; USAGE
 * for an empty path or one that is too long. */
int jm_io_mkdirs(const char *path, mode_t mode, struct jm_err *err) JM_MUST_CHECK;

/* Make the folder path for the daemon's user (uid -1: for the user of this process), with mode; the
 * folders above it get 0755, so that this user comes through. Existing folders are left as they
 * are. DENIED, NOTFOUND, TEMP; USAGE as jm_io_mkdirs(). */
int jm_io_make_folder(
    const char *path, mode_t mode, uid_t uid, gid_t gid, struct jm_err *err) JM_MUST_CHECK;

/* Is a folder above path closed to other users than its owner and group? above gets the first; a
 * folder that cannot be read is no answer. */
bool jm_io_closed_above(const char *path, char above[PATH_MAX]);

/* Read a whole regular file of at most max_bytes. *p_r: a buffer of *n_r bytes and a NUL, which the
 * caller frees with free(). LIMIT when the file is larger, USAGE when it is not a regular file,
 * NOTFOUND, DENIED, CORRUPT, TEMP. */
int jm_io_read_file(const char *path, size_t max_bytes, unsigned char **p_r, size_t *n_r,
    struct jm_err *err) JM_MUST_CHECK;

/* The same of an open file; path is its name for errors. */
int jm_io_read_whole(int fd, const char *path, size_t max_bytes, unsigned char **p_r, size_t *n_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Replace the file at path by n bytes, durably and at once: write path.tmp, sync it, rename it,
 * sync the folder. The file gets mode whatever the umask is. DENIED, NOTFOUND, TEMP; USAGE for a
 * path that is too long. After a failure the old file is untouched, unless only the last sync
 * failed. */
int jm_io_publish(
    const char *path, const void *p, size_t n, mode_t mode, struct jm_err *err) JM_MUST_CHECK;

#endif
