/* SPDX-License-Identifier: BSD-2-Clause */
/* Putting events into the committer's queue. */
#include "common/archive/note.h"

#include "common/archive/commit.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define ROOM_MS 5 /* between two checks for room */

int jm_archive_note(struct jm_archive *a, const struct jm_event *e, struct jm_err *err)
{
	return jm_archive_note_within(a, e, 0, err);
}

int jm_archive_note_within(
    struct jm_archive *a, const struct jm_event *e, int64_t wait_ms, struct jm_err *err)
{
	int64_t until_us = jm_clock_mono_us() + wait_ms * 1000;
	struct jm_ticket *t;
	json_t *meta;
	int rc = 0;

	if (a->verbatim)
		return 0;
	meta = jm_describe_event(e, err);
	if (!meta || !(t = jm_ticket_new(JM_RECORD_EVENT, meta, err)))
		return -1;
	pthread_mutex_lock(&a->lock);
	while (a->notes.n >= JM_NOTES_MAX && !a->stopping && jm_clock_mono_us() < until_us) {
		pthread_mutex_unlock(&a->lock);
		jm_clock_sleep_ms(ROOM_MS);
		pthread_mutex_lock(&a->lock);
	}
	if (a->notes.n >= JM_NOTES_MAX || a->stopping) {
		jm_commit_drop_note(a);
		rc = jm_err_set(err, JM_E_LIMIT, "%d events wait already", JM_NOTES_MAX);
		jm_ticket_drop(t);
	} else {
		a->notes_put++;
		if (jm_commit_enqueue(a, t))
			pthread_cond_signal(&a->work);
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void jm_archive_note_or_log(struct jm_archive *a, const struct jm_event *e)
{
	struct jm_err err;

	if (jm_archive_note(a, e, &err) != 0)
		JM_LOG(JM_LOG_ERROR, "event-lost", { "kind", JM_S(e->kind) },
		    { "error", JM_S(err.text) });
}

void jm_archive_notes(struct jm_archive *a, uint64_t *put_r, uint64_t *done_r)
{
	pthread_mutex_lock(&a->lock);
	*put_r = a->notes_put;
	*done_r = a->notes_done;
	pthread_mutex_unlock(&a->lock);
}
