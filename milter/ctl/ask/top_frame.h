/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl top's picture: what the daemon tells ("live"), and what follows from several looks. top.c
 * asks and owns the terminal, top_frame.c draws. */
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
	bool stale;    /* no daemon answered the last time */
	struct jm_top_sample {
		int64_t at_us;
		json_int_t reports, commits, pid, groups, group_us;
	} sample[JM_TOP_SAMPLES]; /* a ring of the last minute's; sample[n - 1] is the newest */
	size_t n;
	bool colour;
};

/* Take an answer in (the reference is taken over). */
void jm_top_add(struct jm_top *t, json_t *state, int64_t now_us);

/* Reports a second and a minute, commits a second, reports a commit, how long a commit took, as far
 * as the looks tell; null for what they do not. Caller owns. */
json_t *jm_top_rates(const struct jm_top *t);

/* Draw to f, columns wide: lines that end in "\n". */
void jm_top_draw(const struct jm_top *t, FILE *f, size_t columns);

#endif
