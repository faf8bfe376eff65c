/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the published state: stats.db, status.json and journal-milter.prom of one document, each
 * replaced as a whole. */
#ifndef JM_PUBLISH_PUBLISH_H
#define JM_PUBLISH_PUBLISH_H

#include <sys/types.h>

#include "common/publish/figure.h"

/* Write the three files into the folder dir, with this mode whatever the umask; each by temporary
 * name, sync and rename, so that a reader sees an old or a new one, whole. Not for two threads at
 * once. TEMP, DENIED, LIMIT; then some of the files may be old. */
int jm_publish_write(
    const char *dir, mode_t mode, const json_t *document, struct jm_err *err) JM_MUST_CHECK;

/* Write document as a plain Berkeley DB btree at path: statsdb.c. */
int jm_publish_statsdb(
    const char *path, mode_t mode, const json_t *document, struct jm_err *err) JM_MUST_CHECK;

#endif
