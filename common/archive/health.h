/* SPDX-License-Identifier: BSD-2-Clause */
/* Does the archive work just now? For status, watchdogs and the service's rows. Any thread. */
#ifndef JM_ARCHIVE_HEALTH_H
#define JM_ARCHIVE_HEALTH_H

#include "common/archive/archive.h"

struct jm_health {
	struct jm_err write_trouble; /* why volumes cannot be written; kind NONE: they can */
	struct jm_err apply_trouble; /* why the catalog cannot be written; kind NONE: it can */
	bool disk_low;               /* less room than the reserve */
	uint64_t durable_seq;        /* the last record that is acknowledged */
	uint64_t groups;             /* synced since the start */
	uint64_t notes_dropped;      /* events dropped since the start */
};

/* How it is now. */
void jm_archive_health(struct jm_archive *a, struct jm_health *h_r);

/* Can the archive take no message just now, as it cannot write or its disk has less room than the
 * reserve? True with the reason in text_r. */
bool jm_archive_trouble(struct jm_archive *a, char text_r[JM_ERR_TEXT_BYTES]);

/* For how long the committer has had work without finishing any (a failed attempt counts as
 * finished), in microseconds. 0: it has none. INT64_MAX: it is gone. */
int64_t jm_archive_stalled_us(struct jm_archive *a);

#endif
