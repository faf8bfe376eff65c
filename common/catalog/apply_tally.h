/* SPDX-License-Identifier: BSD-2-Clause */
/* The row of a service besides its messages: attempts that left none, its last refusal, its state
 * and that of its mailbox. How these are recorded: common/archive/tally.h. */
#ifndef JM_CATALOG_APPLY_TALLY_H
#define JM_CATALOG_APPLY_TALLY_H

#include "common/catalog/apply_types.h"

/* A record of attempts, or of a session with a mailbox. TEMP, CORRUPT. */
int jm_apply_tally(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* An event with "status": the state of its service from now on. TEMP, CORRUPT. */
int jm_apply_status(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
