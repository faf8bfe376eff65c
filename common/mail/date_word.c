/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of dates, as tables. See date_word.h. */
#include "common/mail/date_word.h"

#include <stddef.h>

/* A word is a month when it begins with one of these; the first that fits counts. 0: it is a day of
 * the week. */
static const struct {
	const char *prefix;
	int month;
} months[] = {
	{ "jan", 1 },
	{ "jän", 1 },
	{ "JÄN", 1 },
	{ "gen", 1 },
	{ "ene", 1 },
	{ "feb", 2 },
	{ "fev", 2 },
	{ "fév", 2 },
	{ "mardi", 0 },
	{ "marte", 0 },
	{ "mar", 3 },
	{ "mär", 3 },
	{ "MÄR", 3 },
	{ "maer", 3 },
	{ "mrz", 3 },
	{ "mrt", 3 },
	{ "maart", 3 },
	{ "apr", 4 },
	{ "avr", 4 },
	{ "abr", 4 },
	{ "mai", 5 },
	{ "may", 5 },
	{ "maj", 5 },
	{ "mag", 5 },
	{ "mei", 5 },
	{ "juin", 6 },
	{ "jun", 6 },
	{ "giu", 6 },
	{ "juil", 7 },
	{ "jul", 7 },
	{ "lug", 7 },
	{ "aug", 8 },
	{ "aoû", 8 },
	{ "aou", 8 },
	{ "ago", 8 },
	{ "sep", 9 },
	{ "set", 9 },
	{ "oct", 10 },
	{ "okt", 10 },
	{ "ott", 10 },
	{ "out", 10 },
	{ "nov", 11 },
	{ "dec", 12 },
	{ "déc", 12 },
	{ "dez", 12 },
	{ "des", 12 },
	{ "dic", 12 },
};

/* Not here: IST and others with more than one meaning. */
static const struct {
	const char *name;
	int min;
} zones[] = {
	{ "gmt", 0 },
	{ "ut", 0 },
	{ "utc", 0 },
	{ "z", 0 },
	{ "est", -300 },
	{ "edt", -240 },
	{ "cst", -360 },
	{ "cdt", -300 },
	{ "mst", -420 },
	{ "mdt", -360 },
	{ "pst", -480 },
	{ "pdt", -420 },
	{ "akst", -540 },
	{ "akdt", -480 },
	{ "hst", -600 },
	{ "wet", 0 },
	{ "west", 60 },
	{ "bst", 60 },
	{ "cet", 60 },
	{ "cest", 120 },
	{ "met", 60 },
	{ "mest", 120 },
	{ "mez", 60 },
	{ "mesz", 120 },
	{ "eet", 120 },
	{ "eest", 180 },
	{ "sast", 120 },
	{ "msk", 180 },
	{ "pkt", 300 },
	{ "hkt", 480 },
	{ "sgt", 480 },
	{ "awst", 480 },
	{ "jst", 540 },
	{ "kst", 540 },
	{ "acst", 570 },
	{ "acdt", 630 },
	{ "aest", 600 },
	{ "aedt", 660 },
	{ "nzst", 720 },
	{ "nzdt", 780 },
};

static const char *const fillers[] = { "mon", "monday", "tue", "tues", "tuesday", "wed",
	"wednesday", "thu", "thur", "thurs", "thursday", "fri", "friday", "sat", "saturday", "sun",
	"sunday", "t", "at", "st", "nd", "rd", "th" };

int jm_date_month(struct jm_span word)
{
	for (size_t i = 0; i < sizeof months / sizeof months[0]; i++)
		if (jm_span_starts_nocase(word, jm_span_str(months[i].prefix)))
			return months[i].month;
	return 0;
}

enum jm_date_half jm_date_half(struct jm_span word)
{
	return jm_span_eq_nocase(word, jm_span_str("am")) ? JM_DATE_AM
	    : jm_span_eq_nocase(word, jm_span_str("pm"))  ? JM_DATE_PM
							  : JM_DATE_NO_HALF;
}

bool jm_date_zone(struct jm_span word, int *min_r)
{
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		if (!jm_span_eq_nocase(word, jm_span_str(zones[i].name)))
			continue;
		*min_r = zones[i].min;
		return true;
	}
	return false;
}

bool jm_date_is_filler(struct jm_span word)
{
	for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
		if (jm_span_eq_nocase(word, jm_span_str(fillers[i])))
			return true;
	return false;
}
