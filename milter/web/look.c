/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of looks. Their colours are in style.c. See look.h. */
#include "milter/web/look.h"

#include <stdint.h>
#include <string.h>

#define SERVICE "Service "

/* mark: the path that is drawn on a disc. */
const struct jm_look jm_looks[JM_LOOKS] = {
	[JM_LOOK_OK] = { "OK", "ok", "M5 10.5 9 14 15 6.5" },
	[JM_LOOK_PARTLY] = { "OK, not all retrievable", "wait", "M10 4.5 10 11 M10 15 10 15.1" },
	[JM_LOOK_WAIT] = { "Awaiting Initial Run", "wait", "M10 5 10 10.5 13.5 12.5" },
	[JM_LOOK_ERROR] = { "Error", "error", "M10 4.5 10 11 M10 15 10 15.1" },
	[JM_LOOK_OFF] = { "Disabled", "off", "M7.5 6 7.5 14 M12.5 6 12.5 14" },
	[JM_LOOK_OTHER] = { NULL, "off", "M10 15 10 15.1" },
};

const char *jm_look_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

const struct jm_look *jm_look_of(const json_t *service)
{
	const char *state = jm_look_text(service, "state");
	size_t i = 0;

	if (strncmp(state, SERVICE, strlen(SERVICE)) == 0)
		state += strlen(SERVICE);
	while (jm_looks[i].state && strcmp(jm_looks[i].state, state) != 0)
		i++;
	return i == JM_LOOK_OK && jm_look_unretrievable(service) > 0 ? &jm_looks[JM_LOOK_PARTLY]
								     : &jm_looks[i];
}

json_int_t jm_look_unretrievable(const json_t *service)
{
	return json_integer_value(json_object_get(service, "mailbox_unretrievable"));
}

size_t jm_look_count(const json_t *services, const struct jm_look *l)
{
	const char *address;
	size_t n = 0;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s)
		n += jm_look_of(s) == l;
	return n;
}

void jm_look_put(struct jm_html *h, const struct jm_look *l)
{
	jm_html_put(h,
	    "<svg class=\"icon\" viewBox=\"0 0 20 20\" aria-hidden=\"true\">"
	    "<circle class=\"disc\" cx=\"10\" cy=\"10\" r=\"9.5\"/>"
	    "<path class=\"mark\" d=\"%s\"/></svg>",
	    l->mark);
}
