/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of record types in a dump. */
#ifndef JM_UPKEEP_RECORD_TYPE_H
#define JM_UPKEEP_RECORD_TYPE_H

#include <jansson.h>

/* The name of a type as a new JSON string; of an unknown one, its number. NULL without memory. */
json_t *jm_record_type_json(unsigned type);

/* The type of a name or number; -1: it is neither. */
int jm_record_type_of(const json_t *type);

#endif
