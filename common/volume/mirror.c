/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the volume files of a copy. See mirror.h. */
#include "common/volume/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/below.h"
#include "common/base/io.h"

#define CHUNK_BYTES (256u * 1024u)
#define DIR_MAX_BYTES 3900 /* so that every path here fits into JM_VOLUME_PATH_BYTES */

static char *folder_path(const struct jm_mirror *m, char path[JM_VOLUME_PATH_BYTES])
{
	char whole[JM_VOLUME_PATH_BYTES];

	snprintf(path, JM_VOLUME_PATH_BYTES, "%s%s", jm_volume_folder(m->dir, whole),
	    m->part ? ".part" : "");
	return path;
}

/* The name of a volume in this folder. */
static const char *file_name(uint64_t number, char path[JM_VOLUME_PATH_BYTES])
{
	return strrchr(jm_volume_path("", number, path), '/') + 1;
}

/* Call each(folder's descriptor, name) for every volume file of a folder; the sum of what it
 * returns. fd, -1 for none, is closed. */
static uint64_t sum_files(int fd, uint64_t (*each)(int dir_fd, const char *name))
{
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	uint64_t sum = 0, number;
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (jm_volume_name_number(e->d_name, &number))
			sum += each(dirfd(d), e->d_name);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return sum;
}

static uint64_t file_counts(int dir_fd, const char *name)
{
	(void)dir_fd;
	(void)name;
	return 1;
}

static uint64_t file_stays(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0) != 0;
}

uint64_t jm_mirror_count(const char *dir)
{
	const struct jm_mirror m = { .dir = dir };
	char path[JM_VOLUME_PATH_BYTES];

	return sum_files(
	    jm_io_open(folder_path(&m, path), O_RDONLY | O_DIRECTORY, 0, NULL), file_counts);
}

bool jm_mirror_is_unfinished(const char *dir, char path[JM_VOLUME_PATH_BYTES])
{
	const struct jm_mirror m = { .dir = dir, .part = true };

	return access(folder_path(&m, path), F_OK) == 0;
}

uint64_t jm_mirror_bytes(const char *dir)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct stat st;
	uint64_t sum = 0;

	for (uint64_t i = 1; stat(jm_volume_path(dir, i, path), &st) == 0; i++)
		sum += (uint64_t)st.st_size;
	return sum;
}

int jm_mirror_prepare(struct jm_mirror *m, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	int top;

	if (strlen(m->dir) > DIR_MAX_BYTES)
		return jm_err_set(err, JM_E_USAGE, "the folder's name is too long");
	if (jm_io_mkdirs(m->dir, 0700, err) != 0 ||
	    (top = jm_io_open(m->dir, O_RDONLY | O_DIRECTORY, 0, err)) < 0)
		return -1;
	m->folder = jm_below_folder(top, strrchr(folder_path(m, path), '/') + 1, true, err);
	close(top);
	if (m->folder < 0)
		return jm_err_wrap(err, "%s", m->dir);
	m->prepared = true;
	if (m->part && sum_files(openat(m->folder, ".", O_RDONLY | O_CLOEXEC), file_stays) > 0)
		return jm_err_set(err, JM_E_DENIED,
		    "cannot remove what a restore that was broken off left in %s", path);
	return 0;
}

