/* SPDX-License-Identifier: BSD-2-Clause */
/* Does the archive work at present? For the status, watchdogs and the rows of services. Any thread.
 */
#ifndef JM_ARCHIVE_HEALTH_H
#define JM_ARCHIVE_HEALTH_H

#include "common/archive/archive.h"

struct jm_health {
	struct jm_err write_trouble; /* why volumes cannot be written; kind NONE: they can */
	struct jm_err apply_trouble; /* why the catalog cannot be written; kind NONE: it can */
	bool disk_low;               /* less room than the reserve */
	uint64_t durable_seq;        /* the last acknowledged record */
	uint64_t groups;             /* synced since the start */
	uint64_t notes_dropped;      /* events dropped since the start */
};

/* Fill *h_r with the present state. */
void jm_archive_health(struct jm_archive *a, struct jm_health *h_r);

/* True when the archive cannot take messages at present, because it cannot write or its disk has
 * less room than the reserve. *why_r is the reason then. */
bool jm_archive_trouble(struct jm_archive *a, struct jm_err *why_r);

/* The time, in microseconds, for which the committer has had work without finishing a group (a
 * failed attempt counts as finished). 0: it has no work. INT64_MAX: the committer has ended. */
int64_t jm_archive_stalled_us(struct jm_archive *a);

#endif
