/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing the catalog with the volumes. The catalog is a pure function of the records, so a
 * second one is made from them in DIR/tmp, and both are compared row by row. This finds an index
 * row without its item, an item that no index leads to, a wrong counter, a wrong due time.
 */
#ifndef JM_UPKEEP_COMPARE_H
#define JM_UPKEEP_COMPARE_H

#include "common/archive/archive.h"

struct jm_comparison {
	/* Gets each difference; seq 0: not known. 0: continue; other values end the comparison. */
	int (*differs)(void *ctx, uint64_t seq, const char *problem, struct jm_err *err);
	/* Called now and then. 0: continue; other values end the comparison. */
	int (*busy)(void *ctx, struct jm_err *err);
	void *ctx;
};

/* Compare; deposits may run meanwhile. 1: compared; 0: the disk has no room for a second catalog;
 * -1: TEMP, CORRUPT, or a visitor ended it (then err is as the visitor left it). One thread at a
 * time. */
int jm_compare_catalog(
    struct jm_archive *a, const struct jm_comparison *x, struct jm_err *err) JM_MUST_CHECK;

#endif
