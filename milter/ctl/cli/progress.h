/* SPDX-License-Identifier: BSD-2-Clause */
/* How far long work is: a bar on standard error with rate and time left, on a terminal only. */
#ifndef JM_MILTER_CTL_CLI_PROGRESS_H
#define JM_MILTER_CTL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct jm_progress {
	bool shown, drawn;
	int64_t first_us, last_us; /* of the pictures */
	uint64_t first; /* done at the first picture: what was there before has no rate */
	bool begun;
	const char *what; /* the phase, NULL: none; borrowed */
};

/* Begin, or begin the next phase. shown is what decides: standard error is a terminal and TERM is
 * not dumb. */
void jm_progress_start(struct jm_progress *p, const char *what);

/* Draw: done of total; unit NULL: they are bytes, else the name of what is counted. At most ten
 * pictures a second. total 0: not known, no picture. */
void jm_progress_draw(struct jm_progress *p, uint64_t done, uint64_t total, const char *unit);

/* Take the bar away, before anything else is written. */
void jm_progress_wipe(struct jm_progress *p);

#endif
