/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged volumes: missing, without a good header, cut short, of another archive. What their
 * headers said is guessed from the records and from the neighbours, so that all other records stay
 * readable. Nothing is changed on the disk. Before any thread runs.
 */
#ifndef JM_VOLUME_SALVAGE_H
#define JM_VOLUME_SALVAGE_H

#include "common/volume/volumes.h"

/* Put entries for missing numbers up to last (0: up to the highest that is there) into the list.
 * CORRUPT: too many are missing. TEMP. */
int jm_salvage_absent(struct jm_volumes *v, uint64_t last, struct jm_err *err) JM_MUST_CHECK;

/* Find the archive's UUID in the volumes' headers; when all headers are lost, try the catalog's
 * (known; NULL: none). Volumes of another archive get a problem. CORRUPT: it cannot be found. */
int jm_salvage_uuid(
    struct jm_volumes *v, const unsigned char *known, struct jm_err *err) JM_MUST_CHECK;

/* Guess what lost headers said: first numbers, and the ends of the volumes before them. TEMP. */
int jm_salvage_guess(struct jm_volumes *v, struct jm_err *err) JM_MUST_CHECK;

#endif
