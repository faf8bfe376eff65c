/* SPDX-License-Identifier: BSD-2-Clause */
/* Storing reports: the way in. */
#ifndef JM_ARCHIVE_DEPOSIT_H
#define JM_ARCHIVE_DEPOSIT_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"

struct jm_receipt {
	uint64_t seq; /* of the record that holds it */
	unsigned char report_sha256[JM_SHA256_BYTES];
	unsigned char message_sha256[JM_SHA256_BYTES]; /* of the archived message, after the removal
							  of headers */
	uint64_t message_bytes;
	uint64_t stored_bytes; /* what the record takes on disk */
	bool queued;           /* it waits in the processing queue */
};

/* Store one report. 0: it is durable (one fdatasync a group). TEMP, LIMIT: nothing of it is stored.
 * Any thread. */
int jm_archive_deposit(struct jm_archive *a, const struct jm_deposit *d,
    struct jm_receipt *receipt_r, struct jm_err *err) JM_MUST_CHECK;

#endif
