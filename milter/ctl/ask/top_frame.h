/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drawing of jmctl top: the daemon's answer to "live", and the rates that several answers give.
 * Needs no terminal.
 */
#ifndef JM_MILTER_CTL_ASK_TOP_FRAME_H
#define JM_MILTER_CTL_ASK_TOP_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JM_TOP_SAMPLES 64

struct jm_top {
	json_t *state; /* the last answer, owned; NULL: none yet */
	bool stale;    /* the last request got no answer */
	struct jm_top_sample {
		int64_t at_us;
		json_int_t reports, commits, pid, groups, group_us;
	} sample[JM_TOP_SAMPLES]; /* of the last minute, oldest first */
	size_t n;
	bool colour;
};

/* Add an answer, received at now_us on the monotonic clock. Takes over the reference to state. */
void jm_top_add(struct jm_top *t, json_t *state, int64_t now_us);

/*
 * The rates as an object, which the caller owns: reports a second and a minute, commits a second,
 * reports a commit, duration of a commit; null for those that are not known yet. NULL without
 * memory.
 */
json_t *jm_top_rates(const struct jm_top *t);

/* Draw to f as lines that end in "\n", for a terminal of that many columns. */
void jm_top_draw(const struct jm_top *t, FILE *f, size_t columns);

#endif
