/* SPDX-License-Identifier: BSD-2-Clause */
/* An archive is a folder with a lock file and a folder of volumes. See folder.h. */
#include "milter/ctl/files/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/archive.h"
#include "common/base/below.h"
#include "common/base/io.h"
#include "common/volume/volumes.h"

bool jm_folder_is_archive(const char *dir)
{
	char lock[PATH_MAX];

	return jm_volumes_exist(dir) &&
	    snprintf(lock, sizeof lock, "%s/lock", dir) < (int)sizeof lock &&
	    access(lock, F_OK) == 0;
}

/* Write the nearest folder at or above dir that exists, without symbolic links. */
static bool existing(const char *dir, char out[PATH_MAX])
{
	char part[PATH_MAX], *end;

	if (snprintf(part, sizeof part, "%s%s", dir[0] == '/' ? "" : "./", dir) >= (int)sizeof part)
		return false;
	while (!realpath(part, out)) {
		end = strrchr(part, '/');
		if (errno != ENOENT || !end || end == part)
			return false;
		*end = '\0';
	}
	return true;
}

int jm_folder_outside(const char *dir, bool copy, struct jm_err *err)
{
	char at[PATH_MAX], whole[PATH_MAX], *end;
	bool same;

	if (!existing(dir, at))
		return 0; /* making it will fail, or it is in the root folder */
	same = realpath(dir, whole) != NULL;
	if (same && copy && !jm_archive_has_daemon(at)) {
		end = strrchr(at, '/');
		*end = '\0';
	}
	while (*at != '\0' && !jm_folder_is_archive(at)) {
		end = strrchr(at, '/');
		*end = '\0';
	}
	return *at == '\0' ? 0
			   : jm_err_set(err, JM_E_USAGE,
				 "%s belongs to the archive %s; give a folder elsewhere", dir, at);
}

/* Call each entry of a folder good, or name it. */
static int check_entries(int fd, const char *dir, bool deep, struct jm_err *err)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	struct stat st;
	int rc = 0, sub;

	if (!d) {
		(void)jm_err_sys(err, JM_E_TEMP, "%s", dir);
		close(fd);
		return -1;
	}
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			rc = jm_err_set(err, JM_E_USAGE,
			    "%s has %s, \"%.100s\": give a folder of its own", dir,
			    jm_below_kind(st.st_mode), e->d_name);
		else if (S_ISREG(st.st_mode) && st.st_nlink > 1)
			rc = jm_err_set(err, JM_E_USAGE,
			    "%s: \"%.100s\" has another name, too (a hard link), and would "
			    "change: give a folder of its own",
			    dir, e->d_name);
		else if (S_ISDIR(st.st_mode) && deep &&
		    (sub = jm_below_folder(dirfd(d), e->d_name, false, NULL)) >= 0)
			rc = check_entries(sub, dir, false, err);
	}
	closedir(d);
	return rc;
}

int jm_folder_safe(const char *dir, struct jm_err *err)
{
	struct stat st;
	int fd = jm_io_open(dir, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return err->kind == JM_E_NOTFOUND ? 0 : -1;
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IWOTH)) {
		close(fd);
		return jm_err_set(err, JM_E_USAGE,
		    "every user can write in %s: give a folder in it, as %.100s/archive", dir, dir);
	}
	return check_entries(fd, dir, true, err);
}
