/* SPDX-License-Identifier: BSD-2-Clause */
/* The report text: what a journal report says about the journaled message (rules R8 and R9). Text
 * only; parts are unwrap.c's. */
#ifndef JM_JOURNAL_REPORT_H
#define JM_JOURNAL_REPORT_H

#include "common/journal/unwrap.h"

#define JM_REPORT_TEXT_BYTES (16u * 1024 * 1024) /* a report text longer than this is a limit */
#define JM_REPORT_RECIPIENTS 200000u             /* so is one with more recipients */

struct jm_report {
	struct jm_span sender, on_behalf_of, subject, message_id; /* in the arena; none as in struct
								     jm_unwrap */
	struct jm_span label, mailbox, sent_utc, received_utc;
	struct jm_recipient *recipients;
	size_t recipients_n, recipients_cap;
};

/*
 * Read text (decoded, UTF-8) as the report of a family. *proper_r: it has a Sender line and a
 * usable recipient; then *r is filled, its spans in arena. LIMIT, TEMP. Linear in text.len.
 */
int jm_report_read(struct jm_span text, enum jm_variant family, struct jm_arena *arena,
    struct jm_report *r, bool *proper_r, struct jm_err *err) JM_MUST_CHECK;

#endif
