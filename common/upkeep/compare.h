/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the catalog what the volumes say? It is a pure function of the records, so a second one is
 * made of them in DIR/tmp, and both are compared row by row: an index row without its item, an item
 * that no index leads to, a wrong counter, a wrong due time are all found in the same way.
 */
#ifndef JM_UPKEEP_COMPARE_H
#define JM_UPKEEP_COMPARE_H

#include "common/archive/archive.h"

struct jm_comparison {
	/* Gets a difference; seq 0: not known. 0, or anything else to end. */
	int (*differs)(void *ctx, uint64_t seq, const char *problem, struct jm_err *err);
	/* Asked now and then whether to continue. 0: yes; anything else ends. */
	int (*busy)(void *ctx, struct jm_err *err);
	void *ctx;
};

/* Compare, beside deposits. 1: compared; 0: there is no room for a second catalog; -1: TEMP,
 * CORRUPT, or a visitor ended it. One thread at a time. */
int jm_compare_catalog(
    struct jm_archive *a, const struct jm_comparison *x, struct jm_err *err) JM_MUST_CHECK;

#endif
