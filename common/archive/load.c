/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of a dump back into an archive: the same numbers, times and metadata, so that everything
 * that follows from them is the same. Nothing is judged or unwrapped again. The archive is opened
 * "verbatim": it writes nothing of its own meanwhile.
 */
#include "common/archive/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"

#define WINDOW 64 /* records on their way at a time, so that groups form */

struct jm_loader {
	struct jm_archive *a;
	uint64_t next_seq;
	struct {
		struct jm_ticket *t;
		struct jm_body body;
	} slot[WINDOW];
	size_t first, n;
};

int jm_loader_new(struct jm_archive *a, struct jm_loader **l_r, struct jm_err *err)
{
	struct jm_loader *l;

	if (!a->verbatim)
		return jm_err_set(err, JM_E_BUG, "loading into an archive that is not open for it");
	l = calloc(1, sizeof *l);
	if (!l)
		return jm_err_sys(err, JM_E_TEMP, "load");
	l->a = a;
	pthread_mutex_lock(&a->lock);
	l->next_seq = a->durable_seq + 1;
	pthread_mutex_unlock(&a->lock);
	*l_r = l;
	return 0;
}

uint64_t jm_loader_next(const struct jm_loader *l)
{
	return l->next_seq;
}

/* Wait for the oldest record on its way. */
static int settle(struct jm_loader *l, struct jm_err *err)
{
	struct jm_archive *a = l->a;
	struct jm_ticket *t = l->slot[l->first].t;
	int rc = 0;

	while (sem_wait(&t->done) != 0)
		; /* a signal */
	pthread_mutex_lock(&a->lock);
	if (t->err.kind != JM_E_NONE) {
		*err = t->err;
		rc = -1;
		jm_flight_release(a, t->flight, t->flights);
		t->flights = 0;
	}
	jm_ticket_drop(t);
	pthread_mutex_unlock(&a->lock);
	jm_body_release(&l->slot[l->first].body);
	l->first = (l->first + 1) % WINDOW;
	l->n--;
	return rc;
}

static int submit(struct jm_loader *l, struct jm_ticket *t, struct jm_body *body, uint64_t seq,
    int64_t time_ms, struct jm_err *err)
{
	size_t at;
	bool wake;
	int rc = l->n == WINDOW ? settle(l, err) : 0;

	at = (l->first + l->n) % WINDOW;
	l->slot[at].t = t;
	l->slot[at].body = *body;
	l->n++;
	t->want_seq = seq;
	t->want_time_ms = time_ms;
	atomic_fetch_add(&t->refs, 1);
	t->awaited = true;
	pthread_mutex_lock(&l->a->lock);
	wake = jm_writer_submit(l->a, t);
	pthread_mutex_unlock(&l->a->lock);
	if (wake)
		pthread_cond_signal(&l->a->work);
	l->next_seq = seq + 1;
	/* A body that is not compressed lies in the caller's bytes. */
	while (rc == 0 && t->head.coding == JM_CODING_PLAIN && l->n > 0)
		rc = settle(l, err);
	return rc;
}

/* ---- reports ---- */

static int read_digest(
    const json_t *o, const char *key, unsigned char *digest, const char *what, struct jm_err *err)
{
	if (jm_sha256_unhex(jm_span_str(json_string_value(json_object_get(o, key))), digest) == 0)
		return 0;
	return jm_err_set(err, JM_E_CORRUPT, "the dump's metadata has no digest of the %s", what);
}

/* The message of a report as unwrapped then, from the steps in its metadata; every digest is
 * checked. */
static int check_report(json_t *meta, struct jm_span received, struct jm_digests *s,
    struct jm_described *c_r, struct jm_span *raw_r, void **owned_r, struct jm_err *err)
{
	struct jm_loaded l = { .meta = meta, .received = received };
	unsigned char got[JM_SHA256_BYTES];

	if (read_digest(json_object_get(meta, "report"), "sha256", s->received, "report", err) <
		0 ||
	    read_digest(meta, "key", s->key, "match key", err) < 0 ||
	    jm_sha256_of(received, got, err) < 0)
		return -1;
	if (memcmp(got, s->received, sizeof got) != 0)
		return jm_err_set(err, JM_E_CORRUPT, "the report's digest does not fit");
	if (jm_content_raw(&l, "content", c_r, raw_r, owned_r, err) < 0)
		return -1;
	memcpy(s->raw, c_r->raw_sha256, sizeof s->raw);
	memcpy(s->message, c_r->sha256, sizeof s->message);
	return 0;
}

/* A ticket for the report, its body left out where an earlier record holds it. The claims move into
 * it. */
static struct jm_ticket *make_ticket(struct jm_loader *l, json_t *meta, const struct jm_deposit *d,
    const struct jm_digests *s, struct jm_body *body, struct jm_err *err)
{
	struct jm_archive *a = l->a;
	struct jm_flight claims[2];
	struct jm_ticket *t = NULL;
	struct jm_splice sp;
	unsigned n = 0;

	if (jm_flight_claim(a, claims, s->received, s->raw, &n, err) < 0)
		return NULL;
	(void)json_object_del(meta, "splice");
	if (jm_splice_find(a, s, d->received, jm_deposit_slice(d), &sp, err) == 0) {
		if (jm_describe_splice(meta, &sp) != 0)
			(void)jm_err_set(err, JM_E_TEMP, "no memory for a record");
		else
			t = jm_ticket_new(JM_RECORD_REPORT, json_incref(meta), err);
	}
	if (t && jm_deposit_body(a, d, &sp, t, body, err) < 0) {
		pthread_mutex_lock(&a->lock);
		jm_ticket_drop(t);
		pthread_mutex_unlock(&a->lock);
		t = NULL;
	}
	pthread_mutex_lock(&a->lock);
	if (t) {
		jm_flight_move(a, claims, t->flight, n);
		t->flights = n;
	} else {
		jm_flight_release(a, claims, n);
	}
	pthread_mutex_unlock(&a->lock);
	return t;
}

