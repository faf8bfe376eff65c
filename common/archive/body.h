/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of a report: what is left out because it is stored already, and the compressed rest.
 * Used by deposits, and by a load, which brings reports from another archive.
 */
#ifndef JM_ARCHIVE_BODY_H
#define JM_ARCHIVE_BODY_H

#include "common/archive/compress.h"
#include "common/archive/flight.h"
#include "common/archive/splice.h"

/* A report that becomes a record. */
struct jm_record_maker {
	struct jm_ticket *ticket;
	struct jm_body body; /* holds the ticket's body */
};

/* The raw content of a deposit where it is a plain slice of what was received; else none. */
struct jm_span jm_body_slice(const struct jm_deposit *d);

/* Make the body of a ticket: the received bytes of d without what sp leaves out. TEMP. */
int jm_body_make(struct jm_archive *a, const struct jm_deposit *d, const struct jm_splice *sp,
    struct jm_record_maker *m, struct jm_err *err) JM_MUST_CHECK;

#endif
