/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the daemon's user in the settings, and giving files away. See owner.h. */
#include "milter/ctl/files/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/settings/loader.h"
#include "common/settings/settings.h"

#include "milter/ctl/cli/print.h"

#define REPORT_BYTES 4096u
#define FOLDERS_DEEP 16

/* The user of the settings. 1 with *pw_r; 0: they name no user; -1. */
static int daemon_user(const struct jm_target *t, const char *verb, const char *dir,
    const struct passwd **pw_r, struct jm_err *err)
{
	const char *path = t->config ? t->config : JM_SETTINGS_DEFAULT_FILE;
	struct jm_settings *s = NULL;
	struct jm_buf report;
	int rc = 0;

	jm_buf_init(&report, REPORT_BYTES);
	if (jm_settings_load(path, &s, &report, err) != 0) {
		if (t->config)
			rc = -1;
		else if (err->kind != JM_E_NOTFOUND)
			jm_print(stderr,
			    "jmctl %s: %s; so the daemon's user is not known, and %s belongs to "
			    "root: chown -R it before the daemon starts\n",
			    verb, err->text, dir);
	} else if (s->user) {
		*pw_r = getpwnam(s->user);
		rc = *pw_r ? 1
			   : jm_err_set(err, JM_E_CONFIG,
				 "%s:%d: there is no user \"%s\" on this machine; systemd-sysusers "
				 "makes it",
				 path, jm_settings_line(s, NULL, "user"), s->user);
	}
	jm_settings_unref(&s);
	jm_buf_release(&report);
	return rc;
}

int jm_owner_make_folder(
    const struct jm_target *t, const char *verb, const char *dir, mode_t mode, struct jm_err *err)
{
	const struct passwd *pw = NULL;
	struct stat st;
	int fd, rc = geteuid() == 0 ? daemon_user(t, verb, dir, &pw, err) : 0;

	if (rc < 0 || jm_io_make_folder(dir, mode, (uid_t)-1, (gid_t)-1, err) != 0)
		return -1;
	if (rc == 0)
		return 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    (st.st_uid != 0 || fchown(fd, pw->pw_uid, pw->pw_gid) == 0))
		rc = 0;
	else
		rc = jm_err_sys(err, JM_E_DENIED, "%s: cannot give it to %s", dir, pw->pw_name);
	if (fd >= 0)
		close(fd);
	return rc;
}

int jm_owner_check(const struct jm_target *t, const char *verb, const char *dir, struct jm_err *err)
{
	const struct passwd *pw = NULL;
	int rc = 0;

	if (geteuid() != 0 && (t->config || !t->archive))
		rc = daemon_user(t, verb, dir, &pw, err);
	if (rc == 1 && pw->pw_uid != geteuid())
		return jm_err_set(err, JM_E_DENIED,
		    "the archive \"%s\" has to belong to %s, the daemon's user; run this as root, "
		    "or as that user",
		    dir, pw->pw_name);
	return rc < 0 ? -1 : 0;
}

static int give_folder(int fd, const struct stat *owner, unsigned depth);

/* Give away what is open: no name is looked up again, so that nothing else can be in its place. */
static int give_open(int fd, const struct stat *st, const struct stat *owner)
{
	if (S_ISREG(st->st_mode) && st->st_nlink > 1) { /* it would be given away elsewhere, too */
		errno = EMLINK;
		return -1;
	}
	if (st->st_uid == owner->st_uid && st->st_gid == owner->st_gid)
		return 0;
	return fchownat(fd, "", owner->st_uid, owner->st_gid, AT_EMPTY_PATH);
}

/* Give away one entry of a folder, with all that is below it on the same file system. */
static int give_entry(int folder, const char *name, const struct stat *owner, unsigned depth)
{
	int rc = -1, below, fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0)
		goto out;
	if (st.st_dev != owner->st_dev)
		rc = 0;
	else
		rc = give_open(fd, &st, owner);
	if (rc != 0 || !S_ISDIR(st.st_mode) || st.st_dev != owner->st_dev)
		goto out;
	below = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = below < 0 ? -1 : give_folder(below, owner, depth);
out:
	close(fd);
	return rc;
}

/* Takes fd. */
static int give_folder(int fd, const struct stat *owner, unsigned depth)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	int rc = 0, why;

	if (!d) {
		why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	if (depth == 0) {
		errno = ELOOP;
		rc = -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = give_entry(fd, e->d_name, owner, depth - 1);
	if (rc == 0 && errno != 0)
		rc = -1;
	why = errno;
	closedir(d);
	errno = why;
	return rc;
}

int jm_owner_spread(const char *dir, struct jm_err *err)
{
	struct stat owner;
	int fd;

	if (geteuid() != 0)
		return 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &owner) != 0) {
		if (fd >= 0)
			close(fd);
		return jm_err_sys(err, JM_E_TEMP, "%s", dir);
	}
	return give_folder(fd, &owner, FOLDERS_DEEP) == 0
	    ? 0
	    : jm_err_sys(err, JM_E_DENIED, "%s: cannot give its files to their owner", dir);
}