static struct jm_ticket *load_report(struct jm_loader *l, json_t *meta, struct jm_span received,
    struct jm_body *body, struct jm_err *err)
{
	struct jm_described c = { .cuts = NULL };
	struct jm_unwrap u = { .variant = JM_VARIANT_PLAIN };
	const struct jm_deposit d = { .received = received, .unwrap = &u };
	struct jm_ticket *t;
	struct jm_digests s;
	void *owned = NULL;

	if (check_report(meta, received, &s, &c, &u.message.raw, &owned, err) < 0)
		return NULL;
	memcpy(u.message.steps, c.steps, sizeof u.message.steps);
	u.message.steps_n = c.steps_n;
	t = make_ticket(l, meta, &d, &s, body, err);
	jm_described_release(&c);
	free(owned);
	return t;
}

/* ---- what is there already, and what is missing ---- */

/* Is record seq here the one of the dump? */
static int compare(struct jm_loader *l, uint64_t seq, const json_t *meta, struct jm_err *err)
{
	uint64_t volume, offset, item;
	struct jm_record r;
	json_t *have;
	int fd, same, rc = jm_reader_locate(l->a, seq, &volume, &offset, &item, err);

	if (rc <= 0)
		return rc < 0 ? -1
			      : jm_err_set(err, JM_E_USAGE,
				    "record %" PRIu64
				    " of the archive is no report, that of the dump is: it is no "
				    "load of this dump",
				    seq);
	if (jm_reader_open_volume(l->a, volume, &fd, err) < 0)
		return -1;
	rc = jm_volume_read(
	    fd, l->a->uuid, volume, offset, jm_reader_volume_end(l->a, volume), &r, err);
	close(fd);
	if (rc < 0)
		return -1;
	have = jm_json_row(r.meta, r.head.meta_bytes);
	same = json_equal(json_object_get(have, "report"), json_object_get(meta, "report")) &&
	    json_equal(json_object_get(have, "arrival"), json_object_get(meta, "arrival"));
	json_decref(have);
	jm_record_release(&r);
	return same ? 0
		    : jm_err_set(err, JM_E_USAGE,
			  "record %" PRIu64
			  " of the archive is not the one of the dump: load into a new archive",
			  seq);
}

/* The dump lacks records (they were damaged): their numbers are taken by events that say so. */
static int fill(struct jm_loader *l, uint64_t until, int64_t time_ms, struct jm_err *err)
{
	while (l->next_seq < until) {
		struct jm_body none = { NULL };
		char text[120];
		struct jm_ticket *t;
		json_t *meta;

		snprintf(text, sizeof text,
		    "record %" PRIu64 " is not in the dump that this archive was loaded from",
		    l->next_seq);
		meta = jm_describe_event(
		    &(struct jm_event){
			.time_ms = time_ms, .kind = "lost", .actor = "load", .text = text },
		    err);
		if (!meta || !(t = jm_ticket_new(JM_RECORD_EVENT, meta, err)) ||
		    submit(l, t, &none, l->next_seq, time_ms, err) < 0)
			return -1;
	}
	return 0;
}

int jm_loader_add(struct jm_loader *l, const json_t *line, struct jm_span received, bool *fresh_r,
    struct jm_err *err)
{
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(line, "seq"));
	const char *time = json_string_value(json_object_get(line, "time"));
	json_t *meta = json_object_get(line, "metadata");
	int type = jm_dump_type_of(json_object_get(line, "type"));
	struct jm_body body = { NULL };
	struct jm_ticket *t;
	int64_t time_ms;

	*fresh_r = false;
	if (seq == 0 || type <= 0 || !json_is_object(meta) || !time ||
	    jm_clock_parse(time, &time_ms) < 0)
		return jm_err_set(err, JM_E_CORRUPT,
		    "a line of the dump's manifest lacks seq, type, time or metadata");
	if (seq < l->next_seq)
		return type == JM_RECORD_REPORT ? compare(l, seq, meta, err) : 0;
	if (fill(l, seq, time_ms, err) < 0)
		return -1;
	t = type == JM_RECORD_REPORT
	    ? load_report(l, meta, received, &body, err)
	    : jm_ticket_new((enum jm_record_type)type, json_incref(meta), err);
	if (!t) {
		jm_body_release(&body);
		return jm_err_wrap(err, "record %" PRIu64, seq);
	}
	*fresh_r = true;
	return submit(l, t, &body, seq, time_ms, err);
}

int jm_loader_finish(struct jm_loader **lp, struct jm_err *err)
{
	struct jm_loader *l = *lp;
	struct jm_err first;
	int rc = 0;

	if (!l)
		return 0;
	while (l->n > 0)
		if (settle(l, rc == 0 ? err : &first) < 0)
			rc = -1;
	free(l);
	*lp = NULL;
	return rc;
}
