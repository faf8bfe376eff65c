/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following an archive record by record: reports as they are archived, changes, events. The records
 * are read from the volumes. So a follower keeps only a place in them, which is also valid after a
 * restart, and the archive never waits for a follower.
 */
#ifndef JM_QUERY_FOLLOW_H
#define JM_QUERY_FOLLOW_H

#include "common/archive/archive.h"

struct jm_following {
	const json_t *from; /* {seq}, or an earlier call's *next_r; NULL: the end of the log */
	uint64_t limit;     /* records; 0: all */
	bool bcc;           /* reasons may name Bcc recipients */
	jm_archive_visit *visit;
	void *ctx;
};

/*
 * Visit the records after a place, in order: {seq, time, kind, service, actor, text}; events also
 * with status and cure; reports (kind archived, merged, queued, set-aside) and changes (also
 * released, expired) with item, sender, subject, message_id, recipients (their number), size. With
 * from NULL no record is visited. *next_r: the place from which to continue, with "more" if there
 * are more records; the caller owns it. TEMP, CORRUPT, or the visitor's error. Any thread.
 */
int jm_archive_follow(struct jm_archive *a, const struct jm_following *f, json_t **next_r,
    struct jm_err *err) JM_MUST_CHECK;

#endif
