/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading dates: a scan for numbers and words in any plausible order. See date.h. */
#include "common/mail/date.h"

#include <stdbool.h>

#include "common/mail/date_word.h"
#include "common/mail/field.h"

#define UNKNOWN (-1)

struct date {
	int day, month, year; /* month 1..12 */
	int hour, minute, second;
	int zone_min;           /* east of UTC */
	bool named, offset;     /* the zone is known by a name; by a number, which counts more */
	bool month_is_first;    /* nothing was known when the month was read */
	enum jm_date_half half; /* of the day */
	struct jm_span comment; /* the first one after the time */
	bool other;             /* there is something that does not belong to a date */
};

/* A value while it is scanned. */
struct scan {
	struct jm_span s;
	size_t at;
	struct date *d;
};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	return c >= 0x80 || (jm_lower(c) >= 'a' && jm_lower(c) <= 'z');
}

/* The octet at an offset from where the scan is; 0 after the end. */
static unsigned char peek(const struct scan *x, size_t off)
{
	return x->at + off < x->s.len ? x->s.p[x->at + off] : 0;
}

/* Skip white space and comments, which nest. */
static void date_skip(struct scan *x)
{
	size_t depth = 0, from = 0;

	for (; x->at < x->s.len; x->at++) {
		unsigned char c = x->s.p[x->at];

		if (c == '\\' && depth) {
			x->at++;
		} else if (c == '(') {
			if (depth++ == 0)
				from = x->at + 1;
		} else if (c == ')' && depth) {
			if (--depth == 0 && x->d->hour >= 0 && x->d->comment.len == 0)
				x->d->comment = jm_span_sub(x->s, from, x->at - from);
		} else if (!depth && !jm_field_is_space(c)) {
			return;
		}
	}
	x->at = x->s.len;
}

/* Read the digits where the scan is. Returns the number, UNKNOWN for more than 8 digits; *n_r: how
 * many there are. */
static int date_number(struct scan *x, size_t *n_r)
{
	size_t from = x->at;
	int v = 0;

	for (; is_digit(peek(x, 0)); x->at++)
		if (x->at - from < 8)
			v = v * 10 + (x->s.p[x->at] - '0');
	*n_r = x->at - from;
	return *n_r <= 8 ? v : UNKNOWN;
}

static void skip_fraction(struct scan *x)
{
	size_t n;

	if ((peek(x, 0) == '.' || peek(x, 0) == ',') && is_digit(peek(x, 1))) {
		x->at++;
		(void)date_number(x, &n);
	}
}

/* ---- the time of day ---- */

/* Read ":mm[:ss[.fraction]]" after the hour, with this octet in place of the colon. */
static bool date_take_time(struct scan *x, int hour, unsigned char colon)
{
	size_t n = 0;

	x->d->hour = hour;
	x->at++;
	date_skip(x);
	x->d->minute = date_number(x, &n);
	if (n < 1 || n > 2)
		return false;
	if (colon == ':')
		date_skip(x);
	if (peek(x, 0) == colon && (colon == ':' || is_digit(peek(x, 1)))) {
		x->at++;
		date_skip(x);
		x->d->second = date_number(x, &n);
		if (n < 1 || n > 2)
			return false;
	}
	skip_fraction(x);
	return true;
}

/* Read "hhmm" or "hhmmss" after the T of ISO 8601. */
static void take_compact_time(struct scan *x, int v, size_t n)
{
	x->d->hour = n == 6 ? v / 10000 : v / 100;
	x->d->minute = n == 6 ? v / 100 % 100 : v % 100;
	x->d->second = n == 6 ? v % 100 : 0;
	skip_fraction(x);
}

/* Is the scan after the hour of "12.13", "12.13.28" or "12h13"? */
static bool is_spelled_time(const struct scan *x)
{
	return x->d->month >= 0 && x->d->day >= 0 && (peek(x, 0) == '.' || peek(x, 0) == 'h') &&
	    is_digit(peek(x, 1)) && is_digit(peek(x, 2)) && !is_digit(peek(x, 3));
}

