/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following an archive, record by record: reports as they are archived, changes, events. It is read
 * from the volumes, so a place in them is all that a follower keeps, also over a restart, and
 * nobody is waited for.
 */
#ifndef JM_QUERY_FOLLOW_H
#define JM_QUERY_FOLLOW_H

#include "common/archive/archive.h"

struct jm_following {
	const json_t *from; /* {seq}, or a place that was given as *next_r; NULL: from now on */
	uint64_t limit;     /* records; 0: all */
	jm_archive_visit *visit;
	void *ctx;
};

/*
 * Visit what happened after a place, in the order of the records: {seq, time, kind, service, actor,
 * text}; events also with status and cure; reports (kind archived, merged, queued, set-aside) and
 * changes (also released, expired) with item, sender, subject, message_id, recipients (how many),
 * size. With from NULL nothing is visited. *next_r: where to continue, and whether there is more;
 * the caller owns it. TEMP. Any thread.
 */
int jm_archive_follow(struct jm_archive *a, const struct jm_following *f, json_t **next_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