int jm_mirror_begin(
    struct jm_mirror *m, uint64_t number, uint64_t offset, uint64_t bytes, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	const char *name = file_name(number, path);
	struct stat st;

	m->fd = openat(m->folder, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (m->fd < 0 || fstat(m->fd, &st) != 0)
		return jm_err_sys(err,
		    errno == ELOOP || errno == EISDIR || errno == ENXIO ? JM_E_USAGE
			: errno == EACCES || errno == EPERM             ? JM_E_DENIED
									: JM_E_TEMP,
		    "%s: volume %s", m->dir, name);
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return jm_err_set(err, JM_E_USAGE, "%s: volume %s is %s", m->dir, name,
		    S_ISREG(st.st_mode) ? "a file with another name, too, that must not change"
					: jm_below_kind(st.st_mode));
	m->offset = offset;
	m->left = bytes;
	m->files++;
	if ((uint64_t)st.st_size < offset)
		return jm_err_set(
		    err, JM_E_CORRUPT, "%s: volume %s is shorter than it was", m->dir, name);
	return (uint64_t)st.st_size > offset ? jm_io_truncate(m->fd, offset, err) : 0;
}

int jm_mirror_append(struct jm_mirror *m, const void *p, size_t n, struct jm_err *err)
{
	struct iovec v = { (void *)(uintptr_t)p, n };

	if (m->fd < 0 || n > m->left)
		return jm_err_set(err, JM_E_CORRUPT, "bytes came that belong to no volume");
	if (jm_io_pwritev(m->fd, &v, 1, m->offset, err) != 0)
		return -1;
	m->offset += n;
	m->left -= n;
	return 0;
}

int jm_mirror_end(struct jm_mirror *m, struct jm_err *err)
{
	int rc = 0;

	if (m->fd < 0)
		return 0;
	if (m->left > 0)
		rc = jm_err_set(err, JM_E_TEMP, "a volume came without all of its bytes");
	else
		rc = jm_io_datasync(m->fd, err);
	close(m->fd);
	m->fd = -1;
	return rc;
}

void jm_mirror_release(struct jm_mirror *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	if (m->prepared)
		close(m->folder);
	m->prepared = false;
}

int jm_mirror_take(struct jm_mirror *m, const char *from, uint64_t number,
    void (*on_bytes)(void *ctx, size_t n), void *ctx, struct jm_err *err)
{
	unsigned char *chunk = malloc(CHUNK_BYTES);
	char path[JM_VOLUME_PATH_BYTES];
	uint64_t at = 0;
	struct stat st;
	int fd = -1, rc = -1;

	if (!chunk) {
		(void)jm_err_set(err, JM_E_TEMP, "out of memory");
		goto out;
	}
	fd = jm_io_open(
	    jm_volume_path(from, number, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	if (fd < 0)
		goto out;
	if (fstat(fd, &st) != 0) {
		(void)jm_err_sys(err, JM_E_TEMP, "cannot stat %s", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		(void)jm_err_set(err, JM_E_USAGE, "%s is no plain file", path);
		goto out;
	}
	rc = jm_mirror_begin(m, number, 0, (uint64_t)st.st_size, err);
	while (rc == 0 && m->left > 0) {
		size_t n = m->left < CHUNK_BYTES ? (size_t)m->left : CHUNK_BYTES;

		rc = jm_io_pread(fd, chunk, n, at, err) != 0 ? jm_err_wrap(err, "%s", path)
							     : jm_mirror_append(m, chunk, n, err);
		at += n;
		if (rc == 0)
			on_bytes(ctx, n);
	}
	if (rc == 0)
		rc = jm_mirror_end(m, err);
out:
	if (fd >= 0)
		close(fd);
	free(chunk);
	return rc;
}

/* Give the folder of volumes and its files to the owner of DIR. */
static int give_away(const struct jm_mirror *m, struct jm_err *err)
{
	char path[JM_VOLUME_PATH_BYTES];
	struct stat st;
	int rc;

	if (geteuid() != 0 || stat(m->dir, &st) != 0 || st.st_uid == 0)
		return 0;
	rc = fchown(m->folder, st.st_uid, st.st_gid);
	for (uint64_t i = 1; rc == 0 && i <= m->files; i++)
		rc = fchownat(
		    m->folder, file_name(i, path), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
	return rc == 0 ? 0
		       : jm_err_sys(err, JM_E_DENIED, "%s: cannot give it to its owner", m->dir);
}

int jm_mirror_finish(const struct jm_mirror *m, struct jm_err *err)
{
	const struct jm_mirror whole = { .dir = m->dir };
	char path[JM_VOLUME_PATH_BYTES], to[JM_VOLUME_PATH_BYTES];

	if (jm_io_sync_dir(folder_path(m, path), err) != 0)
		return -1;
	if (m->part &&
	    (give_away(m, err) != 0 || jm_io_rename(path, folder_path(&whole, to), err) != 0))
		return -1;
	return jm_io_sync_dir(m->dir, err);
}
