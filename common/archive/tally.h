/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording what left no message here: refused and deferred attempts, sessions with a mailbox. How
 * it is applied: common/catalog/apply_tally.h. */
#ifndef JM_ARCHIVE_TALLY_H
#define JM_ARCHIVE_TALLY_H

#include "common/archive/archive.h"

/* Attempts to be counted. Strings are borrowed. */
struct jm_attempts {
	const char *service; /* NULL: no service has the address */
	int64_t time_ms;     /* counts for the day and hour of it */
	uint64_t received, refused, deferred;
	int64_t refusal_ms;  /* when the last refusal was; 0: leave what is known */
	const char *refusal; /* its text */
	const struct jm_attempt_reason {
		const char *name;
		uint64_t n;
	} * reasons; /* why recipients were not accepted, each once */
	size_t reasons_n;
};

/* Record n of them, durable when it returns. TEMP: nothing is counted. Any thread. */
int jm_archive_tally(
    struct jm_archive *a, const struct jm_attempts *t, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* The state in which a session left the journal mailbox of a service. */
struct jm_extract {
	const char *service;
	int64_t success_ms; /* when a session last ended properly; 0: leave what is known */
	uint64_t queue;     /* messages that it still holds and that are to be archived */
};

/* Keep it in the service's row, as last_extract and mailbox_queue; durable when it returns. TEMP.
 * Any thread. */
int jm_archive_extracted(
    struct jm_archive *a, const struct jm_extract *x, struct jm_err *err) JM_MUST_CHECK;

#endif
