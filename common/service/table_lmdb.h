/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables in the format of LMDB, as postmap writes them. */
#ifndef JM_SERVICE_TABLE_LMDB_H
#define JM_SERVICE_TABLE_LMDB_H

#include "common/service/mta_table.h"

/*
 * Visit all keys of the table whose file has these bytes, in ascending order; a NUL at the end of a
 * key stays. All pages of the table are checked before the first visit. CORRUPT with the reason
 * when it is no intact table, or the error of visit. Pure; any thread.
 */
int jm_table_lmdb_walk(
    struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
