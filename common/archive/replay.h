/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening the archive's catalog and bringing it up to the end of the volumes: at the start, for a
 * rebuild, and when the applier opens it again after an error. All functions work on a->catalog and
 * a->position, so only the start calls them, or the applier, which holds catalog_lock alone.
 */
#ifndef JM_ARCHIVE_REPLAY_H
#define JM_ARCHIVE_REPLAY_H

#include "common/archive/state.h"
#include "common/catalog/apply.h"

#define JM_CATALOG_NEW ".new" /* suffix of the folder in which a rebuild makes the catalog */

/* Open the catalog and read its position. If it is damaged or belongs to another archive, move it
 * away and begin a new one, and note that as an event; *cause_r is the reason then, else its kind
 * is NONE. CONFIG, TEMP. */
int jm_replay_open(struct jm_archive *a, struct jm_err *cause_r, struct jm_err *err) JM_MUST_CHECK;

/* After a rebuild: make the catalog in folder aside the archive's, and keep the old one as
 * catalog.bad. TEMP. */
int jm_replay_put_in_place(
    struct jm_archive *a, const char *aside, struct jm_err *err) JM_MUST_CHECK;

/* Bring the open catalog from its position up to the end of all volumes. A rebuild reports damaged
 * records and passes over them. CORRUPT, TEMP. */
int jm_replay_all(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Rebuild: continue at a position, and leave out the records before it. The position is stored at
 * once. TEMP. */
int jm_replay_skip_to(
    struct jm_archive *a, const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;

/* The way in which the archive's own catalog reads reports again. While the archive runs, a report
 * is unreadable only after several attempts; the start makes one attempt, to lose no time. */
struct jm_recall jm_replay_recall(struct jm_archive *a);

#endif
