/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: milliseconds since 1970 UTC, and its RFC 3339 form. No local time anywhere. */
#ifndef JM_BASE_CLOCK_H
#define JM_BASE_CLOCK_H

#include <stdint.h>

/* Wall clock, ms since 1970-01-01T00:00:00Z. Environment JM_CLOCK_OFFSET_MS shifts it (tests). Any
 * thread. */
int64_t jm_clock_now_ms(void);

/* Monotonic clock, microseconds; for durations. */
int64_t jm_clock_mono_us(void);

#define JM_CLOCK_TEXT_BYTES 32

/* "2026-11-22T02:03:06.123Z" into buf, which is returned. */
char *jm_clock_format(int64_t ms, char buf[JM_CLOCK_TEXT_BYTES]);

/* Parse what jm_clock_format() writes, also without the fraction, also a date alone (midnight). 0,
 * or -1 with nothing set. */
int jm_clock_parse(const char *text, int64_t *ms_r);

/* Sleep; returns early on a signal. */
void jm_clock_sleep_ms(int64_t ms);

#endif
