/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged volumes: missing, without a good header, cut short, of another archive. The contents of
 * lost headers are guessed from the records and from the neighbours, so that all other records stay
 * readable. Nothing is changed on the disk. Used by scan.c, before any thread runs.
 */
#ifndef JM_VOLUME_SALVAGE_H
#define JM_VOLUME_SALVAGE_H

#include "common/volume/volumes.h"

/* Put an entry into the list for each missing number up to last (0: up to the highest listed
 * number). CORRUPT: too many are missing. TEMP. */
int jm_salvage_absent(struct jm_volumes *v, uint64_t last, struct jm_err *err) JM_MUST_CHECK;

/* Set v->uuid from the volumes' headers. When all headers are lost, try known, the catalog's UUID
 * (NULL: not known). Volumes of another archive get a problem. CORRUPT: no UUID was found. */
int jm_salvage_uuid(
    struct jm_volumes *v, const unsigned char *known, struct jm_err *err) JM_MUST_CHECK;

/* Guess the contents of lost headers: the first number of each volume, and the end of the volume
 * before it. TEMP. */
int jm_salvage_guess(struct jm_volumes *v, struct jm_err *err) JM_MUST_CHECK;

/* Get the number of the last record that volume one has as a whole; 0: no record is whole.
 * Bodies are not checked. TEMP. */
int jm_salvage_last_whole(struct jm_volumes *v, const struct jm_volume *one, uint64_t *last_r,
    struct jm_err *err) JM_MUST_CHECK;

/* If volume i ends before the place where the next one says, state in its problem which records are
 * lost. TEMP. */
int jm_salvage_name_lost(struct jm_volumes *v, size_t i, struct jm_err *err) JM_MUST_CHECK;

#endif
