/* SPDX-License-Identifier: BSD-2-Clause */
/* Which repeated events are suppressed. Writing events and their counts is the caller's. */
#include "common/service/quota.h"

/* FNV-1a over the strings with their NULs; never 0, which marks a free slot. */
static uint64_t parts_hash(const char *const *parts)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *parts; parts++) {
		const char *p = *parts;

		do
			h = (h ^ (unsigned char)*p) * 0x100000001b3u;
		while (*p++);
	}
	return h ? h : 1;
}

bool jm_quota_take(struct jm_quota *q, const char *const *parts, int64_t now_ms, uint64_t *hidden_r)
{
	uint64_t key = parts_hash(parts);
	unsigned i, pick = 0;

	*hidden_r = 0;
	for (i = 0; i < JM_QUOTA_SLOTS; i++) {
		if (q->slot[i].key == key)
			break;
		if (q->slot[i].since_ms < q->slot[pick].since_ms)
			pick = i; /* reuse the oldest; a free slot counts as oldest */
	}
	if (i < JM_QUOTA_SLOTS) {
		/* A clock that was set back ends the window: otherwise it would last until the
		 * clock reaches that time again. */
		if (now_ms >= q->slot[i].since_ms &&
		    now_ms - q->slot[i].since_ms < JM_QUOTA_WINDOW_MS) {
			q->slot[i].hidden++;
			return false;
		}
		*hidden_r = q->slot[i].hidden;
		pick = i;
	}
	q->slot[pick].key = key;
	q->slot[pick].since_ms = now_ms;
	q->slot[pick].hidden = 0;
	return true;
}
