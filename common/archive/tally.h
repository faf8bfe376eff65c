/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording events that leave no message here: refused and deferred attempts, sessions with a
 * mailbox. common/catalog/apply_tally.h applies the records. Any thread. */
#ifndef JM_ARCHIVE_TALLY_H
#define JM_ARCHIVE_TALLY_H

#include "common/archive/archive.h"

/* Attempts to be counted. Strings are borrowed for the call. */
struct jm_attempts {
	const char *service; /* NULL: no service has the address */
	int64_t time_ms;     /* the day and hour to count for */
	uint64_t received, refused, deferred;
	int64_t refusal_ms;  /* time of the last refusal; 0: keep the stored one */
	const char *refusal; /* its text */
	const struct jm_attempt_reason {
		const char *name;
		uint64_t n;
	} * reasons; /* why recipients were not accepted, each once */
	size_t reasons_n;
};

/* Record n of them, durable when it returns. TEMP: none was counted. */
int jm_archive_tally(
    struct jm_archive *a, const struct jm_attempts *t, size_t n, struct jm_err *err) JM_MUST_CHECK;

/* The state in which a session left the journal mailbox of a service. */
struct jm_extract {
	const char *service;
	int64_t success_ms;     /* when a session last ended properly; 0: keep the stored time */
	uint64_t queue;         /* messages that the mailbox holds */
	uint64_t waiting;       /* those of them that are still to be archived */
	uint64_t unretrievable; /* those of them that the server does not deliver */
	int64_t unretrievable_since_ms; /* since when the server does not; 0: it does */
};

/* Record the state for the service's row (members extract_ms, mailbox_queue, mailbox_waiting,
 * mailbox_unretrievable and mailbox_unretrievable_since_ms); durable when it returns. TEMP. */
int jm_archive_extracted(
    struct jm_archive *a, const struct jm_extract *x, struct jm_err *err) JM_MUST_CHECK;

#endif
