/* SPDX-License-Identifier: BSD-2-Clause */
/* Address lists of header fields (RFC 5322 3.4, rule R11), read leniently. SMTP paths live in
 * domain.h. */
#ifndef JM_MAIL_ADDRESS_H
#define JM_MAIL_ADDRESS_H

#include <stdbool.h>

#include "common/base/span.h"

/* A walk through the addresses of a list. */
struct jm_addresses {
	struct jm_span list; /* borrowed: unfolded, without comments (jm_field_uncomment) */
	size_t pos;
};

/* Begin a walk. */
void jm_addresses_start(struct jm_addresses *w, struct jm_span list);

/*
 * The next address: what stands between "<" and ">", else the words themselves, as written. Groups
 * are flattened, null addresses left out. A slice of the list. False at the end.
 */
bool jm_addresses_next(struct jm_addresses *w, struct jm_span *address_r);

#endif
