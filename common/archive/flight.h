/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of digests in flight. It keeps equal bytes from being stored twice: a second deposit
 * waits until the first is in the catalog, and then finds it there. All functions here take the
 * archive's lock, unless they say otherwise. Any thread.
 */
#ifndef JM_ARCHIVE_FLIGHT_H
#define JM_ARCHIVE_FLIGHT_H

#include "common/archive/state.h"

/* The claims of a depositor before its ticket is complete. While n is not 0, the table points into
 * the struct: it must not move. */
struct jm_claims {
	struct jm_flight flight[2];
	unsigned n;
};

/* Wait until neither digest is in flight, then claim both (second may be NULL, or equal to first).
 * The claims end with jm_flight_unclaim() or jm_flight_hand_over(). TEMP: the catalog cannot be
 * written, or the archive is closing; nothing is claimed. */
int jm_flight_claim(struct jm_archive *a, struct jm_claims *c, const unsigned char *first,
    const unsigned char *second, struct jm_err *err) JM_MUST_CHECK;

/* Release claims. */
void jm_flight_unclaim(struct jm_archive *a, struct jm_claims *c);

/* Move the claims to the ticket. */
void jm_flight_hand_over(struct jm_archive *a, struct jm_claims *c, struct jm_ticket *t);

/* Release the claims of a ticket, if it has any. */
void jm_flight_release(struct jm_archive *a, struct jm_ticket *t);

/* As jm_flight_release(); the caller holds the archive's lock. */
void jm_flight_release_locked(struct jm_archive *a, struct jm_ticket *t);

#endif
