/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of the archive in memory. */
#include "common/archive/health.h"

#include <string.h>

#include "common/archive/disk.h"
#include "common/archive/state.h"
#include "common/base/clock.h"

void jm_archive_health(struct jm_archive *a, struct jm_health *h_r)
{
	pthread_mutex_lock(&a->lock);
	*h_r = (struct jm_health){ .write_trouble = a->write_trouble,
		.apply_trouble = a->apply_trouble,
		.disk_low = a->disk_low,
		.durable_seq = a->durable_seq,
		.groups = a->groups,
		.notes_dropped = a->notes_dropped };
	pthread_mutex_unlock(&a->lock);
}

bool jm_archive_trouble(struct jm_archive *a, struct jm_err *why_r)
{
	struct jm_err low = { .kind = JM_E_NONE };
	const struct jm_err *cause;
	struct jm_health h;

	if (jm_disk_check(a, 0, &low) == 0) /* here, so that a low disk also clears without mail */
		low.kind = JM_E_NONE;
	jm_archive_health(a, &h);
	cause = h.write_trouble.kind != JM_E_NONE ? &h.write_trouble
	    : h.apply_trouble.kind != JM_E_NONE   ? &h.apply_trouble
						  : &low;
	if (cause->kind == JM_E_NONE)
		return false;
	*why_r = *cause;
	return true;
}

int64_t jm_archive_stalled_us(struct jm_archive *a)
{
	int64_t since_us;
	bool gone;

	pthread_mutex_lock(&a->lock);
	since_us = a->busy_since_us;
	gone = a->committer_gone;
	pthread_mutex_unlock(&a->lock);
	return gone ? INT64_MAX : since_us == 0 ? 0 : jm_clock_mono_us() - since_us;
}
