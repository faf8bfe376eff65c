/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables in Berkeley DB's formats hash and btree, as postmap and makemap write them. */
#ifndef JM_SERVICE_TABLE_BDB_H
#define JM_SERVICE_TABLE_BDB_H

#include "common/service/mta_table.h"

/*
 * Visit all keys of the table in the file path, open as fd and locked; a NUL at the end of a key
 * stays. The whole table is checked before the first visit, because Berkeley DB may do anything
 * with a damaged one. CORRUPT when it is no intact table; NOTFOUND, DENIED, TEMP. Any thread.
 */
int jm_table_bdb_walk(int fd, const char *path, jm_mta_table_visit *visit, void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
