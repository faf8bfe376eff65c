/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where outcomes become SMTP replies (RFC 5321, enhanced codes of RFC 3463). Nothing
 * in a message's content ever leads to a 5xx: only admission may refuse.
 *
 * Each function sets the reply of a session and returns what its libmilter callback is to return.
 * When libmilter does not take the reply, that is logged and the MTA uses a text of its own.
 */
#ifndef JM_DAEMON_REPLY_H
#define JM_DAEMON_REPLY_H

#include <libmilter/mfapi.h>

#include "common/service/admit.h"

/* For a recipient: the reply that belongs to the verdict of its admission. ACCEPT and OTHER set
 * none and return SMFIS_CONTINUE. */
sfsistat jm_reply_admission(SMFICTX *ctx, const struct jm_admission *admission);

/* For a failure of ours: 451 4.3.0 with a text that names the kind of err but no detail. */
sfsistat jm_reply_trouble(SMFICTX *ctx, const struct jm_err *err);

/* While the daemon stops: 451 4.3.2. */
sfsistat jm_reply_stopping(SMFICTX *ctx);

#endif
