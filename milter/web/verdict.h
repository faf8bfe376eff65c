/* SPDX-License-Identifier: BSD-2-Clause */
/* The line on top of the page: what is wrong now, worst first, or that all is well. */
#ifndef JM_WEB_VERDICT_H
#define JM_WEB_VERDICT_H

#include "milter/web/look.h"
#include "milter/web/published.h"

#define JM_CERTIFICATE_MS (21 * INT64_C(86400000)) /* marked within three weeks of its end */
#define JM_DISK_S (14 * 86400)                     /* marked when the disk is full so soon */

/* Write the line for state s. Returns the look of the worst: ERROR, WAIT or OK. Any thread. */
const struct jm_look *jm_verdict_put(struct jm_html *h, const struct jm_published *s);

#endif
