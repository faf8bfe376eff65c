/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of dates: months, zones, AM and PM. Pure functions, any thread. */
#ifndef JM_MAIL_DATE_WORD_H
#define JM_MAIL_DATE_WORD_H

#include <stdbool.h>

#include "common/base/span.h"

enum jm_date_half { JM_DATE_NO_HALF, JM_DATE_AM, JM_DATE_PM };

/* The month, 1 to 12, that a word names in English, German, French, Spanish, Italian, Portuguese,
 * Dutch or a Scandinavian language, whole or shortened to three letters or more; 0: it does not. */
int jm_date_month(struct jm_span word);

/* The half of the day that a word names. */
enum jm_date_half jm_date_half(struct jm_span word);

/* Is the word the name of a zone with one meaning, or one that RFC 5322 gives a meaning? *min_r:
 * its minutes east of UTC. */
bool jm_date_zone(struct jm_span word, int *min_r);

/* Does a word belong to dates without changing them: a day of the week in English, "T", "at", "th"?
 */
bool jm_date_is_filler(struct jm_span word);

#endif
