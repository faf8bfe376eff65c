/* SPDX-License-Identifier: BSD-2-Clause */
/* A progress bar on standard error with rate and remaining time, on a terminal only. One thread. */
#ifndef JM_MILTER_CTL_CLI_PROGRESS_H
#define JM_MILTER_CTL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct jm_progress {
	bool shown, drawn;
	int64_t first_us, last_us; /* when the bar was drawn */
	/* done when the bar was first drawn: earlier progress does not count for the rate */
	uint64_t first;
	bool begun;
	const char *what; /* the phase; NULL: no name; borrowed */
};

/*
 * Begin, or begin the next phase. p->shown is set when standard error is a terminal and TERM is not
 * "dumb"; otherwise nothing is ever drawn.
 */
void jm_progress_start(struct jm_progress *p, const char *what);

/*
 * Draw the bar for done of total. unit: the name of the things that are counted; NULL: bytes. Draws
 * at most ten times a second, and nothing while total is 0 (not known).
 */
void jm_progress_draw(struct jm_progress *p, uint64_t done, uint64_t total, const char *unit);

/* Remove the bar; call it before anything else is printed. */
void jm_progress_wipe(struct jm_progress *p);

#endif
