/* SPDX-License-Identifier: BSD-2-Clause */
/* The position of a catalog: up to which record it has everything. */
#ifndef JM_CATALOG_POSITION_H
#define JM_CATALOG_POSITION_H

#include "common/catalog/catalog.h"
#include "common/volume/record.h"

/* All records up to and including seq are in the catalog; the next one is at offset of volume. */
struct jm_position {
	uint64_t seq, volume, offset;
	unsigned char sha256[JM_SHA256_BYTES]; /* digest of record seq */
};

/* Read it, and the archive's UUID into uuid_r. 1; 0: the catalog is new and has none; -1: CONFIG
 * (of a newer program), CORRUPT (also of an older program: it must be made again), TEMP. */
int jm_position_read(struct jm_catalog *c, struct jm_position *at_r,
    unsigned char uuid_r[JM_UUID_BYTES], struct jm_err *err) JM_MUST_CHECK;

/* Write it within a transaction. TEMP, CORRUPT. */
int jm_position_write(struct jm_txn *txn, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err) JM_MUST_CHECK;

#endif
