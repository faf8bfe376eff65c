/* SPDX-License-Identifier: BSD-2-Clause */
/* The two forms of a reason. common/service/judge.c writes the texts. */
#include "common/catalog/reason.h"

#include <string.h>

#include "common/json/value.h"
#include "common/volume/metadata.h"

/* The only reason of older records that has an address. */
#define BEFORE "internal address "
#define AFTER " is not in the directory"

/* The address in a reason of that form; none: the reason has another form. */
static struct jm_span reason_address(struct jm_span reason)
{
	size_t before = strlen(BEFORE), after = strlen(AFTER);

	if (reason.len < before + after || memcmp(reason.p, BEFORE, before) != 0 ||
	    memcmp(reason.p + reason.len - after, AFTER, after) != 0)
		return jm_span_of(NULL, 0);
	return jm_span_sub(reason, before, reason.len - before - after);
}

/* Does the report name the address as its sender, To or Cc? */
static bool is_named_openly(const json_t *journal, struct jm_span address)
{
	const json_t *list = json_object_get(journal, "recipients");
	bool open = jm_span_eq(jm_json_span(journal, "envelope_sender"), address);

	for (size_t i = 0; i < json_array_size(list) && !open; i++) {
		const json_t *r = json_array_get(list, i);

		open = jm_described_is_open(r) && jm_span_eq(jm_json_span(r, "address"), address);
	}
	return open;
}

json_t *jm_reason_public(const json_t *meta)
{
	struct jm_span reason = jm_json_span(meta, "set_aside"), address;

	if (jm_span_none(reason))
		return json_null();
	address = reason_address(reason);
	if (jm_span_none(address) || is_named_openly(json_object_get(meta, "journal"), address))
		return json_incref(json_object_get(meta, "set_aside"));
	return json_string_nocheck("an " BEFORE "is not in the directory");
}

json_t *jm_reason_whole(const json_t *meta)
{
	const char *reason = jm_json_str(meta, "set_aside"),
		   *address = jm_json_str(meta, "set_aside_address");

	if (!reason)
		return json_null();
	return address ? json_sprintf("%s: %s", reason, address)
		       : json_incref(json_object_get(meta, "set_aside"));
}
