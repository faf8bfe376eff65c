/* SPDX-License-Identifier: BSD-2-Clause */
/* Ownership of internal domains, in the table meta under "domain/NAME". common/archive/ownership.h
 * writes the records. */
#ifndef JM_CATALOG_APPLY_DOMAIN_H
#define JM_CATALOG_APPLY_DOMAIN_H

#include "common/catalog/apply_types.h"

#define JM_DOMAIN_ROWS "domain/" /* prefix of the keys */

/* Apply the "domain" of an event: the state of a domain from now on. TEMP, CORRUPT. */
int jm_apply_domain(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
