/* SPDX-License-Identifier: BSD-2-Clause */
/* Verification: every record read and rebuilt, and the catalog compared with the volumes in both
 * directions. Runs beside deposits. */
#ifndef JM_UPKEEP_VERIFY_H
#define JM_UPKEEP_VERIFY_H

#include "common/archive/archive.h"

struct jm_verification {
	uint64_t since_seq; /* first record to look at; 0: all, and if nothing is found, the catalog
			       is also compared row by row with one that is made again */
	bool resume; /* continue where an earlier one was broken off, with the sums until then, as
			kept in DIR/verify.json now and then */
	jm_archive_visit *progress; /* gets {done_bytes, total_bytes, records} now and then; or NULL
				     */
	jm_archive_visit *finding;  /* gets {seq, volume, offset, problem}; or NULL */
	void *ctx;                  /* of both */
};

/*
 * Check frame, checksum and digests of every report and content, and the catalog. *summary_r: {ok,
 * records, reports, contents, items, bytes, problems, catalog (how it was compared), seconds}; the
 * caller owns it. -1 only if it could not run: NOTFOUND: nothing to resume; TEMP; or a visitor's
 * error. Any thread.
 */
int jm_archive_verify(struct jm_archive *a, const struct jm_verification *v, json_t **summary_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
