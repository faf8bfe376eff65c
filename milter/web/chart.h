/* SPDX-License-Identifier: BSD-2-Clause */
/* Bar charts as inline SVG. */
#ifndef JM_WEB_CHART_H
#define JM_WEB_CHART_H

#include "milter/web/html.h"

/* Write a bar chart of counts, an object {begin: count} in the order of time whose keys are
 * "2026-11-20" (a day) or "2026-11-20T07" (an hour); other keys are shown as they are. what names
 * the chart for screen readers: "Messages per hour". Writes "not known" for no bars or more than
 * 400. */
void jm_chart_put(struct jm_html *h, const char *what, const json_t *counts);

#endif
