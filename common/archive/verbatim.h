/* SPDX-License-Identifier: BSD-2-Clause */
/* Storing records with the numbers and times that they had in another archive, for a load. The
 * archive must have been opened verbatim. One thread only. */
#ifndef JM_ARCHIVE_VERBATIM_H
#define JM_ARCHIVE_VERBATIM_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"
#include "common/volume/record.h"

/* A record that was submitted. */
struct jm_verbatim;

/* A record to store. Borrowed for the call; but see jm_verbatim_borrows(). */
struct jm_verbatim_record {
	enum jm_record_type type;
	uint64_t seq;
	int64_t time_ms;
	json_t *meta; /* of a report: its splice is replaced */
	/* a report: its bytes, the steps to its content, and its digests; else NULL */
	const struct jm_deposit *deposit;
	const struct jm_digests *digests;
};

/* Submit a record. The caller settles each *v_r, in the order of submission. TEMP, LIMIT, CORRUPT:
 * the record was not submitted. */
int jm_verbatim_submit(struct jm_archive *a, const struct jm_verbatim_record *r,
    struct jm_verbatim **v_r, struct jm_err *err) JM_MUST_CHECK;

/* True: the record must be settled before the bytes of its deposit become invalid. */
bool jm_verbatim_borrows(const struct jm_verbatim *v);

/* Wait until the record is durable, and free *v, which becomes NULL. TEMP, BUG: it is not durable.
 */
int jm_verbatim_settle(
    struct jm_archive *a, struct jm_verbatim **v, struct jm_err *err) JM_MUST_CHECK;

#endif
