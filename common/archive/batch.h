/* SPDX-License-Identifier: BSD-2-Clause */
/* Applying a batch of records from a volume to a catalog: the archive's own, or a second one. */
#ifndef JM_ARCHIVE_BATCH_H
#define JM_ARCHIVE_BATCH_H

#include "common/catalog/apply.h"
#include "common/volume/file.h"

struct jm_batch {
	struct jm_catalog *c; /* the caller is its only user */
	const struct jm_recall *recall;
	const unsigned char *uuid; /* of the archive */
	int max;                   /* records in a batch */
	uint64_t until_seq;        /* no record after this one */
};

/* Apply records of volume v, which is open as f, from *at on in one transaction; *at moves to the
 * record after the last. CORRUPT, TEMP: no record was applied, and *at is unchanged. */
int jm_batch_apply(const struct jm_batch *b, struct jm_position *at, const struct jm_volume_file *f,
    const struct jm_volume *v, struct jm_err *err) JM_MUST_CHECK;

#endif
