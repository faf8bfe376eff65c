/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking through the records of all volumes in order, past what is damaged. What is wanted of a
 * record is the visitor's business.
 */
#ifndef JM_VOLUME_WALK_H
#define JM_VOLUME_WALK_H

#include "common/volume/file.h"

struct jm_walk {
	uint64_t since; /* sequence number of the first record to visit */
	/* Begin here instead of at the start of the volume that has since; from_volume 0: do not.
	 */
	uint64_t from_volume, from_offset;
	/* Gets each record (borrowed for the call). 0: go on; 1: enough; -1 with err. */
	int (*record)(void *ctx, const struct jm_record *r, struct jm_err *err);
	/* Gets what cannot be read, or is missing; seq 0: not known. 0, or -1 with err. */
	int (*damage)(void *ctx, const struct jm_damage *d, struct jm_err *err);
	void *ctx;
};

/* Walk. Beside deposits: visits what was in the volumes at the call. TEMP, or what a visitor
 * returned. Any thread. */
int jm_volumes_walk(
    struct jm_volumes *v, const struct jm_walk *w, struct jm_err *err) JM_MUST_CHECK;

/* The index of the first volume of a list that a walk from w->since (or w->from_volume) must look
 * at. Volumes with lost headers are never skipped. */
size_t jm_walk_first(const struct jm_volume *list, size_t n, const struct jm_walk *w);

#endif
