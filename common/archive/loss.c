/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that are lost at the end of the log. See loss.h. */
#include "common/archive/loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/archive/note.h"
#include "common/archive/state.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/volume/salvage.h"

#define MISSING_MAX 10000 /* a known end that is so many volumes ahead cannot be right */

static struct jm_volume *last_volume(const struct jm_archive *a)
{
	return &a->volumes.list[a->volumes.n - 1];
}

bool jm_loss_is_after(const struct jm_archive *a, const struct jm_position *at)
{
	const struct jm_volume *last = last_volume(a);

	return at->volume > last->head.number ||
	    (at->volume == last->head.number && at->offset > last->end);
}

/* Why a known end with a higher number than the catalog's is not believed; NULL: it is. */
static const char *unfit(const struct jm_archive *a, const struct jm_position *at)
{
	const struct jm_volume *last = last_volume(a);

	if (!jm_loss_is_after(a, at))
		return "its place is in the volumes, but its number is not";
	if (at->volume - last->head.number > MISSING_MAX)
		return "too many volumes would be missing";
	if (at->volume == last->head.number &&
	    at->seq - a->position.seq > (at->offset - last->end) / JM_RECORD_HEAD_BYTES)
		return "so many records do not fit between the two places";
	return NULL;
}

bool jm_loss_is_known(const struct jm_archive *a)
{
	const struct jm_known_end *k = a->known_end;
	const char *why = NULL;

	if (!a->pass_loss || !k)
		return false;
	if (memcmp(k->uuid, a->volumes.uuid, sizeof k->uuid) != 0)
		why = "it is of another archive";
	else if (k->at.seq <= a->position.seq)
		return false;
	else
		why = unfit(a, &k->at);
	if (why)
		JM_LOG(JM_LOG_WARNING, "known-end-ignored", { "from", JM_S(k->witness) },
		    { "record", JM_U(k->at.seq) }, { "why", JM_S(why) });
	return !why;
}

/* Get the number of the last record in the volumes. */
static int last_whole(struct jm_archive *a, uint64_t *last_r, struct jm_err *err)
{
	const struct jm_volume *last = last_volume(a);

	if (jm_salvage_last_whole(&a->volumes, last, last_r, err) != 0)
		return -1;
	if (*last_r == 0 && last->head.first_seq > 0)
		*last_r = last->head.first_seq - 1;
	return 0;
}

int jm_loss_note(
    struct jm_archive *a, const struct jm_position *at, const char *witness, struct jm_err *err)
{
	const struct jm_volume *last = last_volume(a);
	char text[400];
	const struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = "records-lost",
		.actor = "archive",
		.text = text };
	uint64_t there = a->position.seq;

	if (jm_loss_is_after(a, &a->position) && last_whole(a, &there, err) != 0)
		return -1;
	snprintf(text, sizeof text,
	    "records %" PRIu64 " to %" PRIu64 " (%" PRIu64
	    ") are lost: %s has them, but volume %" PRIu64 " ends at %" PRIu64
	    " bytes instead of volume %" PRIu64 " at %" PRIu64
	    "; their numbers are not given again. To get them back, bring the newer volumes back "
	    "from a copy, then jmctl rebuild",
	    there + 1, at->seq, at->seq > there ? at->seq - there : 0, witness, last->head.number,
	    last->end, at->volume, at->offset);
	JM_LOG(JM_LOG_ERROR, "records-lost", { "first", JM_U(there + 1) },
	    { "last", JM_U(at->seq) }, { "volume", JM_U(last->head.number) },
	    { "text", JM_S(text) });
	return jm_archive_note(a, &e, err);
}

int jm_loss_list(struct jm_archive *a, const struct jm_position *at, struct jm_err *err)
{
	struct jm_volume *last = last_volume(a);
	uint64_t there;

	if (!jm_loss_is_after(a, at))
		return 0;
	if (at->volume == last->head.number && !last->absent) {
		if (last_whole(a, &there, err) != 0)
			return -1;
		jm_volume_problem(last,
		    "volume %" PRIu64 " ends at %" PRIu64 " instead of %" PRIu64
		    ": records %" PRIu64 " to %" PRIu64 " cannot be read",
		    last->head.number, last->end, at->offset, there + 1, at->seq);
	}
	return jm_salvage_absent(&a->volumes, at->volume, err) != 0
	    ? -1
	    : jm_salvage_guess(&a->volumes, err);
}
