/* SPDX-License-Identifier: BSD-2-Clause */
/* Applying a report: the item of its match key, or a new one. */
#ifndef JM_CATALOG_APPLY_REPORT_H
#define JM_CATALOG_APPLY_REPORT_H

#include "common/catalog/apply_types.h"

/* TEMP, CORRUPT. */
int jm_apply_report(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
