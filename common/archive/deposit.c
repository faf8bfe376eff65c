/* SPDX-License-Identifier: BSD-2-Clause */
/* Storing a report: digests, the search for stored copies, compression, and the committer. */
#include "common/archive/deposit.h"

#include <string.h>

#include "common/archive/body.h"
#include "common/archive/commit.h"
#include "common/archive/disk.h"
#include "common/archive/flight.h"
#include "common/archive/match.h"
#include "common/archive/splice.h"
#include "common/journal/match_key.h"
#include "common/journal/strip.h"

/* The digest of the archived bytes; raw: the digest of c->raw. */
static int digest_cut(const struct jm_content *c, const unsigned char raw[JM_SHA256_BYTES],
    unsigned char *digest_r, struct jm_err *err)
{
	if (c->cuts_n > 0)
		return jm_strip_digest(c->raw, c->cuts, c->cuts_n, digest_r, err);
	memcpy(digest_r, raw, JM_SHA256_BYTES);
	return 0;
}

static int digest_all(const struct jm_deposit *d, struct jm_digests *s, struct jm_err *err)
{
	const struct jm_unwrap *u = d->unwrap;

	if (jm_sha256_of(d->received, s->received, err) != 0)
		return -1;
	if (u->message.raw.p == d->received.p && u->message.raw.len == d->received.len)
		memcpy(s->raw, s->received, sizeof s->raw);
	else if (jm_sha256_of(u->message.raw, s->raw, err) != 0)
		return -1;
	if (digest_cut(&u->message, s->raw, s->message, err) != 0 ||
	    jm_match_key_of(u->message.raw, s->key, err) != 0)
		return -1;
	if (!u->has_companion)
		return 0;
	return jm_sha256_of(u->companion.raw, s->companion_raw, err) != 0
	    ? -1
	    : digest_cut(&u->companion, s->companion_raw, s->companion, err);
}

static void fill_receipt(const struct jm_deposit *d, const struct jm_digests *s, uint64_t seq,
    uint64_t stored_bytes, struct jm_receipt *r)
{
	r->seq = seq;
	memcpy(r->report_sha256, s->received, sizeof r->report_sha256);
	memcpy(r->message_sha256, s->message, sizeof r->message_sha256);
	r->message_bytes = d->unwrap->message.size_bytes;
	r->stored_bytes = stored_bytes;
	r->queued = d->due_ms != 0 && !d->set_aside;
	r->already_here = false;
}

/* Make the ticket's body. A large body is written to the disk now. */
static int prepare_body(struct jm_archive *a, const struct jm_deposit *d,
    const struct jm_splice *sp, struct jm_record_maker *m, struct jm_err *err)
{
	struct jm_ticket *t = m->ticket;

	if (jm_body_make(a, d, sp, m, err) != 0)
		return -1;
	if (t->body.len <= a->apart_bytes)
		return 0;
	return jm_apart_write(&t->apart, a->tmp_dir, atomic_fetch_add(&a->aparts, 1) + 1,
	    t->head.meta_bytes, t->body, err);
}

/* Store the report. The claims on its digests move to the ticket as soon as it is complete. */
static int store_report(struct jm_archive *a, const struct jm_deposit *d,
    const struct jm_digests *s, struct jm_claims *claims, struct jm_receipt *receipt_r,
    struct jm_err *err)
{
	struct jm_record_maker m = { NULL };
	struct jm_splice sp;
	json_t *meta;
	int rc = -1;

	if (jm_splice_find(a, s, d->received, jm_body_slice(d), &sp, err) != 0 ||
	    !(meta = jm_describe_report(d, s, &sp, err)) ||
	    !(m.ticket = jm_ticket_new(JM_RECORD_REPORT, meta, err)))
		return -1;
	if (prepare_body(a, d, &sp, &m, err) == 0) {
		jm_flight_hand_over(a, claims, m.ticket);
		rc = jm_commit_ticket(a, m.ticket, err);
		if (rc != 0)
			jm_flight_release(a, m.ticket);
	}
	if (rc == 0)
		fill_receipt(d, s, m.ticket->head.seq, jm_record_bytes(&m.ticket->head), receipt_r);
	jm_apart_release(&m.ticket->apart);
	jm_ticket_drop(m.ticket);
	jm_body_release(&m.body);
	return rc;
}

/* 1: the report is archived already; 0: it is not. The caller has claimed its digests. */
static int find_earlier(struct jm_archive *a, const struct jm_deposit *d,
    const struct jm_digests *s, struct jm_receipt *receipt_r, struct jm_err *err)
{
	uint64_t seq;
	int rc = d->once ? jm_splice_earlier(a, s, d, &seq, err) : 0;

	if (rc != 1)
		return rc;
	fill_receipt(d, s, seq, 0, receipt_r);
	receipt_r->already_here = true;
	receipt_r->queued = false;
	return 1;
}

int jm_archive_deposit(struct jm_archive *a, const struct jm_deposit *d,
    struct jm_receipt *receipt_r, struct jm_err *err)
{
	struct jm_claims claims;
	struct jm_digests sums;
	uint64_t item;
	bool joins;
	int rc;

	if (d->received.len > JM_MESSAGE_MAX_BYTES)
		return jm_err_set(err, JM_E_LIMIT, "a message of %zu bytes", d->received.len);
	if (jm_disk_check(a, d->received.len, err) != 0 || digest_all(d, &sums, err) != 0 ||
	    jm_flight_claim(a, &claims, sums.received, sums.raw, err) != 0)
		return -1;
	rc = find_earlier(a, d, &sums, receipt_r, err);
	if (rc != 0) {
		jm_flight_unclaim(a, &claims);
		return rc < 0 ? -1 : 0;
	}
	/* For the receipt only. Whether the report joins an item is decided when it is applied,
	 * after all earlier records. */
	joins = d->due_ms != 0 && d->match_first &&
	    jm_archive_match_key(a, sums.key, &item, err) == 1;
	rc = store_report(a, d, &sums, &claims, receipt_r, err);
	if (rc == 0 && joins)
		receipt_r->queued = false;
	if (claims.n > 0)
		jm_flight_unclaim(a, &claims);
	return rc;
}
