/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which recipients are Bcc, and taking them out of what is shown. A report says "bcc" of some. Of
 * those that it only calls "recipient" (mail from outside, Exchange 2003, the gateway) the
 * message's own To and Cc decide. Nothing is stored: it follows from the records.
 */
#ifndef JM_QUERY_BCC_H
#define JM_QUERY_BCC_H

#include "common/archive/archive.h"
#include "common/base/span.h"

/*
 * Take the Bcc recipients out of an item as jm_archive_show() gave it, and put "hidden_recipients",
 * their number, into it. A recipient is open if a report names it (or the list or mailbox it was
 * reached by) as To or Cc, or if To or Cc of the message's own header has it. In doubt it is
 * hidden. TEMP, CORRUPT. Any thread.
 */
int jm_archive_hide_bcc(struct jm_archive *a, json_t *item, struct jm_err *err) JM_MUST_CHECK;

typedef bool jm_bcc_wanted(const void *ctx, struct jm_span address);

/* Has an item (as jm_item_read() gives it) a recipient that is wanted and is no Bcc? 1, 0, -1. */
int jm_bcc_open(struct jm_archive *a, const json_t *item, jm_bcc_wanted *wanted, const void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
