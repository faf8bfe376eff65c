/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A quota on repeated events: a client that is refused a thousand times a minute is worth one event
 * and a count, not a thousand events. Pure: the caller gives the time and holds the lock.
 */
#ifndef JM_SERVICE_QUOTA_H
#define JM_SERVICE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#define JM_QUOTA_SLOTS 64
#define JM_QUOTA_WINDOW_MS 60000

/* Zero-initialised, it is empty. It needs no release. */
struct jm_quota {
	struct {
		uint64_t key;     /* hash of the event's parts; 0: free */
		int64_t since_ms; /* when the window began */
		uint64_t hidden;  /* events that were suppressed in it */
	} slot[JM_QUOTA_SLOTS];
};

/*
 * Should this event be reported now? The first of its kind is; those that follow it within
 * JM_QUOTA_WINDOW_MS are counted only. parts: the strings that make events alike (kind, service,
 * client), ended by a NULL pointer; borrowed. *hidden_r: how many events like this one were
 * suppressed in the window before. When all slots are in use, the oldest one is reused and its
 * count is lost. One thread at a time.
 */
bool jm_quota_take(
    struct jm_quota *q, const char *const *parts, int64_t now_ms, uint64_t *hidden_r);

#endif
