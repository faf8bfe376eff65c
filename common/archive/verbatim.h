/* SPDX-License-Identifier: BSD-2-Clause */
/* Records with the numbers and times that they had in another archive, for a load. The archive was
 * opened verbatim. One thread. */
#ifndef JM_ARCHIVE_VERBATIM_H
#define JM_ARCHIVE_VERBATIM_H

#include "common/archive/archive.h"
#include "common/volume/metadata.h"
#include "common/volume/record.h"

/* A record on its way. */
struct jm_verbatim;

/* What is known of a record. Borrowed for the call. */
struct jm_verbatim_record {
	enum jm_record_type type;
	uint64_t seq;
	int64_t time_ms;
	json_t *meta;
	/* A report: its bytes, steps to its content, and digests; else NULL. */
	const struct jm_deposit *deposit;
	const struct jm_digests *digests;
};

/* Submit a record; *v_r is its way. The caller must settle in the order of submission. TEMP. */
int jm_verbatim_submit(struct jm_archive *a, const struct jm_verbatim_record *r,
    struct jm_verbatim **v_r, struct jm_err *err) JM_MUST_CHECK;

/* Must it be settled before the deposit's bytes go away? */
bool jm_verbatim_borrows(const struct jm_verbatim *v);

/* Wait until it is durable, and free it; *v becomes NULL. TEMP: it is not. */
int jm_verbatim_settle(
    struct jm_archive *a, struct jm_verbatim **v, struct jm_err *err) JM_MUST_CHECK;

#endif
