/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types that the files of apply share: a record to apply, the way to read an earlier report again,
 * and the open transaction. The members of struct jm_apply are private to common/catalog.
 */
#ifndef JM_CATALOG_APPLY_TYPES_H
#define JM_CATALOG_APPLY_TYPES_H

#include "common/catalog/catalog.h"
#include "common/catalog/count.h"
#include "common/volume/stored_report.h"

/* A record to apply, borrowed. */
struct jm_applied {
	const struct jm_record_head *head;
	const json_t *meta;
	struct jm_place at;
};

/* The way to read an earlier report again: a change that archives a report needs its metadata. The
 * rows depend on the answer; see apply.h. */
struct jm_recall {
	/* Read report seq at its place into *r_r, which apply releases. 1; 0 with err: it can
	 * never be read, apply continues without it; -1 with err: the transaction fails, and the
	 * caller tries it again later. */
	int (*read)(void *ctx, uint64_t seq, const struct jm_place *at,
	    struct jm_stored_report *r_r, struct jm_err *err);
	void *ctx;
};

/* An open transaction on a catalog. */
struct jm_apply {
	struct jm_catalog *c;
	struct jm_txn *txn;
	struct jm_counts counts; /* gathered, and stored at the end */
	const struct jm_recall *recall;
};

#endif
