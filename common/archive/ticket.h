/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tickets: records on their way. A depositor makes one, the committer stamps and writes it, the
 * applier applies it. Counted references: the depositor's and the archive's.
 */
#ifndef JM_ARCHIVE_TICKET_H
#define JM_ARCHIVE_TICKET_H

#include <jansson.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "common/volume/apart.h"
#include "common/volume/record.h"

/* A digest of bytes that are on their way into the archive, but not in the catalog yet. */
struct jm_flight {
	unsigned char sha256[JM_SHA256_BYTES];
	struct jm_flight *next;
};

struct jm_ticket {
	struct jm_ticket *next;
	struct jm_record_head head;
	unsigned char head_bytes[JM_RECORD_HEAD_BYTES], trailer[JM_RECORD_TRAILER_BYTES];
	unsigned char meta_sha256[JM_SHA256_BYTES];
	uint32_t body_crc;     /* of the body as stored */
	json_t *meta;          /* owned */
	char *meta_text;       /* the same as text; owned */
	struct jm_span body;   /* lives until the depositor is woken */
	struct jm_place at;    /* set by the committer */
	struct jm_apart apart; /* the body was written beforehand */
	struct jm_flight flight[2];
	unsigned flights; /* how many of them are in the table; guarded by the archive's lock */
	atomic_uint refs;
	bool awaited;    /* somebody waits for done */
	uint64_t untold; /* this is the event that says that so many events were dropped; else 0 */
	sem_t done; /* posted without the lock, so that the woken thread does not run into it */
	struct jm_err err; /* set before done is posted; kind NONE: the record is durable */
	uint64_t want_seq; /* verbatim: the number and time that it must get; 0: the next, now */
	int64_t want_time_ms;
};

/* A first-in-first-out list of tickets. */
struct jm_tickets {
	struct jm_ticket *first, **last;
	size_t n;
};

/* A ticket for a record with this metadata, which it takes over, also on failure. One reference,
 * the caller's. NULL with err (TEMP, LIMIT). */
struct jm_ticket *jm_ticket_new(
    enum jm_record_type type, json_t *meta, struct jm_err *err) JM_MUST_CHECK;

/* One reference less; the last one frees it. */
void jm_ticket_drop(struct jm_ticket *t);

/* Wait until the committer is done with it. 0: durable; -1 with err. */
int jm_ticket_await(struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

static inline void jm_tickets_init(struct jm_tickets *q)
{
	*q = (struct jm_tickets){ .last = &q->first };
}

static inline void jm_tickets_add(struct jm_tickets *q, struct jm_ticket *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
	q->n++;
}

static inline struct jm_ticket *jm_tickets_take(struct jm_tickets *q)
{
	struct jm_ticket *t = q->first;

	if (t) {
		q->first = t->next;
		if (!q->first)
			q->last = &q->first;
		q->n--;
		t->next = NULL;
	}
	return t;
}

#endif
