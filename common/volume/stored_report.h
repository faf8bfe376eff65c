/* SPDX-License-Identifier: BSD-2-Clause */
/* A report's record as it is in its volume: place, header, parsed metadata. All code that needs the
 * metadata of a stored report reads it here. */
#ifndef JM_VOLUME_STORED_REPORT_H
#define JM_VOLUME_STORED_REPORT_H

#include <jansson.h>

#include "common/volume/file.h"

struct jm_stored_report {
	struct jm_record record;
	json_t *meta; /* owned */
};

/*
 * Read the metadata of the report at a place: open the volume, read the record, check its
 * checksums, parse. seq: the number that it must have; 0: any. The caller releases *r_r with
 * jm_stored_report_release(). CORRUPT: the record cannot be read, is not a report, or has another
 * number. TEMP. Any thread.
 */
int jm_stored_report_read(struct jm_volumes *v, const struct jm_place *at, uint64_t seq,
    struct jm_stored_report *r_r, struct jm_err *err) JM_MUST_CHECK;

/* The two steps of that: fetch leaves the text of the metadata in r_r->record, and meta NULL. */
int jm_stored_report_fetch(struct jm_volumes *v, const struct jm_place *at, uint64_t seq,
    struct jm_stored_report *r_r, struct jm_err *err) JM_MUST_CHECK;
int jm_stored_report_parse(struct jm_stored_report *r, struct jm_err *err) JM_MUST_CHECK;

/* Free the record and its metadata. Harmless when *r is all zeros. */
void jm_stored_report_release(struct jm_stored_report *r);

#endif
