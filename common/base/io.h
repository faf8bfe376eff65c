/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: full writes, syncs, and the one seam where tests make them fail.
 *
 * Every write, sync, truncation, creation and rename of the archive goes through here. With the
 * environment variable JM_FAULT=OP:N:WHAT (OP one of open write sync truncate rename any; WHAT an
 * errno name, "short" for half a write and then ENOSPC, or "kill" for SIGKILL) the Nth such call of
 * the process fails that way; JM_FAULT=OP:N+:WHAT fails from the Nth on. The seam costs one
 * comparison when the variable is not set.
 */
#ifndef JM_BASE_IO_H
#define JM_BASE_IO_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "common/base/err.h"
#include "common/base/span.h"

/* open(2) with O_CLOEXEC added; the descriptor, or -1 (NOTFOUND for ENOENT, DENIED for
 * EACCES/EPERM, else TEMP). */
int jm_io_open(const char *path, int flags, mode_t mode, struct jm_err *err) JM_MUST_CHECK;

/* Write all of p at the descriptor's position. TEMP. */
int jm_io_write(int fd, const void *p, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* Write all of the vector at offset; the vector's entries are changed while doing so. TEMP; then
 * the file may hold a part. */
int jm_io_pwritev(
    int fd, struct iovec *v, size_t n, uint64_t offset, struct jm_err *err) JM_MUST_CHECK;

/* Read exactly n bytes at offset. CORRUPT when the file ends before (err->sys ENODATA) or the disk
 * cannot read it (EIO), TEMP on another error. */
int jm_io_pread(int fd, void *p, size_t n, uint64_t offset, struct jm_err *err) JM_MUST_CHECK;

/* fdatasync(2). TEMP; a failure is final for that file: later success proves nothing. */
int jm_io_datasync(int fd, struct jm_err *err) JM_MUST_CHECK;

/* fsync(2) of the folder path, so that names in it last. TEMP. */
int jm_io_sync_dir(const char *path, struct jm_err *err) JM_MUST_CHECK;

/* ftruncate(2). TEMP. */
int jm_io_truncate(int fd, uint64_t length, struct jm_err *err) JM_MUST_CHECK;

/* rename(2). TEMP. */
int jm_io_rename(const char *from, const char *to, struct jm_err *err) JM_MUST_CHECK;

/* mkdir(2) with all parents; existing folders are fine. DENIED, TEMP. */
int jm_io_mkdirs(const char *path, mode_t mode, struct jm_err *err) JM_MUST_CHECK;

/* Read a whole file of at most max_bytes into a buffer of the caller's (malloc, NUL added, not
 * counted). LIMIT, NOTFOUND, ... */
int jm_io_read_file(const char *path, size_t max_bytes, unsigned char **p_r, size_t *n_r,
    struct jm_err *err) JM_MUST_CHECK;

/* Write a file by temporary name, sync, rename, sync of the folder. It gets mode, whatever the
 * umask. */
int jm_io_publish(
    const char *path, const void *p, size_t n, mode_t mode, struct jm_err *err) JM_MUST_CHECK;

#endif
