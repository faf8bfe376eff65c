/* SPDX-License-Identifier: BSD-2-Clause */
/* Address lists of header fields (RFC 5322 3.4, rule R11), read leniently. SMTP paths are read in
 * domain.h. Pure functions, any thread. */
#ifndef JM_MAIL_ADDRESS_H
#define JM_MAIL_ADDRESS_H

#include <stdbool.h>

#include "common/base/span.h"

/* A walk through the addresses of a list. */
struct jm_addresses {
	struct jm_span list; /* borrowed */
	size_t pos;          /* where the next entry begins */
};

/* Begin a walk. list: the value of a field, unfolded and without comments (jm_field_unfold(),
 * jm_field_uncomment()); borrowed until the walk is over. */
void jm_addresses_start(struct jm_addresses *w, struct jm_span list);

/*
 * Get the next address, a slice of the list: the text between "<" and ">" as written or, without
 * these, the words themselves. Members of a group count as addresses of the list; empty addresses
 * are left out. Returns false at the end.
 */
bool jm_addresses_next(struct jm_addresses *w, struct jm_span *address_r);

#endif
