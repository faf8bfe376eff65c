/* SPDX-License-Identifier: BSD-2-Clause */
/* An archive is a folder with a lock file and a folder of volumes. See folder.h. */
#include "milter/ctl/files/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/archive/archive.h"
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
