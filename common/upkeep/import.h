/* SPDX-License-Identifier: BSD-2-Clause */
/* Importing messages that are no arrivals: from files, mbox and Maildir. Any thread. */
#ifndef JM_UPKEEP_IMPORT_H
#define JM_UPKEEP_IMPORT_H

#include "common/archive/archive.h"
#include "common/base/span.h"
#include "common/journal/unwrap.h"

/* How to import. Strings are borrowed for the call. */
struct jm_import {
	const char *service;             /* the journal address that the messages belong to */
	struct jm_unwrap_options unwrap; /* without its memory */
};

struct jm_imported {
	uint64_t seq;      /* of the report */
	bool already_here; /* it was imported for this service before; nothing was stored */
};

/* Archive one message (borrowed for the call) as an arrival of transport "import", unless it was
 * imported for this service before. 0: it is durable; TEMP, LIMIT: it is not. */
int jm_archive_import(struct jm_archive *a, const struct jm_import *m, struct jm_span message,
    struct jm_imported *done_r, struct jm_err *err) JM_MUST_CHECK;

/* The figures of an import; at the beginning all 0. */
struct jm_import_sum {
	uint64_t messages, already_here, first_seq, last_seq;
};

void jm_import_add(struct jm_import_sum *sum, const struct jm_imported *done);

/* Note an import as an event, when it has stored messages. actor: of the event; from: the
 * place of the messages, in the words of that user, or "". An event that cannot be noted is logged.
 */
void jm_import_note(struct jm_archive *a, const struct jm_import *m, const char *actor,
    const char *from, const struct jm_import_sum *sum);

#endif
