/* SPDX-License-Identifier: BSD-2-Clause */
/* The date-time of RFC 5322 3.3 and 4.3, read leniently. Times are printed by base/clock.h. */
#ifndef JM_MAIL_DATE_H
#define JM_MAIL_DATE_H

#include <stdint.h>

#include "common/base/span.h"

/*
 * Read an unfolded Date value as ms since 1970 UTC. Accepted are also comments, a wrong day of the
 * week, missing seconds, years of two or three digits, obsolete zones, a missing zone (read as
 * UTC), "17-Jul-2029" and "Jul 17 12:13:28 2029". Returns 0, or -1 with *ms_r untouched when value
 * is not a date. Any thread.
 */
int jm_date_parse(struct jm_span value, int64_t *ms_r);

#endif
