/* SPDX-License-Identifier: BSD-2-Clause */
/* Unwrapping and depositing a message of an import. See import.h. */
#include "common/upkeep/import.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/archive/deposit.h"
#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/base/scratch.h"

int jm_archive_import(struct jm_archive *a, const struct jm_import *m, struct jm_span message,
    struct jm_imported *done_r, struct jm_err *err)
{
	const char *const rcpt_to[] = { m->service, NULL };
	struct jm_deposit d = { .arrival = { .transport = "import",
				    .service = m->service,
				    .rcpt_to = rcpt_to,
				    .received_ms = jm_clock_now_ms() },
		.received = message,
		.once = true };
	struct jm_unwrap_options options = m->unwrap;
	struct jm_scratch scratch;
	struct jm_receipt r;
	struct jm_unwrap u;
	int rc;

	jm_scratch_init(&scratch, jm_archive_tmp_dir(a));
	options.memory = (struct jm_unwrap_memory){ jm_scratch_alloc, &scratch };
	rc = jm_unwrap(message, &options, &u, err);
	if (rc == 0) {
		d.unwrap = &u;
		rc = jm_archive_deposit(a, &d, &r, err);
		jm_unwrap_release(&u);
	}
	if (rc == 0)
		*done_r = (struct jm_imported){ r.seq, r.already_here };
	jm_scratch_release(&scratch);
	return rc;
}

void jm_import_add(struct jm_import_sum *sum, const struct jm_imported *done)
{
	if (done->already_here) {
		sum->already_here++;
		return;
	}
	sum->messages++;
	sum->first_seq = sum->first_seq ? sum->first_seq : done->seq;
	sum->last_seq = done->seq;
}

void jm_import_note(struct jm_archive *a, const struct jm_import *m, const char *actor,
    const char *from, const struct jm_import_sum *sum)
{
	char text[700];
	const struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = "imported",
		.service = m->service,
		.actor = actor,
		.text = text };

	if (sum->messages == 0)
		return;
	snprintf(text, sizeof text,
	    "%" PRIu64 " message%s imported, records %" PRIu64 " to %" PRIu64 "; %" PRIu64
	    " were here already%s%.500s",
	    sum->messages, jm_num_s(sum->messages), sum->first_seq, sum->last_seq,
	    sum->already_here, *from ? "; from " : "", from);
	jm_archive_note_or_log(a, &e);
}
