/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tickets: records on their way into the archive. A depositor makes one, the committer stamps and
 * writes it, the applier applies it. References are counted: the depositor has one, the archive
 * one. One party at a time changes a ticket: the depositor until it is submitted, then the
 * committer, then the applier. The archive's lock guards the lists of tickets.
 */
#ifndef JM_ARCHIVE_TICKET_H
#define JM_ARCHIVE_TICKET_H

#include <jansson.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "common/volume/apart.h"
#include "common/volume/record.h"

/* A digest of bytes that are on their way into the archive, but not in the catalog yet
 * (flight.h). */
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
	char *meta_text;       /* meta as text; owned */
	struct jm_span body;   /* borrowed; valid until the depositor is woken */
	struct jm_place at;    /* set by the committer */
	struct jm_apart apart; /* the file of a body that was written beforehand */
	struct jm_flight flight[2];
	unsigned flights; /* how many of flight are in the table; guarded by the archive's lock */
	atomic_uint refs;
	bool awaited; /* a thread waits for done */
	/* the number of dropped events that this event states; 0: another record */
	uint64_t untold;
	sem_t done; /* posted without the lock, so that the woken thread need not wait for it */
	struct jm_err err; /* set before done is posted; kind NONE: the record is durable */
	uint64_t want_seq; /* verbatim: the number that it must get; 0: the next number, and now */
	int64_t want_time_ms;
};

/* A first-in-first-out list of tickets. */
struct jm_tickets {
	struct jm_ticket *first, **last;
	size_t n;
};

/* Make a ticket for a record with this metadata, which is taken over, also on error. The caller has
 * the only reference. NULL with err (TEMP, LIMIT). Any thread. */
struct jm_ticket *jm_ticket_new(
    enum jm_record_type type, json_t *meta, struct jm_err *err) JM_MUST_CHECK;

/* Give up one reference. The last one frees the ticket. Any thread. */
void jm_ticket_drop(struct jm_ticket *t);

/* Wait until the committer is done with the ticket. 0: the record is durable; -1 with err. */
int jm_ticket_await(struct jm_ticket *t, struct jm_err *err) JM_MUST_CHECK;

/* Make q an empty list. */
static inline void jm_tickets_init(struct jm_tickets *q)
{
	*q = (struct jm_tickets){ .last = &q->first };
}

/* Add a ticket at the end. The reference moves with it. */
static inline void jm_tickets_add(struct jm_tickets *q, struct jm_ticket *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
	q->n++;
}

/* Take the first ticket off the list. NULL: the list is empty. */
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
