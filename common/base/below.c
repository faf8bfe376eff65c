/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain files below a folder. See below.h. */
#include "common/base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/io.h"

#define TRIES 100 /* of random names */

static enum jm_err_kind kind_of(int sys)
{
	switch (sys) {
	case EROFS:
		return JM_E_DENIED;
	case ELOOP:
	case ENOTDIR:
	case EISDIR:
	case EEXIST:
	case ENAMETOOLONG:
		return JM_E_USAGE;
	default:
		return jm_io_kind(sys);
	}
}

const char *jm_below_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFDIR:
		return "a folder";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFREG:
		return "a plain file";
	default:
		return "a device";
	}
}

/* The error of name, for errno of a call on its part in the folder at. */
static int fail(int at, const char *part, const char *name, struct jm_err *err)
{
	int sys = errno;
	struct stat st;

	if ((sys == ELOOP || sys == ENOTDIR || sys == EISDIR || sys == ENXIO) &&
	    fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode)) {
		(void)jm_err_set(
		    err, JM_E_USAGE, "%s: %s is %s", name, part, jm_below_kind(st.st_mode));
	} else {
		errno = sys;
		(void)jm_err_sys(err, kind_of(sys), "%s", name);
	}
	if (err)
		err->sys = sys;
	return -1;
}

static int open_folder(int at, const char *part, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, part, flags);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	return mkdirat(at, part, 0700) == 0 || errno == EEXIST ? openat(at, part, flags) : -1;
}

static int fail_path(const char *name, struct jm_err *err)
{
	return jm_err_set(err, JM_E_USAGE, "%s: not a path below a folder", name);
}

/* Open the folder that has the last part of name. */
static int open_above(int top, const char *name, bool make, const char **last_r, struct jm_err *err)
{
	int at = fcntl(top, F_DUPFD_CLOEXEC, 0), next;
	const char *rest = name, *slash;
	char part[NAME_MAX + 1];

	if (at < 0)
		return jm_err_sys(err, JM_E_TEMP, "%s", name);
	for (; (slash = strchr(rest, '/')); rest = slash + 1) {
		size_t n = (size_t)(slash - rest);

		if (n == 0 || n >= sizeof part || (n == 2 && memcmp(rest, "..", 2) == 0)) {
			close(at);
			return fail_path(name, err);
		}
		memcpy(part, rest, n);
		part[n] = '\0';
		next = open_folder(at, part, make);
		if (next < 0)
			(void)fail(at, part, name, err);
		close(at);
		at = next;
		if (at < 0)
			return -1;
	}
	*last_r = rest;
	return at;
}

int jm_below_open(int top, const char *name, struct stat *st_r, struct jm_err *err)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	const char *last;
	int at = open_above(top, name, false, &last, err), fd = -1;
	struct stat st;

	if (at < 0)
		return -1;
	/* Look first: opening a device may act on it. */
	if (fstatat(at, last, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    (S_ISREG(st.st_mode) && (fd = openat(at, last, flags)) < 0))
		(void)fail(at, last, name, err);
	else if (fd >= 0 && fstat(fd, &st) != 0)
		(void)jm_err_sys(err, JM_E_TEMP, "%s", name);
	else if (!S_ISREG(st.st_mode))
		(void)jm_err_set(err, JM_E_USAGE, "%s is %s", name, jm_below_kind(st.st_mode));
	else {
		close(at);
		if (st_r)
			*st_r = st;
		return fd;
	}
	close(at);
	if (fd >= 0)
		close(fd);
	return -1;
}

FILE *jm_below_read(int top, const char *name, struct jm_err *err)
{
	int fd = jm_below_open(top, name, NULL, err);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && !f) {
		(void)jm_err_sys(err, JM_E_TEMP, "%s", name);
		close(fd);
	}
	return f;
}

int jm_below_folder(int top, const char *name, bool make, struct jm_err *err)
{
	const char *last;
	int at = open_above(top, name, make, &last, err), fd;

	if (at < 0)
		return -1;
	if (strcmp(last, "..") == 0) {
		close(at);
		return fail_path(name, err);
	}
	fd = open_folder(at, last, make);
	if (fd < 0)
		(void)fail(at, last, name, err);
	close(at);
	return fd;
}

/* ---- new files ---- */

