/* SPDX-License-Identifier: BSD-2-Clause */
/* Files. Their content is not known here. See io.h. */
#include "common/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum jm_err_kind jm_io_kind(int sys)
{
	switch (sys) {
	case ENOENT:
		return JM_E_NOTFOUND;
	case EACCES:
	case EPERM:
		return JM_E_DENIED;
	default:
		return JM_E_TEMP;
	}
}

int jm_io_open(const char *path, int flags, mode_t mode, struct jm_err *err)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return jm_err_sys(err, jm_io_kind(errno), "cannot open \"%s\"", path);
	return fd;
}

int jm_io_write(int fd, const void *p, size_t n, struct jm_err *err)
{
	const unsigned char *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return jm_err_sys(err, JM_E_TEMP, "cannot write");
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

/* Drop n written bytes from the front of a vector. */
static void advance(struct iovec **v, size_t *n, size_t written)
{
	while (*n && written >= (*v)->iov_len) {
		written -= (*v)->iov_len;
		(*v)++;
		(*n)--;
	}
	if (*n) {
		(*v)->iov_base = (unsigned char *)(*v)->iov_base + written;
		(*v)->iov_len -= written;
	}
}

int jm_io_pwritev(int fd, struct iovec *v, size_t n, uint64_t offset, struct jm_err *err)
{
	advance(&v, &n, 0);
	while (n) {
		ssize_t w = pwritev(fd, v, n > IOV_MAX ? IOV_MAX : (int)n, (off_t)offset);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return jm_err_sys(err, JM_E_TEMP, "cannot write");
		offset += (uint64_t)w;
		advance(&v, &n, (size_t)w);
	}
	return 0;
}

int jm_io_pread(int fd, void *p, size_t n, uint64_t offset, struct jm_err *err)
{
	unsigned char *at = p;

	while (n) {
		ssize_t r = pread(fd, at, n, (off_t)offset);

		if (r < 0 && errno == EINTR)
			continue;
		/* A sector that cannot be read now cannot be read later either: it is lost. */
		if (r < 0)
			return jm_err_sys(
			    err, errno == EIO ? JM_E_CORRUPT : JM_E_TEMP, "cannot read");
		if (r == 0) {
			jm_err_set(err, JM_E_CORRUPT, "file ends %zu bytes too early", n);
			if (err)
				err->sys = ENODATA;
			return -1;
		}
		at += r;
		offset += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

int jm_io_datasync(int fd, struct jm_err *err)
{
	struct statvfs fs;

	if (fdatasync(fd) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot sync");
	/* On a file system that has become read-only, because of an error, Linux may answer 0
	 * without having written anything. */
	if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0) {
		errno = EROFS;
		return jm_err_sys(err, JM_E_TEMP, "cannot sync");
	}
	return 0;
}

bool jm_io_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int jm_io_sync_dir(const char *path, struct jm_err *err)
{
	int fd = jm_io_open(path, O_RDONLY | O_DIRECTORY, 0, err), rc = 0;

	if (fd < 0)
		return -1;
	if (fsync(fd) != 0)
		rc = jm_err_sys(err, JM_E_TEMP, "cannot sync folder \"%s\"", path);
	close(fd);
	return rc;
}

int jm_io_truncate(int fd, uint64_t length, struct jm_err *err)
{
	if (ftruncate(fd, (off_t)length) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot truncate");
	return 0;
}

int jm_io_rename(const char *from, const char *to, struct jm_err *err)
{
	if (rename(from, to) != 0)
		return jm_err_sys(err, JM_E_TEMP, "cannot rename \"%s\" to \"%s\"", from, to);
	return 0;
}

int jm_io_mkdirs(const char *path, mode_t mode, struct jm_err *err)
{
	char part[PATH_MAX];
	size_t i, n = strlen(path);

	if (n == 0 || n >= sizeof part)
		return jm_err_set(err, JM_E_USAGE, "path of %zu bytes", n);
	for (i = 1; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, mode) != 0 && errno != EEXIST && !(i < n && errno == EROFS))
			return jm_err_sys(
			    err, jm_io_kind(errno), "cannot make folder \"%s\"", part);
	}
	return 0;
}

int jm_io_make_folder(const char *path, mode_t mode, uid_t uid, gid_t gid, struct jm_err *err)
{
	char above[PATH_MAX], *slash;
	struct stat st;

	if (stat(path, &st) == 0)
		return 0;
	if (strlen(path) >= sizeof above)
		return jm_err_set(err, JM_E_USAGE, "path of %zu bytes", strlen(path));
	memcpy(above, path, strlen(path) + 1);
	slash = strrchr(above, '/');
	if (slash && slash != above) {
		*slash = '\0';
		if (jm_io_mkdirs(above, 0755, err) != 0)
			return -1;
	}
	if (jm_io_mkdirs(path, mode, err) != 0)
		return -1;
	if (uid != (uid_t)-1 && chown(path, uid, gid) != 0)
		return jm_err_sys(
		    err, JM_E_TEMP, "cannot give \"%s\" to user %u", path, (unsigned)uid);
	return 0;
}

bool jm_io_closed_above(const char *path, char above[PATH_MAX])
{
	struct stat st;

	if (strlen(path) >= PATH_MAX)
		return false;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = slash == path ? 1 : (size_t)(slash - path);

		memcpy(above, path, n);
		above[n] = '\0';
		if (stat(above, &st) == 0 && !(st.st_mode & S_IXOTH))
			return true;
	}
	return false;
}

int jm_io_read_whole(int fd, const char *path, size_t max_bytes, unsigned char **p_r, size_t *n_r,
    struct jm_err *err)
{
	unsigned char *p = NULL;
	struct stat st;
	int rc = -1;

	if (fstat(fd, &st) != 0) {
		jm_err_sys(err, JM_E_TEMP, "cannot stat \"%s\"", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		jm_err_set(err, JM_E_USAGE, "\"%s\" is not a regular file", path);
		goto out;
	}
	if ((uint64_t)st.st_size > max_bytes) {
		jm_err_set(err, JM_E_LIMIT, "\"%s\" is larger than %zu bytes", path, max_bytes);
		goto out;
	}
	p = malloc((size_t)st.st_size + 1);
	if (!p) {
		jm_err_set(err, JM_E_TEMP, "out of memory for \"%s\"", path);
		goto out;
	}
	if (jm_io_pread(fd, p, (size_t)st.st_size, 0, err) != 0) {
		jm_err_wrap(err, "\"%s\"", path);
		goto out;
	}
	p[st.st_size] = 0;
	*p_r = p;
	*n_r = (size_t)st.st_size;
	p = NULL;
	rc = 0;
out:
	free(p);
	return rc;
}

int jm_io_read_file(
    const char *path, size_t max_bytes, unsigned char **p_r, size_t *n_r, struct jm_err *err)
{
	/* not blocking: it may be a FIFO */
	int fd = jm_io_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err), rc;

	if (fd < 0)
		return -1;
	rc = jm_io_read_whole(fd, path, max_bytes, p_r, n_r, err);
	close(fd);
	return rc;
}

int jm_io_publish(const char *path, const void *p, size_t n, mode_t mode, struct jm_err *err)
{
	char tmp[PATH_MAX], dir[PATH_MAX], *slash;
	int fd, rc = -1;

	if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp)
		return jm_err_set(err, JM_E_USAGE, "path of %zu bytes", strlen(path));
	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	/* A run that was killed left it, or somebody put a link there. */
	(void)unlink(tmp);
	fd = jm_io_open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, err);
	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) != 0)
		rc = jm_err_sys(err, JM_E_TEMP, "cannot set the mode of \"%s\"", tmp);
	else if (jm_io_write(fd, p, n, err) == 0 && jm_io_datasync(fd, err) == 0)
		rc = 0;
	close(fd);
	if (rc == 0)
		rc = jm_io_rename(tmp, path, err);
	if (rc == 0)
		rc = jm_io_sync_dir(slash ? dir : ".", err);
	else
		unlink(tmp); /* best effort; err already has the reason */
	return rc;
}
