/* SPDX-License-Identifier: BSD-2-Clause */
/* Reasons of set-aside reports, for those who ask for Bcc recipients (common/catalog/reason.h). */
#ifndef JM_QUERY_ASIDE_H
#define JM_QUERY_ASIDE_H

#include "common/archive/archive.h"

/*
 * Replace member key of o, the public reason why report seq is or was set aside, by the whole one,
 * which may name a Bcc recipient. Without that member, or when the report cannot be read, o stays
 * as it is. TEMP. Any thread.
 */
int jm_aside_name(struct jm_archive *a, uint64_t seq, json_t *o, const char *key,
    struct jm_err *err) JM_MUST_CHECK;

#endif
