/* SPDX-License-Identifier: BSD-2-Clause */
/* The date-time of RFC 5322 3.3 and 4.3, and the other forms that mail has in its place. Times are
 * printed by base/clock.h. */
#ifndef JM_MAIL_DATE_H
#define JM_MAIL_DATE_H

#include <stdint.h>

#include "common/base/span.h"

/*
 * Read an unfolded Date value as ms since 1970 UTC. Day, month, year, time and zone may be in any
 * plausible order, with comments, wrong or missing days of the week and text after them:
 *
 * - "17 Jul 2029", "17-Jul-29", "July 17th, 2029", "17. Juli 2029", "2029-07-17", "20290717"; years
 *   of two or three digits by RFC 5322. "17/07/2029" only if it has one meaning: "05/06/2029" is
 * not guessed.
 * - "12:13", "12:13:28.5", "12.13.28", "T121328", "12:13 PM", "24:00:00"; without a time 00:00.
 * - "+0200", "+02:00", "+02", "GMT+2", "Z" and the usual names, also in a comment. Without a zone,
 *   and with one that is not known or that RFC 5322 does not define (military letters, "-0000"),
 *   the time is read as UTC. Fractions of a second are dropped.
 *
 * Returns 0, or -1 with *ms_r untouched when value is not a date. Any thread.
 */
int jm_date_parse(struct jm_span value, int64_t *ms_r);

/* The same for a date that a person types: -1 also when there is anything else in it. */
int jm_date_typed(struct jm_span value, int64_t *ms_r);

#endif
