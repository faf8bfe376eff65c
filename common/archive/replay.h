/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening the catalog, and bringing it up to the end of the volumes: at the start, when the applier
 * opens it again after an error, for a rebuild, and for a second catalog to compare with.
 */
#ifndef JM_ARCHIVE_REPLAY_H
#define JM_ARCHIVE_REPLAY_H

#include "common/archive/state.h"
#include "common/catalog/apply.h"

#define JM_CATALOG_NEW ".new" /* suffix of the folder in which a rebuild makes the catalog */

/* Open the catalog and find its position. If it cannot be opened or is of another archive, move it
 * away and begin a new one; *why_r says why (kind NONE: it was fine). CONFIG, TEMP. */
int jm_replay_open(struct jm_archive *a, struct jm_err *why_r, struct jm_err *err) JM_MUST_CHECK;

/* After a rebuild: the catalog that was made in folder aside becomes the archive's, and the old one
 * is kept as catalog.bad. TEMP. */
int jm_replay_put_in_place(
    struct jm_archive *a, const char *aside, struct jm_err *err) JM_MUST_CHECK;

/* Bring the open catalog from its position up to the end of all volumes. A rebuild passes over what
 * is damaged and reports it. CORRUPT, TEMP. */
int jm_replay_all(struct jm_archive *a, struct jm_err *err) JM_MUST_CHECK;

/* Rebuild: continue at a position, without the records before it; stored at once. TEMP. */
int jm_replay_skip_to(
    struct jm_archive *a, const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;

/* How the archive's own catalog reads reports again: retried for a while when the archive runs, not
 * at the start, which has to get on. The applier's, or the start's. */
struct jm_recall jm_replay_recall(struct jm_archive *a);

#endif
