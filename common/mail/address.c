/* SPDX-License-Identifier: BSD-2-Clause */
/* Address lists. A scan for the few octets that matter, not a parser of RFC 5322's grammar. See
 * address.h. */
#include "common/mail/address.h"

#include "common/mail/field.h"

void jm_addresses_start(struct jm_addresses *w, struct jm_span list)
{
	*w = (struct jm_addresses){ .list = list };
}

/* Read one entry, up to its separator. Angle brackets win over the words around them. */
static struct jm_span next_entry(struct jm_addresses *w)
{
	struct jm_span s = w->list, angle = { NULL, 0 }, words;
	size_t k = w->pos, from = k, end;
	bool quoted = false;

	for (; k < s.len; k++) {
		unsigned char c = s.p[k];

		if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			k += c == '\\';
		} else if (c == '<') {
			end = k + jm_span_index(jm_span_sub(s, k, s.len), '>');
			angle = jm_field_strip(jm_span_sub(s, k + 1, end - k - 1));
			k = end;
		} else if (c == ':') {
			from = k + 1; /* this was the name of a group, or a route */
		} else if (c == ',' || c == ';') {
			break;
		}
	}
	if (k > s.len)
		k = s.len;
	words = jm_field_strip(jm_span_sub(s, from, k - from));
	w->pos = k < s.len ? k + 1 : s.len;
	return jm_span_none(angle) ? words : angle;
}

bool jm_addresses_next(struct jm_addresses *w, struct jm_span *address_r)
{
	while (w->pos < w->list.len) {
		*address_r = next_entry(w);
		if (address_r->len > 0)
			return true;
	}
	return false;
}
