/* SPDX-License-Identifier: BSD-2-Clause */
/* Internal domains of the settings beside what the archive knows about their ownership. */
#ifndef JM_CONTROL_DOMAINS_H
#define JM_CONTROL_DOMAINS_H

#include <jansson.h>

#include "common/settings/settings.h"

/*
 * A list of {domain, internal, sub_domains, line, verified, by, state, code, text, added, checked}:
 * the internal domains of settings in their order, then those of rows (as jm_archive_domains()
 * gives them) that are none. verified: it, or a domain above it (by), was verified. settings and
 * rows are borrowed; settings may be NULL. The caller owns the list; NULL without memory.
 */
json_t *jm_domains_list(const struct jm_settings *settings, const json_t *rows);

/* The verified domain that is domain itself or above it; NULL when there is none. Borrowed from
 * rows. */
const char *jm_domains_verified_by(const json_t *rows, const char *domain);

#endif
