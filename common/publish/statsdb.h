/* SPDX-License-Identifier: BSD-2-Clause */
/* stats.db: the published state as a plain Berkeley DB btree, for readers in any language. Its
 * keys: stats.db(5). */
#ifndef JM_PUBLISH_STATSDB_H
#define JM_PUBLISH_STATSDB_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"

/* Does this build write stats.db? Not with configure --without-stats-db. */
bool jm_publish_has_statsdb(void);

/* Write the figures of document to path, with this mode whatever the umask: to a temporary file,
 * synced, then renamed to path. One thread per path. DENIED, LIMIT, TEMP; then the file at path is
 * the old one. A build without stats.db removes the file at path instead, if there is one. */
int jm_publish_statsdb(
    const char *path, mode_t mode, const json_t *document, struct jm_err *err) JM_MUST_CHECK;

#endif
