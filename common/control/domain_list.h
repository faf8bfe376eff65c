/* SPDX-License-Identifier: BSD-2-Clause */
/* The internal domains of the settings, together with what the archive knows about their ownership.
 * Pure functions. */
#ifndef JM_CONTROL_DOMAIN_LIST_H
#define JM_CONTROL_DOMAIN_LIST_H

#include <jansson.h>

#include "common/settings/settings.h"

/*
 * Make a list of {domain, internal, sub_domains, line, verified, by, state, code, text, added,
 * checked}: the internal domains of settings in their order, then the domains of rows (as
 * jm_archive_domains() gives them) that are not internal. verified: the domain, or one above it
 * (by), was verified. settings (may be NULL) and rows are borrowed. The caller owns the list; NULL
 * without memory. Any thread.
 */
json_t *jm_domains_list(const struct jm_settings *settings, const json_t *rows);

/* The verified domain that is domain itself or above it, borrowed from rows; NULL when there is
 * none. Any thread. */
const char *jm_domains_verified_by(const json_t *rows, const char *domain);

#endif
