/* SPDX-License-Identifier: BSD-2-Clause */
/* See packets.h. A length that libmilter refuses needs no care here: it closes the connection. */
#include "milter/daemon/packets.h"

#include "common/base/num.h"

#define MACROS 'D' /* SMFIC_MACRO: one byte for the step, then strings that each end with a NUL */

static void take_head(struct jm_packets *p, unsigned char byte)
{
	uint32_t len;

	p->head[p->have++] = byte;
	if (p->have < sizeof p->head)
		return;
	len = jm_num_get_be32(p->head);
	p->at = p->strings = 0;
	p->end = len > 0 ? len - 1 : 0; /* the command counts */
	if (p->end == 0)
		p->have = 0;
}

bool jm_packets_follow(struct jm_packets *p, const unsigned char *bytes, size_t n)
{
	bool right = true;

	for (size_t i = 0, more; i < n && right; i += more) {
		more = 1;
		if (p->have < sizeof p->head) {
			take_head(p, bytes[i]);
			continue;
		}
		if (p->head[4] == MACROS)
			p->strings += p->at > 0 && bytes[i] == 0;
		else
			more = n - i < p->end - p->at ? n - i : p->end - p->at;
		p->at += (uint32_t)more;
		if (p->at < p->end)
			continue;
		right = p->strings % 2 == 0;
		p->have = 0;
	}
	return right;
}
