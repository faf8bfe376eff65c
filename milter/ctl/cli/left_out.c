/* SPDX-License-Identifier: BSD-2-Clause */
/* Items that a search could not compare: a missing hit is never silent. See left_out.h. */
#include "milter/ctl/cli/left_out.h"

#include <stdio.h>

#include "milter/ctl/cli/print.h"

#define NAMED 10u

bool jm_left_out_is(const json_t *object)
{
	return json_is_object(json_object_get(object, "left_out"));
}

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(object, "left_out"), name));
}

void jm_left_out_say(const char *verb, const json_t *object)
{
	const json_t *items = json_object_get(json_object_get(object, "left_out"), "items");
	json_int_t undated = number(object, "undated"), partly = number(object, "partly");

	if (undated > 0)
		jm_print(stderr,
		    "jmctl %s: left out: %" JSON_INTEGER_FORMAT
		    " more item%s whose message has no Date that can be read\n",
		    verb, undated, undated == 1 ? "" : "s");
	if (partly <= 0)
		return;
	jm_print(stderr,
	    "jmctl %s: left out: %" JSON_INTEGER_FORMAT
	    " more item%s whose message has more parts, or deeper or longer ones, than are "
	    "examined for attachments:",
	    verb, partly, partly == 1 ? "" : "s");
	for (size_t i = 0; i < json_array_size(items) && i < NAMED; i++)
		jm_print(stderr, "%s %" JSON_INTEGER_FORMAT, i > 0 ? "," : "",
		    json_integer_value(json_array_get(items, i)));
	jm_print(stderr, "%s\n", partly > (json_int_t)NAMED ? ", ..." : "");
}

void jm_left_out_print(const json_t *object)
{
	if (number(object, "partly") > 0)
		jm_print_json(stdout, object);
}
