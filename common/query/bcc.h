/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Bcc rule: finding the Bcc recipients, and removing them from output. A report marks some
 * recipients as "bcc". For recipients that it only calls "recipient" (mail from outside, Exchange
 * 2003, the gateway), the message's own To and Cc decide. The result is not stored, since it
 * follows from the records.
 */
#ifndef JM_QUERY_BCC_H
#define JM_QUERY_BCC_H

#include "common/archive/archive.h"
#include "common/base/span.h"

/*
 * Remove the Bcc recipients from an item of jm_archive_show(), and set its member
 * "hidden_recipients" to their number. A recipient is open if a report names it (or the list or
 * mailbox through which it was reached) as To or Cc, or if To or Cc of the message's own header has
 * it. In doubt it is hidden. TEMP, CORRUPT. Any thread.
 */
int jm_archive_hide_bcc(struct jm_archive *a, json_t *item, struct jm_err *err) JM_MUST_CHECK;

/* Says whether an address is searched for. */
typedef bool jm_bcc_wanted(const void *ctx, struct jm_span address);

/* Does an item of jm_item_read() have an open (not Bcc) recipient for which wanted() is true? 1; 0;
 * -1: TEMP. Any thread. */
int jm_bcc_open(struct jm_archive *a, const json_t *item, jm_bcc_wanted *wanted, const void *ctx,
    struct jm_err *err) JM_MUST_CHECK;

#endif
