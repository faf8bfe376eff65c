/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of record types in a dump. Pure functions, any thread. */
#ifndef JM_UPKEEP_RECORD_TYPE_H
#define JM_UPKEEP_RECORD_TYPE_H

#include <jansson.h>

/* The name of a type as a JSON string, which the caller owns; for an unknown type its number. NULL
 * without memory. */
json_t *jm_record_type_json(unsigned type);

/* The type (1 to 255) with this name or number; -1: there is no such type. */
int jm_record_type_of(const json_t *type);

#endif
