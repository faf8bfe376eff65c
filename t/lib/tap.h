/* SPDX-License-Identifier: BSD-2-Clause */
/* TAP for unit tests in C: a claim a line, a diagnosis on failure, the plan at the end. */
#ifndef JM_T_LIB_TAP_H
#define JM_T_LIB_TAP_H

#include <stdbool.h>
#include <stddef.h>

/* One claim; name is printf-style. Returns ok, so that a test may stop early. */
bool tap_ok(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Claims with a diagnosis of both sides. NULL strings are allowed. */
bool tap_is_str(const char *got, const char *want, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool tap_is_int(long long got, long long want, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool tap_is_mem(const void *got, size_t got_n, const void *want, size_t want_n, const char *fmt,
    ...) __attribute__((format(printf, 5, 6)));

/* A remark in the output. */
void tap_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* n claims that are not made, and why. */
void tap_skip(unsigned n, const char *why);

/* A private empty folder for this test, removed (with its content) by tap_done(). */
const char *tap_folder(void);

/* Print the plan; the value for main() to return: 0 when all was well. */
int tap_done(void);

#endif
