/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An entry of a 2003 report (rule R9): [name] "<" [type ":"] address ">" [","], or an address with
 * "@" [","].
 *
 * It may be wrapped over lines, which are joined without a separator until the whole is an entry.
 * Two small automata read along as pieces come in, so that a list that never makes an entry costs
 * no more than its length.
 */
#ifndef JM_JOURNAL_ENTRY_H
#define JM_JOURNAL_ENTRY_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct jm_entry {
	struct jm_buf text;        /* the pieces so far, joined */
	int bracket, bare;         /* states of the two automata */
	size_t from, to;           /* what stands between the brackets */
	size_t bare_from, bare_to; /* the bare address */
	bool bare_at;              /* it has an "@" with something on both sides */
};

/* Make *e empty; max_bytes caps the joined text. */
void jm_entry_init(struct jm_entry *e, size_t max_bytes);

/* Begin the next entry, keep the memory. */
void jm_entry_reset(struct jm_entry *e);

/* Free what e owns. */
void jm_entry_release(struct jm_entry *e);

/* Append a piece. LIMIT, TEMP. */
int jm_entry_add(struct jm_entry *e, struct jm_span piece, struct jm_err *err) JM_MUST_CHECK;

/* True when the whole so far is an entry. *address_r: the address, or "type:address" for a type
 * other than smtp; empty for a null address. It lives until the next change of e. */
bool jm_entry_done(const struct jm_entry *e, struct jm_span *address_r);

#endif
