/* SPDX-License-Identifier: BSD-2-Clause */
/* Storing reports. common/volume/metadata.h has struct jm_deposit. */
#ifndef JM_ARCHIVE_DEPOSIT_H
#define JM_ARCHIVE_DEPOSIT_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"

#define JM_MESSAGE_MAX_BYTES (4ull << 30) /* limit of a received message */

/* The result of a deposit. */
struct jm_receipt {
	uint64_t seq; /* of the report's record */
	unsigned char report_sha256[JM_SHA256_BYTES];
	/* of the archived message, after the removal of headers */
	unsigned char message_sha256[JM_SHA256_BYTES];
	uint64_t message_bytes;
	uint64_t stored_bytes; /* size of the record on disk */
	bool queued;           /* the report waits in the processing queue */
	bool already_here;     /* d->once: nothing was stored, seq is that of the earlier report */
};

/* Store one report, d (borrowed for the call). 0: it is durable; a group of records shares one
 * fdatasync. TEMP, LIMIT: nothing was acknowledged, and the sender must try again. Any thread. */
int jm_archive_deposit(struct jm_archive *a, const struct jm_deposit *d,
    struct jm_receipt *receipt_r, struct jm_err *err) JM_MUST_CHECK;

#endif