/* Call make(f) with random names until there is no file of that name. */
static int with_temporary(struct jm_below *f, int (*make)(const struct jm_below *f))
{
	uint64_t random;
	int rc = -1;

	for (int i = 0; rc < 0 && i < TRIES; i++) {
		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return -1;
		snprintf(f->temporary, sizeof f->temporary, ".jm-%016" PRIx64, random);
		rc = make(f);
		if (rc < 0 && errno != EEXIST)
			break;
	}
	if (rc < 0)
		f->temporary[0] = '\0';
	return rc;
}

static int make_named(const struct jm_below *f)
{
	return openat(
	    f->folder, f->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* The path of a file without a name, for linkat(2). */
static char *own_path(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return path;
}

static int make_link(const struct jm_below *f)
{
	char path[32];

	return linkat(AT_FDCWD, own_path(f->fd, path), f->folder, f->temporary, AT_SYMLINK_FOLLOW);
}

int jm_below_create(int top, const char *name, struct jm_below *f, struct jm_err *err)
{
	char path[32];
	const char *last = name;

	*f = (struct jm_below){ .fd = -1, .folder = open_above(top, name, true, &last, err) };
	if (f->folder < 0)
		return -1;
	if (*last == '\0' || strlen(last) > NAME_MAX) {
		(void)jm_err_set(err, JM_E_USAGE, "%s: not a name of a file", name);
		goto bad;
	}
	memcpy(f->name, last, strlen(last) + 1);
	f->fd = openat(f->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd >= 0 && access(own_path(f->fd, path), F_OK) != 0) { /* no /proc here */
		close(f->fd);
		f->fd = -1;
		errno = EOPNOTSUPP;
	}
	if (f->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
		f->fd = with_temporary(f, make_named);
	f->open = f->fd >= 0;
	if (f->open)
		return 0;
	(void)jm_err_sys(err, kind_of(errno) == JM_E_DENIED ? JM_E_DENIED : JM_E_TEMP,
	    "cannot create \"%s\"", name);
bad:
	close(f->folder);
	f->folder = -1;
	return -1;
}

FILE *jm_below_write(const struct jm_below *f, struct jm_err *err)
{
	int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!stream) {
		(void)jm_err_sys(err, JM_E_TEMP, "%s", f->name);
		if (fd >= 0)
			close(fd);
	}
	return stream;
}

/* Give it a name that no file has. */
static int name_new(const struct jm_below *f)
{
	char path[32];

	if (linkat(f->temporary[0] ? f->folder : AT_FDCWD,
		f->temporary[0] ? f->temporary : own_path(f->fd, path), f->folder, f->name,
		f->temporary[0] ? 0 : AT_SYMLINK_FOLLOW) != 0)
		return -1;
	if (f->temporary[0])
		(void)unlinkat(f->folder, f->temporary, 0); /* it has its name */
	return 0;
}

/* Give it its name, in the place of a plain file. */
static int name_over(struct jm_below *f)
{
	if (f->temporary[0] == '\0' && with_temporary(f, make_link) < 0)
		return -1;
	return renameat(f->folder, f->temporary, f->folder, f->name);
}

int jm_below_keep(struct jm_below *f, bool replace, struct jm_err *err)
{
	struct stat st;
	bool there = fstatat(f->folder, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && !S_ISREG(st.st_mode))
		return jm_err_set(err, JM_E_USAGE, "%s is %s", f->name, jm_below_kind(st.st_mode));
	if ((replace && there ? name_over(f) : name_new(f)) != 0) {
		if (errno == EEXIST) {
			(void)jm_err_set(err, JM_E_USAGE, "%s is there already", f->name);
			if (err)
				err->sys = EEXIST;
			return -1;
		}
		return jm_err_sys(err, kind_of(errno) == JM_E_DENIED ? JM_E_DENIED : JM_E_TEMP,
		    "cannot make \"%s\"", f->name);
	}
	f->temporary[0] = '\0';
	jm_below_drop(f);
	return 0;
}

void jm_below_drop(struct jm_below *f)
{
	if (!f->open)
		return;
	if (f->temporary[0])
		(void)unlinkat(f->folder, f->temporary, 0);
	close(f->fd);
	close(f->folder);
	f->open = false;
	f->temporary[0] = '\0';
}
