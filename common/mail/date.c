/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading dates: a scan for numbers and words in any plausible order. See date.h. */
#include "common/mail/date.h"

#include <stdbool.h>

#include "common/mail/field.h"

struct date {
	int day, month, year; /* month 1..12; -1 while unknown */
	int hour, minute, second;
	int zone_min; /* east of UTC */
};

static const char *const month_name[12] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
	"sep", "oct", "nov", "dec" };

static const struct {
	const char *name;
	int min;
} zone_name[] = {
	{ "gmt", 0 },
	{ "ut", 0 },
	{ "utc", 0 },
	{ "est", -300 },
	{ "edt", -240 },
	{ "cst", -360 },
	{ "cdt", -300 },
	{ "mst", -420 },
	{ "mdt", -360 },
	{ "pst", -480 },
	{ "pdt", -420 },
	{ "cet", 60 },
	{ "cest", 120 },
	{ "bst", 60 },
};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	c = jm_lower(c);
	return c >= 'a' && c <= 'z';
}

/* Skip white space, comments (which nest), commas and dots. Returns the next token's offset. */
static size_t date_skip(struct jm_span s, size_t k)
{
	size_t depth = 0;

	for (; k < s.len; k++) {
		if (s.p[k] == '\\' && depth)
			k++;
		else if (s.p[k] == '(')
			depth++;
		else if (s.p[k] == ')' && depth)
			depth--;
		else if (!depth && !jm_field_is_space(s.p[k]) && s.p[k] != ',' && s.p[k] != '.')
			return k;
	}
	return s.len;
}

/* Read up to max digits at *k and move *k past them. Returns the number, or -1 when there is no
 * digit; *digits_r: how many there were. */
static int date_number(struct jm_span s, size_t *k, int max, int *digits_r)
{
	int n = 0, v = 0;

	while (*k < s.len && n < max && is_digit(s.p[*k])) {
		v = v * 10 + (s.p[(*k)++] - '0');
		n++;
	}
	*digits_r = n;
	return n ? v : -1;
}

static struct jm_span date_letters(struct jm_span s, size_t *k)
{
	size_t from = *k;

	while (*k < s.len && is_letter(s.p[*k]))
		(*k)++;
	return jm_span_sub(s, from, *k - from);
}

/* Read ":mm[:ss[.fraction]]" after the hour. */
static bool date_take_time(struct jm_span s, size_t *k, int hour, struct date *d)
{
	int n;

	d->hour = hour;
	(*k)++;
	*k = date_skip(s, *k);
	d->minute = date_number(s, k, 2, &n);
	if (d->minute < 0)
		return false;
	if (*k < s.len && s.p[*k] == ':') {
		(*k)++;
		d->second = date_number(s, k, 2, &n);
		if (*k < s.len && s.p[*k] == '.')
			for ((*k)++; *k < s.len && is_digit(s.p[*k]);)
				(*k)++;
	}
	return d->second >= 0;
}

/* Use a word: a month or, after the time, a zone. Others, such as a day of the week, are ignored.
 */
static void date_take_word(struct jm_span w, struct date *d)
{
	size_t k;

	for (k = 0; k < 12 && w.len >= 3 && d->month < 0; k++)
		if (jm_span_starts_nocase(w, jm_span_str(month_name[k])))
			d->month = (int)k + 1;
	for (k = 0; k < sizeof zone_name / sizeof zone_name[0] && d->hour >= 0; k++)
		if (jm_span_eq_nocase(w, jm_span_str(zone_name[k].name)))
			d->zone_min = zone_name[k].min;
}

static void date_take_number(int v, int digits, struct date *d)
{
	if (d->day < 0 && digits <= 2) {
		d->day = v;
	} else if (d->year < 0) {
		d->year = v;
		if (digits == 2) /* RFC 5322 4.3 */
			d->year += v < 50 ? 2000 : 1900;
		else if (digits == 3)
			d->year += 1900;
	}
}

static bool date_scan(struct jm_span s, struct date *d)
{
	size_t k = 0;
	int v, n;

	while ((k = date_skip(s, k)) < s.len) {
		unsigned char c = s.p[k];

		if (is_digit(c)) {
			v = date_number(s, &k, 4, &n);
			if (k < s.len && s.p[k] == ':' && d->hour < 0) {
				if (!date_take_time(s, &k, v, d))
					return false;
			} else {
				date_take_number(v, n, d);
			}
		} else if (is_letter(c)) {
			date_take_word(date_letters(s, &k), d);
		} else if ((c == '+' || c == '-') && d->hour >= 0 && d->year >= 0) {
			k++;
			v = date_number(s, &k, 4, &n);
			if (n == 4)
				d->zone_min = (v / 100 * 60 + v % 100) * (c == '-' ? -1 : 1);
			return true; /* nothing follows the zone; "-0000" is UTC, too */
		} else {
			k++;
		}
	}
	return true;
}

/* Days from 1970-01-01 to the first of a month in the proleptic Gregorian calendar. */
static int64_t days_to(int year, int month)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5,
		doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

int jm_date_parse(struct jm_span value, int64_t *ms_r)
{
	struct date d = { .day = -1, .month = -1, .year = -1, .hour = -1 };
	int64_t first, next;

	if (!date_scan(value, &d) || d.day < 1 || d.month < 1 || d.year < 1 || d.hour < 0)
		return -1;
	first = days_to(d.year, d.month);
	next = d.month == 12 ? days_to(d.year + 1, 1) : days_to(d.year, d.month + 1);
	if (d.day > next - first || d.hour > 23 || d.minute > 59 || d.second > 60)
		return -1;
	*ms_r = (((first + d.day - 1) * 24 + d.hour) * 60 + d.minute - d.zone_min) * 60000 +
	    (int64_t)d.second * 1000;
	return 0;
}
