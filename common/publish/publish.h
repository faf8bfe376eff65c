/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the published state: stats.db, status.json and journal-milter.prom from one document,
 * each replaced as a whole. A build without stats.db (statsdb.h) writes the other two. */
#ifndef JM_PUBLISH_PUBLISH_H
#define JM_PUBLISH_PUBLISH_H

#include <jansson.h>
#include <sys/types.h>

#include "common/base/err.h"

/* Write the files to the folder dir, with this mode whatever the umask. Each is written to a
 * temporary file, synced and renamed, so that a reader sees an old or a new file, and a whole one.
 * One thread per folder. DENIED; LIMIT: the path or a file is too long; TEMP: no memory, disk.
 * After an error some of the files may be new and others old. */
int jm_publish_write(
    const char *dir, mode_t mode, const json_t *document, struct jm_err *err) JM_MUST_CHECK;

#endif
