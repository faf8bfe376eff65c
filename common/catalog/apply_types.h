/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of apply share: the transaction at work, a record on its way, and how an earlier
 * report is read again. Types only; private to common/catalog but for the last three.
 */
#ifndef JM_CATALOG_APPLY_TYPES_H
#define JM_CATALOG_APPLY_TYPES_H

#include "common/catalog/catalog.h"
#include "common/catalog/count.h"
#include "common/volume/stored_report.h"

/* A record, borrowed. */
struct jm_applied {
	const struct jm_record_head *head;
	const json_t *meta;
	struct jm_place at;
};

/* A change moves an earlier report, whose metadata must be read again. */
struct jm_recall {
	/* Read report seq at its place into *r_r. 1; 0 with err: it cannot be read, continue
	 * without it; -1 with err: give up, the whole transaction is tried again later. */
	int (*read)(void *ctx, uint64_t seq, const struct jm_place *at,
	    struct jm_stored_report *r_r, struct jm_err *err);
	void *ctx;
};

/* A transaction on a catalog. */
struct jm_apply {
	struct jm_catalog *c;
	struct jm_txn *txn;
	struct jm_counts counts; /* gathered, stored at the end */
	const struct jm_recall *recall;
};

#endif
