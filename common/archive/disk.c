/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking the free space of the disk. */
#include "common/archive/disk.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "common/archive/note.h"
#include "common/archive/state.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define LOOK_US 50000 /* so long the free space is not read again; that is a system call */

static void disk_note(struct jm_archive *a, bool low, uint64_t free_bytes)
{
	const struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = low ? "disk-low" : "disk-ok",
		.actor = "archive" };
	struct jm_event now = e;
	char text[200];

	snprintf(text, sizeof text,
	    low ? "%" PRIu64 " bytes are free, less than the reserve of %" PRIu64
		  ": messages are answered 4xx until there "
		  "is room"
		: "%" PRIu64 " bytes are free again, the reserve is %" PRIu64,
	    free_bytes, a->disk_reserve_bytes);
	now.text = text;
	JM_LOG(low ? JM_LOG_ERROR : JM_LOG_NOTICE, low ? "disk-low" : "disk-ok",
	    { "free", JM_U(free_bytes) }, { "reserve", JM_U(a->disk_reserve_bytes) });
	jm_archive_note_or_log(a, &now);
}

/* False: it is not known. */
static bool read_free(const struct jm_archive *a, uint64_t *bytes_r)
{
	struct statvfs st;

	if (statvfs(a->dir, &st) != 0)
		return false;
	*bytes_r = (uint64_t)st.f_bavail * st.f_frsize;
	return true;
}

uint64_t jm_disk_free(const struct jm_archive *a)
{
	uint64_t bytes;

	return read_free(a, &bytes) ? bytes : 0;
}

/* Was there room at the last reading, less all that was let in since? False: read it again. */
static bool has_room(struct jm_archive *a, uint64_t more_bytes)
{
	uint64_t left, reserve = a->disk_reserve_bytes;
	bool room;

	pthread_mutex_lock(&a->lock);
	left = a->disk_left_bytes > more_bytes ? a->disk_left_bytes - more_bytes : 0;
	room = !a->disk_low && left >= reserve && jm_clock_mono_us() < a->disk_look_us + LOOK_US;
	if (room)
		a->disk_left_bytes = left;
	pthread_mutex_unlock(&a->lock);
	return room;
}

int jm_disk_check(struct jm_archive *a, uint64_t more_bytes, struct jm_err *err)
{
	uint64_t free_bytes, reserve = a->disk_reserve_bytes;
	bool low, changed;

	/* If it is not known, try the write; it will report the error. */
	if (reserve == 0 || has_room(a, more_bytes) || !read_free(a, &free_bytes))
		return 0;
	pthread_mutex_lock(&a->lock);
	/* The disk is low until there is a little more room than the reserve, so that the state
	 * does not change with each message. */
	low = free_bytes < reserve + (a->disk_low ? reserve / 16 : 0);
	changed = low != a->disk_low;
	a->disk_low = low;
	a->disk_look_us = jm_clock_mono_us();
	a->disk_left_bytes = free_bytes > more_bytes ? free_bytes - more_bytes : 0;
	pthread_mutex_unlock(&a->lock);
	if (changed)
		disk_note(a, low, free_bytes);
	if (!low && free_bytes - reserve >= more_bytes)
		return 0;
	return jm_err_set(err, JM_E_TEMP,
	    "the disk has %" PRIu64 " bytes left, of which %" PRIu64 " are kept in reserve",
	    free_bytes, reserve);
}
