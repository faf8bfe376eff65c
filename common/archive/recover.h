/* SPDX-License-Identifier: BSD-2-Clause */
/* The start: which volumes are there, where does the log end, is the catalog up to date. */
#ifndef JM_ARCHIVE_RECOVER_H
#define JM_ARCHIVE_RECOVER_H

#include "common/archive/state.h"

/* Scan the volumes, cut off a torn tail, bring the catalog up; what it did waits as events in
 * a->notes. must_exist: do not make a new archive. NOTFOUND; CORRUPT: damage that must not be
 * touched; CONFIG, TEMP. Before any thread runs. */
int jm_recover_start(struct jm_archive *a, bool must_exist, struct jm_err *err) JM_MUST_CHECK;

#endif
