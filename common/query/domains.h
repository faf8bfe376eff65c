/* SPDX-License-Identifier: BSD-2-Clause */
/* The internal domains that were added for verification. */
#ifndef JM_QUERY_DOMAINS_H
#define JM_QUERY_DOMAINS_H

#include "common/archive/archive.h"

/* Visit them by name: {domain, state ("pending", "verified", "failed"), code, text, added, checked,
 * verified}. TEMP. Any thread. */
int jm_archive_domains(
    struct jm_archive *a, jm_archive_visit *visit, void *ctx, struct jm_err *err) JM_MUST_CHECK;

#endif
