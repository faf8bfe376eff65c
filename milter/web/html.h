/* SPDX-License-Identifier: BSD-2-Clause */
/* A page under construction. What comes from elsewhere is written with jm_html_text() only, which
 * escapes; a failure is kept until the end. */
#ifndef JM_WEB_HTML_H
#define JM_WEB_HTML_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"

struct jm_html {
	struct jm_buf b;
	int64_t now_ms;
	bool failed; /* out of memory, or past the cap */
};

/* Markup of ours. format: never from elsewhere, and no %s of what is. */
void jm_html_put(struct jm_html *h, const char *format, ...) JM_PRINTF(2, 3);

/* Any text, escaped; also good inside a quoted attribute. NULL: nothing. */
void jm_html_text(struct jm_html *h, const char *text);

/* "12,345". */
void jm_html_number(struct jm_html *h, json_int_t n);

/* "1.2 GB". */
void jm_html_bytes(struct jm_html *h, json_int_t n);

/* "3 minutes". */
void jm_html_duration(struct jm_html *h, int64_t s);

/* "3 minutes ago 2026-11-22 02:03 UTC", the moment in small; "never" for what is no time. */
void jm_html_time(struct jm_html *h, const json_t *time);

/* A bar chart of an object {begin: count}; what: "Messages per hour". */
void jm_html_chart(struct jm_html *h, const char *what, const json_t *counts);

#endif
