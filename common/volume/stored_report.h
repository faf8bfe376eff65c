/* SPDX-License-Identifier: BSD-2-Clause */
/* A report's record as it is in its volume: place, header, metadata. The one way to read them. */
#ifndef JM_VOLUME_STORED_REPORT_H
#define JM_VOLUME_STORED_REPORT_H

#include <jansson.h>

#include "common/volume/file.h"

struct jm_stored_report {
	struct jm_record record;
	json_t *meta; /* owned */
};

/*
 * Read the metadata of the report at a place: open the volume, read the record and check its
 * checksums, parse. seq: the number that it must have; 0: any. *r_r is owned by the caller:
 * jm_stored_report_release(). CORRUPT: it cannot be read, is no report, or has another number;
 * TEMP. Any thread.
 */
int jm_stored_report_read(struct jm_volumes *v, const struct jm_place *at, uint64_t seq,
    struct jm_stored_report *r_r, struct jm_err *err) JM_MUST_CHECK;

/* Free what *r owns; harmless on one that is all zeros. */
void jm_stored_report_release(struct jm_stored_report *r);

#endif
