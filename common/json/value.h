/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and reading JSON values: mail bytes as strings, times as text, members by name. */
#ifndef JM_JSON_VALUE_H
#define JM_JSON_VALUE_H

#include <jansson.h>
#include <stdint.h>

#include "common/base/span.h"

/* Any bytes as a JSON string, owned by the caller: a byte that is not part of valid UTF-8 becomes
 * the character of the same number (ISO 8859-1), NUL becomes U+FFFD. NULL without memory. */
json_t *jm_json_text(struct jm_span s);

/* Replace member from of o, milliseconds since 1970, by member to, the same time as text (RFC
 * 3339). An o without from is left as it is. 0, or -1 without memory. */
int jm_json_time(json_t *o, const char *from, const char *to);

/* An address with its ASCII letters in lower case, as a member name; free(). NULL without memory.
 */
char *jm_json_folded(struct jm_span address);

/* Member name of o as text, valid as long as o; NULL: there is none, or it is no string. */
static inline const char *jm_json_str(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

/* A string with its length, since it may contain NUL; valid as long as s. None: s is no string. */
static inline struct jm_span jm_json_string_span(const json_t *s)
{
	return jm_span_of(json_string_value(s), json_string_length(s));
}

/* Member name of o in the same way. */
static inline struct jm_span jm_json_span(const json_t *o, const char *name)
{
	return jm_json_string_span(json_object_get(o, name));
}

/* Member name of o as a number; 0: there is none, or it is no integer. */
static inline json_int_t jm_json_int(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

/* The same for sizes and sequence numbers. */
static inline uint64_t jm_json_u64(const json_t *o, const char *name)
{
	return (uint64_t)jm_json_int(o, name);
}

#endif
