/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records that are lost at the end of the log: a file system lost them although it had said that
 * they are on the disk, a volume was removed or cut short, or an older copy was brought back. The
 * start finds that by comparing the end of the volumes with the catalog's position, and with an end
 * of the log that was recorded outside of the archive. Only the start uses these functions.
 */
#ifndef JM_ARCHIVE_LOSS_H
#define JM_ARCHIVE_LOSS_H

#include "common/archive/archive.h"
#include "common/catalog/position.h"

/* An end of the log that was recorded outside of the archive. */
struct jm_known_end {
	unsigned char uuid[JM_UUID_BYTES]; /* of the archive */
	struct jm_position at;
	char witness[100]; /* where it is from, for people */
};

/* Is a position after the end of the last volume? */
bool jm_loss_is_after(const struct jm_archive *a, const struct jm_position *at);

/* Does a->known_end have records that neither the volumes nor the catalog have? If it is of another
 * archive or cannot be right, log why, and return false. */
bool jm_loss_is_known(const struct jm_archive *a);

/* Log the loss of the records up to at, and note it as an event. witness: where at is from. TEMP,
 * LIMIT. */
int jm_loss_note(struct jm_archive *a, const struct jm_position *at, const char *witness,
    struct jm_err *err) JM_MUST_CHECK;

/* If a position is after the end of the last volume, list the lost volumes up to there, and state
 * the problem of the last one that is there. CORRUPT: too many are missing. TEMP. */
int jm_loss_list(
    struct jm_archive *a, const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;

#endif
