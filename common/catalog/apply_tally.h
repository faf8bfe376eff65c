/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of a service's row that do not come from messages: attempts that left no message, the
 * last refusal, the state of the service and of its mailbox. common/archive/tally.h writes the
 * records. */
#ifndef JM_CATALOG_APPLY_TALLY_H
#define JM_CATALOG_APPLY_TALLY_H

#include "common/catalog/apply_types.h"

/* Apply a TALLY record: attempts, or a session with a mailbox. TEMP, CORRUPT. */
int jm_apply_tally(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* Apply the "status" of an event: the state of its service from now on. TEMP, CORRUPT. */
int jm_apply_status(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