/* ---- the day ---- */

static void take_year(struct date *d, int v, size_t n)
{
	d->year = v;
	if (n == 2) /* RFC 5322 4.3 */
		d->year += v < 50 ? 2000 : 1900;
	else if (n == 3)
		d->year += 1900;
}

/* Read the rest of a day in numbers after its first one (v, n digits). 1; 0: there are no more
 * numbers; -1: it may mean two days, or no day. */
static int date_take_numeric(struct scan *x, int v, size_t n)
{
	struct scan y = *x;
	unsigned char sep = peek(x, 0);
	int second, third;
	size_t n2, n3;

	if ((sep != '-' && sep != '/' && sep != '.') || !is_digit(peek(x, 1)))
		return 0;
	y.at++;
	second = date_number(&y, &n2);
	if (n2 > 2 || peek(&y, 0) != sep || !is_digit(peek(&y, 1)))
		return 0;
	y.at++;
	third = date_number(&y, &n3);
	if (n == 4 && n3 <= 2) {
		*x->d = (struct date){ .year = v, .month = second, .day = third, .hour = UNKNOWN };
	} else if (n <= 2 && n3 == 4) {
		if (v <= 12 && second <= 12 && v != second)
			return -1;
		*x->d = (struct date){ .year = third,
			.month = v > 12 ? second : v,
			.day = v > 12 ? v : second,
			.hour = UNKNOWN };
	} else {
		return -1;
	}
	x->at = y.at;
	return x->d->month >= 1 && x->d->month <= 12 ? 1 : -1;
}

static bool date_take_number(struct scan *x)
{
	struct date *d = x->d;
	bool after_t = x->at > 0 && jm_lower(x->s.p[x->at - 1]) == 't';
	size_t n, from;
	int v = date_number(x, &n), rc;

	from = x->at;
	if (d->month < 0 && d->day < 0 && d->year < 0) {
		rc = date_take_numeric(x, v, n);
		if (rc != 0)
			return rc > 0;
		if (n == 8 && v > 10000000) {
			*d = (struct date){ .year = v / 10000,
				.month = v / 100 % 100,
				.day = v % 100,
				.hour = d->hour };
			return d->month >= 1 && d->month <= 12;
		}
	}
	if (d->hour < 0 && after_t && d->month >= 0 && (n == 4 || n == 6)) {
		take_compact_time(x, v, n);
		return true;
	}
	if (d->hour < 0 && n <= 2) {
		if (is_spelled_time(x))
			return date_take_time(x, v, peek(x, 0));
		date_skip(x);
		if (peek(x, 0) == ':')
			return date_take_time(x, v, ':');
		x->at = from;
	}
	if (d->day < 0 && n <= 2)
		d->day = v;
	else if (d->year < 0 && n >= 2 && n <= 4)
		take_year(d, v, n);
	else if (d->hour < 0)
		return false; /* which of the numbers is meant? */
	else
		d->other = true;
	return true;
}

/* ---- words and zones ---- */

static void date_take_word(struct scan *x)
{
	struct date *d = x->d;
	size_t from = x->at;
	struct jm_span w;
	int month, zone;

	while (is_letter(peek(x, 0)))
		x->at++;
	w = jm_span_sub(x->s, from, x->at - from);
	if (w.len == 1 && d->hour >= 0 && peek(x, 0) == '.' && jm_lower(peek(x, 1)) == 'm') {
		w = jm_span_str(jm_lower(w.p[0]) == 'p' ? "pm" : "am"); /* "a.m." */
		x->at += 2;
	}
	month = jm_date_month(w);
	if (month > 0 && (d->month < 0 || (d->month_is_first && d->day >= 0 && d->year < 0))) {
		/* In "mar., 15 juil. 2014" the first word is a day of the week. */
		d->month_is_first = d->month < 0 && d->day < 0;
		d->month = month;
		return;
	}
	if (d->hour >= 0 && d->half == JM_DATE_NO_HALF && jm_date_half(w) != JM_DATE_NO_HALF) {
		d->half = jm_date_half(w);
		return;
	}
	if (d->hour >= 0 && !d->named && jm_date_zone(w, &zone)) {
		if (!d->offset)
			d->zone_min = zone;
		d->named = true;
		return;
	}
	d->other = d->other || !jm_date_is_filler(w);
}

