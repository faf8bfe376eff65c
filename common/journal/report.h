/* SPDX-License-Identifier: BSD-2-Clause */
/* The report text: what a journal report says about the journaled message (rules R8 and R9). Only
 * the text is read here; unwrap.c finds and decodes the MIME part that contains it. */
#ifndef JM_JOURNAL_REPORT_H
#define JM_JOURNAL_REPORT_H

#include "common/journal/unwrap.h"

#define JM_REPORT_TEXT_BYTES (16u * 1024 * 1024) /* cap on the length of a report text */
#define JM_REPORT_RECIPIENTS 200000u             /* cap on the recipients of a report */

/* The values of a report, in an arena; none when the report does not have them. */
struct jm_report {
	struct jm_span sender, on_behalf_of, subject, message_id;
	struct jm_span label, mailbox, sent_utc, received_utc;
	struct jm_recipient *recipients;
	size_t recipients_n, recipients_cap;
	unsigned defects; /* texts that are no addresses */
	bool null_sender; /* the sender is the null path, not an unknown one */
	bool has_id;      /* it has a Message-ID line, even an empty one */
	bool at_top;      /* the Sender line is the first line that is not blank */
};

/*
 * Read text (decoded, UTF-8) as a report of the given family. *proper_r is true when it has a
 * Sender line and a usable recipient; then *r is filled, from arena. Returns 0, or -1 with err
 * filled: LIMIT past JM_REPORT_RECIPIENTS or the cap of arena, TEMP. Linear in text.len.
 */
int jm_report_read(struct jm_span text, enum jm_variant family, struct jm_arena *arena,
    struct jm_report *r, bool *proper_r, struct jm_err *err) JM_MUST_CHECK;

#endif
