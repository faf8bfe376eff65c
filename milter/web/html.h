/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page while it is written. Text that does not come from this program goes through
 * jm_html_text(), jm_html_words() or jm_html_address(), which escape it. No function here returns
 * an error: a failure is kept in jm_html.failed, to be checked at the end. One thread per page.
 */
#ifndef JM_WEB_HTML_H
#define JM_WEB_HTML_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"

struct jm_html {
	struct jm_buf b; /* the page so far; initialised and released by the caller */
	int64_t now_ms;  /* the time that jm_html_time() counts from */
	bool tables;     /* the tables of the charts are open */
	bool failed;     /* out of memory, or the page is larger than the limit of b */
};

/* Write markup, at most 1023 bytes at a time, unescaped: neither format nor a string argument may
 * come from outside this program. */
void jm_html_put(struct jm_html *h, const char *format, ...) JM_PRINTF(2, 3);

/* Write text, escaped for use in an element or in a quoted attribute. Characters that cannot be
 * seen, or that change the direction of writing, are written as in common/base/visible.h. NULL
 * writes nothing. */
void jm_html_text(struct jm_html *h, const char *text);

/* The same as an element of its own, whose direction of writing leaves the text around it as it
 * is. A long word may be broken at its punctuation only. Not for attributes. */
void jm_html_words(struct jm_html *h, const char *text);

/* The same for an address or a name, which may be broken after "@", "." and ":" only. */
void jm_html_address(struct jm_html *h, const char *address);

/* Write n with separators: "12,345". */
void jm_html_number(struct jm_html *h, json_int_t n);

/* Write n bytes in a decimal unit: "1.2 GB". */
void jm_html_bytes(struct jm_html *h, json_int_t n);

/* Write a duration of s seconds in its largest unit: "3 minutes". */
void jm_html_duration(struct jm_html *h, int64_t s);

/* Write a time, a JSON string as jm_clock_format() makes it, as its distance from now and as UTC:
 * "3 minutes ago 2026-11-22 02:03 UTC". Anything else is written as none. */
void jm_html_time(struct jm_html *h, const json_t *time, const char *none);

#endif
