/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recipient or sender entry of a 2003 report (rule R9): [name] "<" [type ":"] address ">" [","],
 * or an address with "@" [","].
 *
 * An entry may be wrapped over several lines, which are joined without a separator until the whole
 * is an entry. Two small automata read each piece as it is added, so a list that never becomes an
 * entry costs linear time only.
 */
#ifndef JM_JOURNAL_ENTRY_H
#define JM_JOURNAL_ENTRY_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct jm_entry {
	struct jm_buf text;        /* the pieces so far, joined; owned */
	int bracket, bare;         /* states of the two automata */
	size_t from, to;           /* offsets of the text between the brackets */
	size_t bare_from, bare_to; /* offsets of the bare address */
	bool bare_at;              /* the bare address has an "@" with text on both sides */
};

/* Make *e empty; max_bytes is the cap of the joined text. */
void jm_entry_init(struct jm_entry *e, size_t max_bytes);

/* Begin the next entry; the memory is kept. */
void jm_entry_reset(struct jm_entry *e);

/* Free what *e owns. */
void jm_entry_release(struct jm_entry *e);

/* Append a piece. Returns 0, or -1 with err filled: LIMIT past the cap, TEMP. */
int jm_entry_add(struct jm_entry *e, struct jm_span piece, struct jm_err *err) JM_MUST_CHECK;

/* Return true when the text so far is a whole entry. Then *address_r is the address, or
 * "type:address" for a type other than smtp, or empty for a null address; it is valid until the
 * next change of *e. */
bool jm_entry_done(const struct jm_entry *e, struct jm_span *address_r);

/* No further piece can make the text an entry. */
bool jm_entry_failed(const struct jm_entry *e);

#endif
