/* SPDX-License-Identifier: BSD-2-Clause */
/* Metadata from a message's own header, for what the report does not give (rules R10, R11). */
#ifndef JM_JOURNAL_DESCRIBE_H
#define JM_JOURNAL_DESCRIBE_H

#include "common/journal/unwrap.h"

/* Of one address field, only this many bytes are read. */
#define JM_DESCRIBE_ADDRESSES_BYTES (16u * 1024 * 1024)

#define JM_DESCRIBE_TRACES 100u /* cap on the recipients that relays left in a header */

/*
 * Fill what *u does not have yet from the header of u->message: subject, message_id, date, from;
 * and report_date from the header of received. With options (else NULL), take also the sender and
 * the recipients (R11). A value that a cap cuts short is counted in u->limits. Returns 0, or -1
 * with err filled (TEMP).
 */
int jm_describe(struct jm_unwrap *u, struct jm_span received,
    const struct jm_unwrap_options *options, struct jm_err *err) JM_MUST_CHECK;

#endif
