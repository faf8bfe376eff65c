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
#include "common/journal/unwrap.h"

/* The addresses in To and Cc of an item's message, which decide about recipients that its reports
 * only call "recipient". They are read when they are first needed. One thread at a time. */
struct jm_bcc_header {
	struct jm_archive *a;
	uint64_t id;       /* of the item, or of a report */
	json_t *addresses; /* private to bcc.c */
};

/*
 * Is a recipient open, as one report names it? It is if the report names it (or the list or mailbox
 * through which it was reached) as To or Cc, or if To or Cc of the message's own header has it. In
 * doubt it is hidden. 1; 0; -1: TEMP. naming: {type, expanded_from, forwarded_from}.
 */
int jm_bcc_is_open(struct jm_bcc_header *h, const json_t *address, const json_t *naming,
    struct jm_err *err) JM_MUST_CHECK;

/* Free the addresses. */
void jm_bcc_header_release(struct jm_bcc_header *h);

/* Find the first open recipient of a report, by the recipients of its metadata. 1 with *address_r,
 * borrowed from them; 0: none is open; -1: TEMP. Any thread. */
int jm_bcc_first_open(struct jm_archive *a, uint64_t seq, const json_t *recipients,
    const json_t **address_r, struct jm_err *err) JM_MUST_CHECK;

/* Which recipients of an unwrapped message are open? open_r has room for all of them. Returns 0, or
 * -1: TEMP. Any thread. */
int jm_bcc_unwrapped(const struct jm_unwrap *u, bool *open_r, struct jm_err *err) JM_MUST_CHECK;

/*
 * Do the bytes of a message name Bcc recipients, so that they are given out on request only? Says
 * how in words; NULL: they do not. They do if its own header has a Bcc field that is not empty
 * (stripped: not counting the two journal headers, which are left out), or if it is, or has inside,
 * a journal report that was not unwrapped. Pure, any thread.
 */
const char *jm_bcc_in_bytes(struct jm_span message, bool stripped);

/* Is the message itself a journal report, so that its text names recipients? Pure, any thread. */
bool jm_bcc_is_report(struct jm_span message);

#endif
