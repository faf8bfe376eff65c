/* SPDX-License-Identifier: BSD-2-Clause */
/* statsdb.c of a build without stats.db (configure --without-stats-db). */
#include <errno.h>
#include <unistd.h>

#include "common/publish/statsdb.h"

bool jm_publish_has_statsdb(void)
{
	return false;
}

/* A file that another build left would be read as if it were new. */
int jm_publish_statsdb(const char *path, mode_t mode, const json_t *document, struct jm_err *err)
{
	(void)mode, (void)document;
	return unlink(path) == 0 || errno == ENOENT
	    ? 0
	    : jm_err_sys(err, JM_E_TEMP, "cannot remove the old \"%s\"", path);
}
