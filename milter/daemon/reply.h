/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where outcomes become SMTP replies (RFC 5321, RFC 3463). Nothing in a message's
 * content ever earns a 5xx: only admission may refuse.
 */
#ifndef JM_DAEMON_REPLY_H
#define JM_DAEMON_REPLY_H

#include <libmilter/mfapi.h>

#include "common/service/admit.h"

/* Set the reply for a recipient's admission and return what its callback returns. ACCEPT and OTHER:
 * SMFIS_CONTINUE. */
sfsistat jm_reply_admission(SMFICTX *ctx, const struct jm_admission *admission);

/* Set 451 4.3.0 with a text that tells the kind of trouble but no detail, and return
 * SMFIS_TEMPFAIL. */
sfsistat jm_reply_trouble(SMFICTX *ctx, const struct jm_err *err);

/* The same while the service stops: 451 4.3.2. */
sfsistat jm_reply_stopping(SMFICTX *ctx);

#endif
