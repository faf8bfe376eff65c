/* SPDX-License-Identifier: BSD-2-Clause */
/* Bar charts as inline SVG. */
#ifndef JM_WEB_CHART_H
#define JM_WEB_CHART_H

#include "milter/web/html.h"

/* Write a section of the page: the heading what ("Messages per hour"), a bar chart of counts, and
 * a table of them that is shown when asked for. counts is an object {begin: count} in the order of
 * time whose keys are "2026-11-20" (a day) or "2026-11-20T07" (an hour); other keys are shown as
 * they are. Writes "not known" for no bars or more than 400. */
void jm_chart_put(struct jm_html *h, const char *what, const json_t *counts);

#endif
