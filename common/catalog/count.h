/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the catalog: gathered over a group of records, then added to their rows once. */
#ifndef JM_CATALOG_COUNT_H
#define JM_CATALOG_COUNT_H

#include "common/catalog/catalog.h"

#define JM_COUNT_HOURS 60 /* whose rows are kept; dashboards show 48 */

struct jm_count {
	uint64_t records, reports, items, merged, set_aside, step_down, spliced, events,
	    received_bytes, stored_bytes;
	uint64_t received, queued, refused, deferred, expired; /* received = items + merged +
								  set_aside + queued + refused +
								  deferred */
	int64_t last_ms;                                       /* the latest counts; 0: leave */
};

struct jm_counts {
	struct {
		enum jm_table table;
		char *key; /* owned */
		struct jm_count count;
	} * row; /* owned */
	size_t n, cap;
};

/* Add c to the row key of table; what is to become less is added as its two's complement. TEMP. */
int jm_counts_add(struct jm_counts *s, enum jm_table table, const char *key,
    const struct jm_count *c, struct jm_err *err) JM_MUST_CHECK;

/* Add everything to the catalog and forget it. */
int jm_counts_store(struct jm_counts *s, struct jm_catalog *c, struct jm_txn *txn,
    struct jm_err *err) JM_MUST_CHECK;

void jm_counts_release(struct jm_counts *s);

#endif
