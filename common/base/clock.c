/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks and RFC 3339 times. Dates of mail are read in mail/date.c. */
#include "common/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/num.h"

int64_t jm_clock_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t jm_clock_mono_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

char *jm_clock_format(int64_t ms, char buf[JM_CLOCK_TEXT_BYTES])
{
	time_t s = (time_t)(ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000));
	struct tm tm;

	if (!gmtime_r(&s, &tm) || tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999) {
		snprintf(buf, JM_CLOCK_TEXT_BYTES, "-");
		return buf;
	}
	snprintf(buf, JM_CLOCK_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)tm.tm_year + 1900u, (unsigned)tm.tm_mon + 1u, (unsigned)tm.tm_mday % 100u,
	    (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u,
	    (unsigned)(ms - (int64_t)s * 1000) % 1000u);
	return buf;
}

/* Read n digits at *text into *v_r and move *text past them. */
static int clock_digits(const char **text, int n, int *v_r)
{
	int v = 0;

	for (; n > 0; n--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		v = v * 10 + (**text - '0');
	}
	*v_r = v;
	return 0;
}

int jm_clock_parse(const char *text, int64_t *ms_r)
{
	struct tm tm = { .tm_isdst = 0 }, back;
	int year, ms = 0, scale = 100;
	time_t s;

	if (clock_digits(&text, 4, &year) != 0 || *text++ != '-' ||
	    clock_digits(&text, 2, &tm.tm_mon) != 0 || *text++ != '-' ||
	    clock_digits(&text, 2, &tm.tm_mday) != 0)
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon--;
	if (*text == 'T' || *text == ' ') {
		text++;
		if (clock_digits(&text, 2, &tm.tm_hour) != 0 || *text++ != ':' ||
		    clock_digits(&text, 2, &tm.tm_min) != 0)
			return -1;
		if (*text == ':') {
			text++;
			if (clock_digits(&text, 2, &tm.tm_sec) != 0)
				return -1;
		}
		if (*text == '.')
			for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
				ms += (*text - '0') * scale;
		if (*text == 'Z')
			text++;
	}
	if (*text)
		return -1;
	back = tm;
	s = timegm(&back);
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min)
		return -1; /* no such day or time: 31 February, 24:00 */
	*ms_r = (int64_t)s * 1000 + ms;
	return 0;
}

void jm_clock_sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	if (ms > 0)
		nanosleep(&t, NULL); /* a signal may end it early, as documented */
}
