/* SPDX-License-Identifier: BSD-2-Clause */
/* The start: scanning the volumes, finding the end of the log, bringing the catalog up to date. */
#ifndef JM_ARCHIVE_RECOVER_H
#define JM_ARCHIVE_RECOVER_H

#include "common/archive/state.h"

/* Scan the volumes, cut off a torn tail, bring the catalog up. The actions are put into a->notes as
 * events. must_exist: do not make a new archive. NOTFOUND: there is no archive. CORRUPT: damage
 * that must not be touched. CONFIG, TEMP. Before any thread runs. */
int jm_recover_start(struct jm_archive *a, bool must_exist, struct jm_err *err) JM_MUST_CHECK;

#endif