/* Read the offset of a zone after its sign: hh, hhmm, hh:mm. */
static void take_offset(struct scan *x, bool west)
{
	size_t n, n2 = 0;
	int v, minute = 0;

	v = date_number(x, &n);
	if (n <= 2 && (peek(x, 0) == ':' || peek(x, 0) == '.') && is_digit(peek(x, 1))) {
		x->at++;
		minute = date_number(x, &n2);
	} else if (n == 3 || n == 4) {
		minute = v % 100;
		v /= 100;
	}
	if (n > 4 || n2 > 2 || x->d->offset) {
		x->d->other = true;
		return;
	}
	x->d->zone_min = (v * 60 + minute) * (west ? -1 : 1);
	x->d->offset = true;
}

/* Take one word, number or other octet. False: this is no date. */
static bool date_take(struct scan *x)
{
	unsigned char c = peek(x, 0);

	if (is_digit(c))
		return date_take_number(x);
	if (is_letter(c)) {
		date_take_word(x);
		return true;
	}
	x->at++;
	if ((c == '+' || c == '-') && x->d->hour >= 0 && is_digit(peek(x, 0)))
		take_offset(x, c == '-');
	else if (c != ',' && c != '.' && c != '-' && c != '/' && c != '\'')
		x->d->other = true;
	return true;
}

static bool date_scan(struct jm_span s, struct date *d)
{
	struct scan x = { .s = s, .d = d };

	for (date_skip(&x); x.at < s.len; date_skip(&x))
		if (!date_take(&x))
			return false;
	return true;
}

/* ---- the date ---- */

/* Days from 1970-01-01 to the first of a month in the proleptic Gregorian calendar. */
static int64_t days_to(int year, int month)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5,
		doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

/* The hour by AM and PM, and without a time of day. */
static int hour_of(const struct date *d)
{
	if (d->half == JM_DATE_PM && d->hour < 12)
		return d->hour + 12;
	if (d->half == JM_DATE_AM && d->hour == 12)
		return 0;
	return d->hour < 0 ? 0 : d->hour;
}

static int date_read(struct jm_span value, struct date *d, int64_t *ms_r)
{
	int64_t first, next;
	int hour;

	if (!date_scan(value, d) || d->day < 1 || d->month < 1 || d->year < 1)
		return -1;
	if (!d->named && !d->offset) {
		struct date zone = { .day = d->day,
			.month = d->month,
			.year = d->year,
			.hour = 0,
			.half = JM_DATE_AM };

		if (d->comment.len > 0 && date_scan(d->comment, &zone))
			d->zone_min = zone.zone_min;
	}
	first = days_to(d->year, d->month);
	next = d->month == 12 ? days_to(d->year + 1, 1) : days_to(d->year, d->month + 1);
	hour = hour_of(d);
	if (d->day > next - first || d->minute > 59 || d->second > 60 || hour > 24 ||
	    (hour == 24 && (d->minute > 0 || d->second > 0)))
		return -1;
	*ms_r = (((first + d->day - 1) * 24 + hour) * 60 + d->minute - d->zone_min) * 60000 +
	    (int64_t)d->second * 1000;
	return 0;
}

static struct date nothing_yet(void)
{
	return (struct date){ .day = UNKNOWN, .month = UNKNOWN, .year = UNKNOWN, .hour = UNKNOWN };
}

int jm_date_parse(struct jm_span value, int64_t *ms_r)
{
	struct date d = nothing_yet();

	return date_read(value, &d, ms_r);
}

int jm_date_typed(struct jm_span value, int64_t *ms_r)
{
	struct date d = nothing_yet();
	int64_t ms;

	if (date_read(value, &d, &ms) != 0 || d.other)
		return -1;
	*ms_r = ms;
	return 0;
}
