/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the catalog: gathered over the records of a transaction, then added to their rows
 * once. One thread at a time uses a struct jm_counts. */
#ifndef JM_CATALOG_COUNT_H
#define JM_CATALOG_COUNT_H

#include "common/catalog/catalog.h"

#define JM_COUNT_HOURS 60 /* rows of so many hours are kept; dashboards show 48 */

struct jm_count {
	uint64_t records, reports, items, merged, set_aside, step_down, spliced, events,
	    received_bytes, stored_bytes;
	/* received = items + merged + set_aside + queued + refused + deferred */
	uint64_t received, queued, refused, deferred, expired;
	int64_t last_ms; /* not a sum: replaces the row's; 0: leave the row's */
};

struct jm_counts {
	struct {
		enum jm_table table;
		char *key; /* owned */
		struct jm_count count;
	} * row; /* owned */
	size_t n, cap;
};

/* Add c to the sums for row key (copied) of a table. To subtract, a member is the two's complement.
 * TEMP. */
int jm_counts_add(struct jm_counts *s, enum jm_table table, const char *key,
    const struct jm_count *c, struct jm_err *err) JM_MUST_CHECK;

/* Add all sums to their rows, and empty s. TEMP, CORRUPT. */
int jm_counts_store(struct jm_counts *s, struct jm_catalog *c, struct jm_txn *txn,
    struct jm_err *err) JM_MUST_CHECK;

/* Free the sums; s is empty then. */
void jm_counts_release(struct jm_counts *s);

#endif
