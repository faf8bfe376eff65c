/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files that turn records into the catalog: apply.c (reports, events), change.c
 * (state changes), tally.c (attempts). */
#ifndef JM_ARCHIVE_APPLY_H
#define JM_ARCHIVE_APPLY_H

#include <inttypes.h>

#include "common/archive/count.h"
#include "common/archive/store.h"
#include "common/base/num.h"

struct jm_apply {
	struct jm_archive *a; /* to read an earlier record's metadata again */
	struct jm_catalog *c;
	struct jm_txn *txn;
	struct jm_counts counts;
};

/* One report on its way into the catalog. Borrowed but for row. */
struct jm_applying {
	const struct jm_applied *r;
	const json_t *arrival, *journal, *content, *queued;
	const char *service, *set_aside;
	unsigned char key[JM_SHA256_BYTES];
	uint64_t id; /* of its item */
	json_t *row; /* of its item, owned */
	bool is_new, from_headers, from_gateway;
	int64_t added; /* recipients that the item did not have */
};

static inline struct jm_span jm_id_key(uint64_t id, unsigned char key[8])
{
	jm_num_put_be64(key, id);
	return jm_span_of(key, 8);
}

/* Fill from a report's record. CORRUPT when there is no match key. */
int jm_applying_read(
    struct jm_applying *w, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* The item that has this match key: 1 with w->id, 0, -1. */
int jm_applying_match(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Join the item w->id, all rows but those of its contents and its place: its addresses, its
 * Message-ID. */
int jm_applying_join(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Take away what leads to the item of its own that the report had while it waited. */
int jm_applying_leave(struct jm_apply *p, const struct jm_applying *w, uint64_t own_id,
    struct jm_err *err) JM_MUST_CHECK;

/* Write where the report stands and its item's row, with one more report. */
int jm_applying_store(struct jm_apply *p, struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* Add to all the rows that count reports of this service received at this time. */
int jm_apply_count(struct jm_apply *p, const char *service, int64_t time_ms,
    const struct jm_count *c, struct jm_err *err) JM_MUST_CHECK;

/* A row of the events that follows from another record: seq of that record. Strings may be NULL. */
int jm_apply_note(struct jm_apply *p, uint64_t seq, int64_t time_ms, const char *kind,
    const char *service, const char *actor, const char *text, struct jm_err *err) JM_MUST_CHECK;

/* domain.c: an event with "domain". */
int jm_domain_apply(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

/* change.c */
int jm_change_apply(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;
/* A report came that has to wait: its rows in the queue. */
int jm_change_queue(
    struct jm_apply *p, const struct jm_applying *w, struct jm_err *err) JM_MUST_CHECK;

/* NOTFOUND that tells how report or item seq stands instead, and which verb is for that. Always -1;
 * TEMP when the catalog cannot tell. */
int jm_change_refuse(
    struct jm_archive *a, uint64_t seq, enum jm_change_from wanted, struct jm_err *err);

/* tally.c */
int jm_tally_apply(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;
/* An event that says how its service stands from now on. */
int jm_tally_status(
    struct jm_apply *p, const struct jm_applied *r, struct jm_err *err) JM_MUST_CHECK;

#endif
