/* SPDX-License-Identifier: BSD-2-Clause */
/* Visiting the records of all volumes in order. Damaged records are reported and passed over. */
#ifndef JM_VOLUME_WALK_H
#define JM_VOLUME_WALK_H

#include "common/volume/file.h"

struct jm_walk {
	uint64_t since; /* sequence number of the first record to visit */
	/* Begin here, not at the start of the volume that has since; from_volume 0: not set. */
	uint64_t from_volume, from_offset;
	/* Gets each record (borrowed for the call). 0: continue; 1: enough; -1 with err. */
	int (*record)(void *ctx, const struct jm_record *r, struct jm_err *err);
	/* Gets each damaged or missing record; seq 0: not known. 0, or -1 with err. */
	int (*damage)(void *ctx, const struct jm_damage *d, struct jm_err *err);
	void *ctx;
};

/* Visit the records that are in the volumes at the time of the call; deposits may run meanwhile.
 * Returns 0 or -1: TEMP, or the error of a visitor. Any thread. */
int jm_volumes_walk(
    struct jm_volumes *v, const struct jm_walk *w, struct jm_err *err) JM_MUST_CHECK;

/* The index of the first volume of a list that a walk from w->since (or w->from_volume) must read.
 * No volume is skipped unless the header of the next one is good. */
size_t jm_walk_first(const struct jm_volume *list, size_t n, const struct jm_walk *w);

#endif
