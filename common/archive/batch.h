/* SPDX-License-Identifier: BSD-2-Clause */
/* Applying a batch of records, read from a volume, to a catalog. */
#ifndef JM_ARCHIVE_BATCH_H
#define JM_ARCHIVE_BATCH_H

#include "common/catalog/apply.h"
#include "common/volume/file.h"

struct jm_batch {
	struct jm_catalog *c; /* the caller holds it */
	const struct jm_recall *recall;
	const unsigned char *uuid; /* of the archive */
	int max;                   /* records in a batch */
	uint64_t until_seq;        /* no record after this one */
};

/* Apply records of volume v, open as f, from *at on, in one transaction; moves *at. CORRUPT, TEMP.
 */
int jm_batch_apply(const struct jm_batch *b, struct jm_position *at, const struct jm_volume_file *f,
    const struct jm_volume *v, struct jm_err *err) JM_MUST_CHECK;

#endif
