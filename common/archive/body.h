/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body of a report's record: the received bytes without the slice that is stored already,
 * compressed. Used for deposits, and for loads, which bring reports from another archive.
 */
#ifndef JM_ARCHIVE_BODY_H
#define JM_ARCHIVE_BODY_H

#include "common/archive/compress.h"
#include "common/archive/ticket.h"
#include "common/volume/metadata.h"

/* A report that becomes a record. The user of the struct drops the ticket and releases the body. */
struct jm_record_maker {
	struct jm_ticket *ticket;
	struct jm_body body; /* holds the ticket's body */
};

/* The raw content of a deposit, if it is a plain slice of the received bytes; else none. */
struct jm_span jm_body_slice(const struct jm_deposit *d);

/* Make the body of m->ticket: the received bytes of d without the slice that sp leaves out (holder
 * 0: no slice). TEMP, LIMIT. Any thread. */
int jm_body_make(struct jm_archive *a, const struct jm_deposit *d, const struct jm_splice *sp,
    struct jm_record_maker *m, struct jm_err *err) JM_MUST_CHECK;

#endif
