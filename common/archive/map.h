/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of an MTA, made by Postfix's postmap or Sendmail's makemap, read with Berkeley DB and
 * never written. */
#ifndef JM_ARCHIVE_MAP_H
#define JM_ARCHIVE_MAP_H

#include "common/base/err.h"
#include "common/base/span.h"

/* A key, without the NUL that Postfix puts behind it. Borrowed for the call. 0, or -1 with err
 * filled, which ends the walk. */
typedef int jm_map_visit(void *ctx, struct jm_span key, struct jm_err *err);

/* The file of a table: "hash:/etc/postfix/virtual" is /etc/postfix/virtual.db. name with or without
 * its type, with or without ".db". LIMIT. */
int jm_map_path(
    const char *name, char *path_r, size_t path_bytes, struct jm_err *err) JM_MUST_CHECK;

/*
 * Visit all keys of the hash or btree table in the file path. The table is checked whole before the
 * first visit, as a damaged one could be anything. NOTFOUND, DENIED; CORRUPT when it is no table;
 * TEMP, also while another program is writing it. Any thread.
 */
int jm_map_walk(const char *path, jm_map_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
