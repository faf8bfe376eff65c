/* SPDX-License-Identifier: BSD-2-Clause */
/* What a message's own header says: the metadata that the report does not give (rules R10, R11). */
#ifndef JM_JOURNAL_DESCRIBE_H
#define JM_JOURNAL_DESCRIBE_H

#include "common/journal/unwrap.h"

#define JM_DESCRIBE_ADDRESSES_BYTES \
	(16u * 1024 * 1024) /* of one address field; what is behind is not read */

/*
 * Fill what u does not have yet from the header of u->message: subject, message_id, date, from;
 * report_date from received. parties: also sender and recipients from From, To, Cc, Bcc. What a cap
 * cuts short is counted in u->limits. TEMP.
 */
int jm_describe(
    struct jm_unwrap *u, struct jm_span received, bool parties, struct jm_err *err) JM_MUST_CHECK;

#endif
