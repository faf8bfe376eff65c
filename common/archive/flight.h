/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of digests in flight. It keeps two equal deposits from being stored twice: the second
 * one waits until the first is in the catalog, where it is found. */
#ifndef JM_ARCHIVE_FLIGHT_H
#define JM_ARCHIVE_FLIGHT_H

#include "common/archive/state.h"

/* Claims of a depositor who has no ticket yet. */
struct jm_claims {
	struct jm_flight flight[2];
	unsigned n;
};

/* Wait until neither digest is in flight, then claim both (second may be NULL, or equal to first).
 * TEMP: the catalog cannot be written, or the archive is closing. */
int jm_flight_claim(struct jm_archive *a, struct jm_claims *c, const unsigned char *first,
    const unsigned char *second, struct jm_err *err) JM_MUST_CHECK;

/* Release claims. */
void jm_flight_unclaim(struct jm_archive *a, struct jm_claims *c);

/* The claims belong to the ticket from now on. */
void jm_flight_hand_over(struct jm_archive *a, struct jm_claims *c, struct jm_ticket *t);

/* Release the claims of a ticket, if it still has any. */
void jm_flight_release(struct jm_archive *a, struct jm_ticket *t);

/* The same; the caller holds the archive's lock. */
void jm_flight_release_locked(struct jm_archive *a, struct jm_ticket *t);

#endif
