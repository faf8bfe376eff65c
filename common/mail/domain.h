/* SPDX-License-Identifier: BSD-2-Clause */
/* Domain names in the form in which they are compared here (lower-case A-labels of RFC 5890, by
 * libidn2, no trailing dot), and the two halves of a mailbox address. */
#ifndef JM_MAIL_DOMAIN_H
#define JM_MAIL_DOMAIN_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/span.h"

#define JM_DOMAIN_BYTES 256 /* RFC 5321 4.5.3.1.2: 255 octets, and a NUL */

/* Write domain in its comparable form into text_r, with a NUL. A name that IDNA refuses is only put
 * into lower case. Returns 0, or -1 when domain is empty, too long or has a NUL in it; then text_r
 * has no meaning. Any thread. */
int jm_domain_normalise(struct jm_span domain, char text_r[JM_DOMAIN_BYTES]) JM_MUST_CHECK;

/* Why a name from jm_domain_normalise() is no domain name of RFC 1123; NULL when it is one. Static.
 */
const char *jm_domain_fault(const char *domain);

/* Is the domain of address, after its last "@", one of domains (NULL-terminated; NULL: none are
 * given)? Both are compared in their comparable form. Any thread. */
bool jm_domain_among(struct jm_span address, const char *const *domains);

/*
 * Split an SMTP path, as a milter gets it (RFC 5321 4.1.2), into its halves: <a@b>, a@b,
 * <@relay:a@b>, <"a b"@c>, <a@b.>, <>. Both are slices of path as written, quotes included;
 * domain_r is empty when there is no domain, both are empty for the null path. Returns false when
 * path is not a path. Pure, any thread.
 */
bool jm_domain_split_path(struct jm_span path, struct jm_span *local_r, struct jm_span *domain_r);

#endif
