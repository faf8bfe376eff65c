/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of record types. */
#include "common/upkeep/record_type.h"

#include <stddef.h>
#include <string.h>

#include "common/volume/record.h"

static const char *const type_names[] = { [JM_RECORD_REPORT] = "report",
	[JM_RECORD_EVENT] = "event",
	[JM_RECORD_SEAL] = "seal",
	[JM_RECORD_FORGET] = "forget",
	[JM_RECORD_CHANGE] = "change",
	[JM_RECORD_TALLY] = "attempts" };

#define TYPE_NAMES (sizeof type_names / sizeof *type_names)

json_t *jm_record_type_json(unsigned type)
{
	return type < TYPE_NAMES && type_names[type] ? json_string(type_names[type])
						     : json_integer((json_int_t)type);
}

int jm_record_type_of(const json_t *type)
{
	const char *name = json_string_value(type);

	if (json_is_integer(type) && json_integer_value(type) > 0 && json_integer_value(type) < 256)
		return (int)json_integer_value(type);
	for (size_t i = 0; name && i < TYPE_NAMES; i++)
		if (type_names[i] && strcmp(type_names[i], name) == 0)
			return (int)i;
	return -1;
}
