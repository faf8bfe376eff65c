/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifying an archive: every record is read and put together again, and the catalog is compared
 * with the volumes in both directions. Deposits may run meanwhile. */
#ifndef JM_UPKEEP_VERIFY_H
#define JM_UPKEEP_VERIFY_H

#include "common/archive/archive.h"

struct jm_verification {
	/* first record to check; 0: all, and if there are no findings, the catalog is also compared
	 * row by row with a second one that is made from the volumes */
	uint64_t since_seq;
	/* continue where an earlier verification ended early, with its sums, which are saved in
	 * DIR/verify.json now and then */
	bool resume;
	/* gets {done_bytes, total_bytes, records} now and then; may be NULL */
	jm_archive_visit *progress;
	jm_archive_visit *finding; /* gets {seq, volume, offset, problem}; may be NULL */
	void *ctx;                 /* for both */
};

/*
 * Check frame, checksum and digests of every report and content, and the catalog. *summary_r: {ok,
 * records, reports, contents, items, bytes, problems, catalog (how it was compared), seconds}; the
 * caller owns it. Damage is not an error of the call. NOTFOUND: there is no verification to resume.
 * TEMP (also when another verification of the archive runs), or a visitor's error. Any thread.
 */
int jm_archive_verify(struct jm_archive *a, const struct jm_verification *v, json_t **summary_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
