/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookup tables of an MTA, as Postfix's postmap and Sendmail's makemap write them: hash and btree
 * with Berkeley DB, lmdb, cdb. They are never written. The values are of no interest: only the keys
 * are visited.
 */
#ifndef JM_SERVICE_MTA_TABLE_H
#define JM_SERVICE_MTA_TABLE_H

#include "common/base/err.h"
#include "common/base/span.h"

/* The largest table of lmdb or cdb: it is copied to memory. */
#define JM_MTA_TABLE_BYTES (256u * 1024 * 1024)

/* Gets one key, without the NUL that Postfix appends to it; borrowed for the call. Returns 0, or -1
 * with err filled, which ends the walk. */
typedef int jm_mta_table_visit(void *ctx, struct jm_span key, struct jm_err *err);

/* Write the file name of a table to path_r: "hash:/etc/postfix/virtual" is
 * /etc/postfix/virtual.db, with "lmdb:" it is virtual.lmdb and with "cdb:" virtual.cdb. name may
 * have a type or not, and its ending or not; without both it is ".db". LIMIT when path_bytes are
 * too few. */
int jm_mta_table_path(
    const char *name, char *path_r, size_t path_bytes, struct jm_err *err) JM_MUST_CHECK;

/*
 * Visit all keys of the table in the file path; its ending says the format: ".lmdb", ".cdb", else
 * hash or btree of Berkeley DB. The whole table is checked before the first visit. NOTFOUND,
 * DENIED; CORRUPT when the file is no intact table; LIMIT when it has more than JM_MTA_TABLE_BYTES;
 * USAGE when it is no regular file; TEMP on other errors, and while another program writes the
 * table. A writer may begin during the walk: the caller compares the file before and after. Any
 * thread.
 */
int jm_mta_table_walk(
    const char *path, jm_mta_table_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
