/* SPDX-License-Identifier: BSD-2-Clause */
/* Address lists of header fields (RFC 5322 3.4, rule R11), read leniently: every address is found,
 * whatever separates them. SMTP paths are read in domain.h. Any thread. */
#ifndef JM_MAIL_ADDRESS_H
#define JM_MAIL_ADDRESS_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct jm_address {
	/* In plain form: without route, brackets, comments, and blanks around "@" and dots. A text
	 * that is no address is as written, without folds. Never empty. */
	struct jm_span text;
	bool in_name; /* it came before an address in brackets, where a name belongs */
};

/* Gets each address, borrowed for the call. Returns 0; anything else ends the reading. */
typedef int jm_address_sink(void *ctx, const struct jm_address *a, struct jm_err *err);

/*
 * Read list, the value of an address field with or without its folds, and hand each address to
 * sink, in order. Members of a group count as addresses of the list; null addresses are left out.
 * Entries may be separated by commas, semicolons, or by nothing. *defects_r is increased by the
 * number of texts that are no addresses. Returns 0, what sink returned, or -1 with err filled
 * (TEMP).
 */
int jm_addresses_read(struct jm_span list, jm_address_sink *sink, void *ctx, unsigned *defects_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
