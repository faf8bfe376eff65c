/* SPDX-License-Identifier: BSD-2-Clause */
/* Ownership of internal domains, in the table meta under "domain/NAME". How it is recorded:
 * common/archive/domain.h. */
#ifndef JM_CATALOG_APPLY_DOMAIN_H
#define JM_CATALOG_APPLY_DOMAIN_H

#include "common/catalog/apply_types.h"

#define JM_DOMAIN_ROWS "domain/" /* prefix of their keys */

/* An event with "domain". TEMP, CORRUPT. */
int jm_apply_domain(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
