/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables in the format cdb ("constant database"), as postmap writes them. */
#ifndef JM_SERVICE_TABLE_CDB_H
#define JM_SERVICE_TABLE_CDB_H

#include "common/service/mta_table.h"

/*
 * Visit all keys of the table whose file has these bytes, in the order of the file; a NUL at the
 * end of a key stays. All of the file is checked before the first visit. CORRUPT with the reason
 * when it is no intact table, or the error of visit. Pure; any thread.
 */
int jm_table_cdb_walk(
    struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
