/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: milliseconds since 1970 UTC, and their form in RFC 3339. Local time is used nowhere. Any
 * thread may call any function here. */
#ifndef JM_BASE_CLOCK_H
#define JM_BASE_CLOCK_H

#include <stdint.h>

/* The wall clock, in ms since 1970-01-01T00:00:00Z. */
int64_t jm_clock_now_ms(void);

/* The monotonic clock, in microseconds from an arbitrary start; for durations. */
int64_t jm_clock_mono_us(void);

#define JM_CLOCK_TEXT_BYTES 32

/* Write ms into buf, as "2026-11-22T02:03:06.123Z", or "-" when it is outside of the years 0 to
 * 9999. Returns buf. */
char *jm_clock_format(int64_t ms, char buf[JM_CLOCK_TEXT_BYTES]);

/* Parse what jm_clock_format() writes; the fraction, the seconds, the "Z" or the whole time of day
 * (then midnight) may be missing. Returns 0, or -1 with *ms_r untouched. */
int jm_clock_parse(const char *text, int64_t *ms_r);

/* Sleep for ms milliseconds, or until a signal arrives. */
void jm_clock_sleep_ms(int64_t ms);

#endif
