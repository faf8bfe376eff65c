/* SPDX-License-Identifier: BSD-2-Clause */
/* The strict check of a value in a request. See argument.h. */
#include "common/control/argument.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/mail/date.h"

static bool is_text(const json_t *value)
{
	return json_is_string(value) &&
	    json_string_length(value) == strlen(json_string_value(value));
}

static bool is_list(const json_t *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(value, i, one)
		if (!is_text(one))
			return false;
	return json_is_array(value) && json_array_size(value) <= JM_ARGUMENT_LIST_MAX;
}

int jm_argument_date(const char *text, int64_t *ms_r)
{
	int64_t ms;

	if (jm_clock_parse(text, &ms) != 0 && jm_date_typed(jm_span_str(text), &ms) != 0)
		return -1;
	*ms_r = ms != 0 ? ms : 1; /* 0 means that there is no date */
	return 0;
}

int jm_argument_check(const struct jm_argument *a, const json_t *value, struct jm_err *err)
{
	int64_t ms;

	switch (a->kind) {
	case JM_ARGUMENT_FLAG:
		if (json_is_boolean(value))
			return 0;
		return jm_err_set(err, JM_E_USAGE, "\"%s\" is true or false", a->name);
	case JM_ARGUMENT_NUMBER:
		if (json_is_integer(value) && json_integer_value(value) >= 0)
			return 0;
		return jm_err_set(err, JM_E_USAGE,
		    "\"%s\" is a whole number from 0 to 9223372036854775807", a->name);
	case JM_ARGUMENT_TEXT:
		if (is_text(value))
			return 0;
		return jm_err_set(err, JM_E_USAGE, "\"%s\" is a text without NUL", a->name);
	case JM_ARGUMENT_LIST:
		if (is_list(value))
			return 0;
		return jm_err_set(err, JM_E_USAGE, "\"%s\" is a list of at most %d texts", a->name,
		    JM_ARGUMENT_LIST_MAX);
	case JM_ARGUMENT_DATE:
		if (json_is_string(value) && jm_argument_date(json_string_value(value), &ms) == 0)
			return 0;
		return jm_err_set(err, JM_E_USAGE,
		    "\"%s\" is a date like 2026-11-22, 2026-11-22T08:30:00Z or "
		    "2026-11-22T09:30+01:00, with the year first where it could be another day, "
		    "not \"%.40s\"",
		    a->name, json_is_string(value) ? json_string_value(value) : "");
	}
	return jm_err_set(err, JM_E_BUG, "argument \"%s\" is of unknown kind", a->name);
}
