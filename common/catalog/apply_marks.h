/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks of messages that were fetched from a POP3 mailbox. The mark is part of the report's
 * metadata, so it is durable with the message and never without it. A FORGET record removes marks.
 * Keys: the SHA-256 of the mailbox, then the message's id.
 */
#ifndef JM_CATALOG_APPLY_MARKS_H
#define JM_CATALOG_APPLY_MARKS_H

#include "common/catalog/apply_types.h"

/* The key of a mark, and its length in *n_r; with an empty uidl, the prefix of all marks of a
 * mailbox. False: the id is too long for a key, so the message can have no mark. */
bool jm_marks_key(struct jm_span mailbox, struct jm_span uidl,
    unsigned char key[JM_CATALOG_KEY_MAX], size_t *n_r);

/* Set the mark of report seq, if its arrival has one. TEMP, CORRUPT. */
int jm_apply_mark(
    struct jm_apply *p, const json_t *arrival, uint64_t seq, struct jm_err *err) JM_MUST_CHECK;

/* Apply a FORGET record. TEMP, CORRUPT. */
int jm_apply_forget(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
