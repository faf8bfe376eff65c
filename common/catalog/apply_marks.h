/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks of messages that were fetched from a POP3 mailbox. The metadata of a report is the mark, so
 * it is durable with the message and never without it; a FORGET record takes marks away. Keys: the
 * SHA-256 of the mailbox, then the id.
 */
#ifndef JM_CATALOG_APPLY_MARKS_H
#define JM_CATALOG_APPLY_MARKS_H

#include "common/catalog/apply_types.h"

/* The key of a mark, its length in *n_r; with an empty uidl, the prefix of all marks of a mailbox.
 * False: the id is too long for a key, it has no mark. */
bool jm_marks_key(struct jm_span mailbox, struct jm_span uidl,
    unsigned char key[JM_CATALOG_KEY_MAX], size_t *n_r);

/* Set the mark of report seq, if its arrival has one. TEMP, CORRUPT. */
int jm_apply_mark(
    struct jm_apply *p, const json_t *arrival, uint64_t seq, struct jm_err *err) JM_MUST_CHECK;

/* A FORGET record. TEMP, CORRUPT. */
int jm_apply_forget(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
