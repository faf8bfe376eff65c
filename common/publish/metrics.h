/* SPDX-License-Identifier: BSD-2-Clause */
/* The published state as metrics, in Prometheus' text format 0.0.4. */
#ifndef JM_PUBLISH_METRICS_H
#define JM_PUBLISH_METRICS_H

#include <jansson.h>

#include "common/base/buf.h"

/* Append the metrics of a document to b. LIMIT, TEMP (from b); then b has a part of them. Any
 * thread. */
int jm_figures_metrics(const json_t *document, struct jm_buf *b, struct jm_err *err) JM_MUST_CHECK;

#endif
