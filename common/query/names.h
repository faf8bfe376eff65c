/* SPDX-License-Identifier: BSD-2-Clause */
/* The names that an archive knows: of its services, and of the kinds of its events. */
#ifndef JM_QUERY_NAMES_H
#define JM_QUERY_NAMES_H

#include "common/archive/archive.h"

/* Append the names to list. TEMP, CORRUPT. Any thread. */
int jm_archive_service_names(struct jm_archive *a, json_t *list, struct jm_err *err) JM_MUST_CHECK;
int jm_archive_kind_names(struct jm_archive *a, json_t *list, struct jm_err *err) JM_MUST_CHECK;

#endif
