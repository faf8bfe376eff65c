/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the daemon's user in the settings, and giving files away. See owner.h. */
#include "milter/ctl/files/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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
#define FOLDERS_OPEN 16

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
	int rc = geteuid() == 0 ? daemon_user(t, verb, dir, &pw, err) : 0;

	if (rc < 0 || jm_io_make_folder(dir, mode, (uid_t)-1, (gid_t)-1, err) != 0)
		return -1;
	if (rc == 0 || stat(dir, &st) != 0 || st.st_uid != 0)
		return 0;
	return chown(dir, pw->pw_uid, pw->pw_gid) == 0
	    ? 0
	    : jm_err_sys(err, JM_E_DENIED, "%s: cannot give it to %s", dir, pw->pw_name);
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

static struct stat owner; /* nftw() has no argument for its function */

static int give_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)type, (void)where;
	if (S_ISREG(st->st_mode) && st->st_nlink > 1) { /* it would be given away elsewhere, too */
		errno = EMLINK;
		return -1;
	}
	return (st->st_uid == owner.st_uid && st->st_gid == owner.st_gid) ||
		lchown(path, owner.st_uid, owner.st_gid) == 0
	    ? 0
	    : -1;
}

int jm_owner_spread(const char *dir, struct jm_err *err)
{
	if (geteuid() != 0)
		return 0;
	if (stat(dir, &owner) != 0)
		return jm_err_sys(err, JM_E_TEMP, "%s", dir);
	return nftw(dir, give_one, FOLDERS_OPEN, FTW_PHYS | FTW_MOUNT) == 0
	    ? 0
	    : jm_err_sys(err, JM_E_DENIED, "%s: cannot give its files to their owner", dir);
}
