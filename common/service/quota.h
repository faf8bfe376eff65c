/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A quota on repeated events: a client that is refused a thousand times a minute is worth one event
 * and a count, not a thousand events. Pure: the caller brings the time and the lock.
 */
#ifndef JM_SERVICE_QUOTA_H
#define JM_SERVICE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#define JM_QUOTA_SLOTS 64
#define JM_QUOTA_WINDOW_MS 60000

struct jm_quota {
	struct {
		uint64_t key;     /* hash of what repeats; 0: free */
		int64_t since_ms; /* when the window began */
		uint64_t hidden;  /* events not told in it */
	} slot[JM_QUOTA_SLOTS];
};

/*
 * Should the event be told now? *hidden_r: how many like it were not told in the window before.
 * parts: what makes events alike (kind, service, client), NULL-terminated strings, ended by a NULL
 * pointer. Zero-initialised quota. Caller locks.
 */
bool jm_quota_take(
    struct jm_quota *q, const char *const *parts, int64_t now_ms, uint64_t *hidden_r);

#endif
