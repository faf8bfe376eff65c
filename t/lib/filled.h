/* SPDX-License-Identifier: BSD-2-Clause */
/* An archive with a little of everything: items, reports that joined them, Bcc recipients, an
 * attachment, what is set aside, what waits, marks of a mailbox, events, a domain; in two volumes.
 */
#ifndef JM_T_LIB_FILLED_H
#define JM_T_LIB_FILLED_H

#include "common/archive/archive.h"
#include "common/base/buf.h"

#define T_FILLED_SERVICE "archive@journal.example.com"
#define T_FILLED_MAILBOX "j@other.example.com"

enum t_filled_kind {
	T_FILLED_PLAIN, /* an ordinary item */
	T_FILLED_REPORT,
	T_FILLED_ASIDE,
	T_FILLED_QUEUED,
	T_FILLED_MARKED
};

/* Fill the archive; ends the test when that fails. seq[kind]: a report of that kind. */
void t_fill(struct jm_archive *a, uint64_t seq[T_FILLED_MARKED + 1]);

/* Wait until readers see all of it. */
void t_filled_wait(struct jm_archive *a);

/* Deposit message i of a kind. 0; -1 with err. */
int t_filled_deposit(
    struct jm_archive *a, enum t_filled_kind kind, unsigned i, uint64_t *seq_r, struct jm_err *err);

#endif
