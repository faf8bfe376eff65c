/* SPDX-License-Identifier: BSD-2-Clause */
/* Domain names and mailbox addresses as compared by us: lower-case A-labels (RFC 5890, libidn2), no
 * trailing dot. */
#ifndef JM_MAIL_DOMAIN_H
#define JM_MAIL_DOMAIN_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/span.h"

#define JM_DOMAIN_BYTES 256 /* RFC 5321 4.5.3.1.2: 255 octets and a NUL */

/* domain in its comparable form into text_r. A U-label that IDNA refuses is only put into lower
 * case. -1 when it is too long or empty. Any thread. */
int jm_domain_normalise(struct jm_span domain, char text_r[JM_DOMAIN_BYTES]) JM_MUST_CHECK;

/*
 * Take an SMTP path apart as a milter gets it (RFC 5321 4.1.2): <a@b>, a@b, <@relay:a@b>, <"a
 * b"@c>, <a@b.>, <>. local_r is as written (quotes included), domain_r as written (may be empty).
 * Both empty for the null path. False when it is no path.
 */
bool jm_domain_split_path(struct jm_span path, struct jm_span *local_r, struct jm_span *domain_r);

#endif
