/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State changes: records that move a report from one state to the next (queued -> archived | merged
 * | set aside; set aside -> released | expired). The body is never written again: the change names
 * the record that holds it. Whether a report joins an item or founds one is decided when the change
 * is applied, by its match key, so that two changes at a time cannot found two items. A change that
 * does not fit the state that it finds is without effect.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/archive/apply.h"
#include "common/base/clock.h"

static const char *const words[] = {
	[JM_CHANGE_WAIT] = "queued",
	[JM_CHANGE_ARCHIVE] = "archived",
	[JM_CHANGE_SET_ASIDE] = "set aside",
	[JM_CHANGE_RELEASE] = "released",
	[JM_CHANGE_EXPIRE] = "expired",
};

#define WORDS (sizeof words / sizeof *words)

static int no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a state change");
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* ---- rows of the queue ---- */

static struct jm_span due_key(int64_t due_ms, uint64_t seq, unsigned char key[17])
{
	key[0] = 'd';
	jm_num_put_be64(key + 1, (uint64_t)(due_ms > 0 ? due_ms : 0));
	jm_num_put_be64(key + 9, seq);
	return jm_span_of(key, 17);
}

static struct jm_span seq_key(uint64_t seq, unsigned char key[9])
{
	key[0] = 'i';
	jm_num_put_be64(key + 1, seq);
	return jm_span_of(key, 9);
}

static int put_rows(struct jm_apply *p, uint64_t seq, const json_t *row, struct jm_err *err)
{
	unsigned char due[17], key[9];

	if (jm_catalog_put(p->c, p->txn, JM_T_QUEUE,
		due_key(json_integer_value(json_object_get(row, "due_ms")), seq, due),
		jm_span_str(""), false, err) < 0)
		return -1;
	return jm_catalog_put_json(p->c, p->txn, JM_T_QUEUE, seq_key(seq, key), row, err);
}

/* Take the report's rows out of the queue. 1 with *row_r (caller owns), 0 when it has none, -1. */
static int take_rows(struct jm_apply *p, uint64_t seq, json_t **row_r, struct jm_err *err)
{
	unsigned char due[17], key[9];
	int rc = jm_catalog_get_json(p->c, p->txn, JM_T_QUEUE, seq_key(seq, key), row_r, err);

	if (rc != 1)
		return rc;
	if (jm_catalog_remove(p->c, p->txn, JM_T_QUEUE,
		due_key(json_integer_value(json_object_get(*row_r, "due_ms")), seq, due),
		err) == 0 &&
	    jm_catalog_remove(p->c, p->txn, JM_T_QUEUE, seq_key(seq, key), err) == 0)
		return 1;
	json_decref(*row_r);
	*row_r = NULL;
	return -1;
}

/* The vendor's way to show a waiting envelope report: the actual recipient as sender, the journal
 * address as recipient. */
static int display(json_t *row, const struct jm_applying *w)
{
	const json_t *list = json_object_get(w->journal, "recipients"),
		     *from = json_object_get(json_array_get(list, 0), "address");
	const char *to = w->service;
	size_t n = json_array_size(list);
	bool envelope = !w->from_headers && n > 0;

	if (!envelope)
		from = json_object_get(w->journal, "envelope_sender");
	return json_object_set_new_nocheck(row, "from",
		   json_is_string(from) ? json_incref((json_t *)(uintptr_t)from) : json_null()) |
	    json_object_set_new_nocheck(
		row, "more", json_integer(envelope ? (json_int_t)n - 1 : 0)) |
	    json_object_set_new_nocheck(row, "to", to ? json_string_nocheck(to) : json_null());
}

int jm_change_queue(struct jm_apply *p, const struct jm_applying *w, struct jm_err *err)
{
	json_t *row = json_object(), *due = json_object_get(w->queued, "due_ms"),
	       *size = json_object_get(json_object_get(w->r->meta, "report"), "size");
	int rc;

	rc = json_object_set_nocheck(row, "due_ms", due) |
	    json_object_set_new_nocheck(row, "attempts", json_integer(0)) |
	    json_object_set_new_nocheck(
		row, "since_ms", json_integer((json_int_t)w->r->head->time_ms)) |
	    json_object_set_new_nocheck(
		row, "service", w->service ? json_string_nocheck(w->service) : json_null()) |
	    display(row, w) | json_object_set_nocheck(row, "size", size);
	rc = rc != 0 ? no_memory(err) : put_rows(p, w->id, row, err);
	json_decref(row);
	return rc;
}

/* ---- one change ---- */

/* What apply_one() works on. */
struct step {
	const struct jm_applied *r; /* the change's record */
	const json_t *change;
	const char *actor;
	uint64_t seq;          /* of the report */
	json_t *row;           /* of its item, owned */
	struct jm_count count; /* what it adds to the report's day */
};

#define UNREAD_MAX \
	10 /* a second apart: the applier's tries to read again what could be read when the change \
	      was asked for */

/* A report cannot be read: shall it be tried again? Not at a start, which has to get on; and never
 * is a catalog to compare with made of less. */
static bool try_again(struct jm_apply *p)
{
	struct jm_archive *a = p->a;

	return p->c != a->catalog || (a->committer_runs && ++a->unread <= UNREAD_MAX);
}

/* The metadata of an earlier report: 1, 0 when it cannot be read any more (err tells), -1. */
static int recall(struct jm_apply *p, uint64_t seq, struct jm_record *record_r, json_t **meta_r,
    struct jm_err *err)
{
	uint64_t volume, offset, item;
	int fd, rc = jm_row_locate(p->c, p->txn, seq, &volume, &offset, &item, err);

	memset(record_r, 0, sizeof *record_r);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		(void)jm_err_set(err, JM_E_CORRUPT, "catalog: report %" PRIu64 " is missing", seq);
		return 0;
	}
	rc = jm_reader_open_volume(p->a, volume, &fd, err);
	if (rc == 0) {
		rc = jm_volume_read(fd, p->a->uuid, volume, offset,
		    jm_reader_volume_end(p->a, volume), record_r, err);
		close(fd);
	}
	if (rc == 0 && (record_r->head.seq != seq || record_r->head.type != JM_RECORD_REPORT))
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "report %" PRIu64 " stands elsewhere than the catalog says", seq);
	if (rc == 0)
		rc = jm_json_read(record_r->meta, record_r->head.meta_bytes, meta_r, err);
	p->a->unread = rc == 0 && p->c == p->a->catalog ? 0 : p->a->unread;
	if (rc == 0)
		return 1;
	jm_record_release(record_r);
	return err->kind == JM_E_TEMP || try_again(p) ? -1 : 0;
}

static int put_row(struct jm_apply *p, const struct step *s, struct jm_err *err)
{
	return jm_row_put(p->c, p->txn, s->seq, s->row, err);
}

static int set_aside(struct jm_apply *p, struct step *s, const char *reason, struct jm_err *err)
{
	unsigned char key[8];

	(void)json_object_del(s->row, "queued");
	if (json_object_set_new_nocheck(
		s->row, "set_aside", jm_describe_text(jm_span_str(reason))) != 0)
		return no_memory(err);
	s->count.set_aside++;
	if (jm_catalog_put(p->c, p->txn, JM_T_SET_ASIDE, jm_id_key(s->seq, key), jm_span_str(""),
		false, err) < 0 ||
	    put_row(p, s, err) < 0)
		return -1;
	return jm_apply_note(p, s->r->head->seq, s->r->head->time_ms, "set-aside",
	    text_of(s->row, "service"), s->actor, reason, err);
}

/* Its item is its own from now on. */
static int found(
    struct jm_apply *p, struct step *s, const struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[8];

	(void)json_object_del(s->row, "queued");
	(void)json_object_del(s->row, "set_aside");
	s->count.items++;
	if (put_row(p, s, err) < 0)
		return -1;
	return jm_catalog_put(p->c, p->txn, JM_T_BY_KEY, jm_span_of(w->key, sizeof w->key),
		   jm_id_key(s->seq, key), false, err) < 0
	    ? -1
	    : 0;
}

/* Into the archive: join the item of its match key, or found one. What cannot be read is set aside.
 */
static int settle(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	struct jm_applying w = { .row = NULL };
	struct jm_applied r = { .head = NULL };
	struct jm_record record;
	json_t *meta = NULL;
	int rc = recall(p, s->seq, &record, &meta, err);

	if (rc < 0)
		return -1;
	r = (struct jm_applied){ &record.head, meta, record.volume, record.offset };
	if (rc == 0 || jm_applying_read(&w, &r, err) < 0) {
		json_decref(meta);
		jm_record_release(&record);
		return set_aside(p, s, err->text, err);
	}
	rc = jm_applying_match(p, &w, err);
	if (rc == 0) {
		rc = found(p, s, &w, err);
	} else if (rc == 1) {
		s->count.merged++;
		rc = jm_applying_join(p, &w, err) < 0 ||
			jm_applying_leave(p, &w, s->seq, err) < 0 ||
			jm_applying_store(p, &w, err) < 0
		    ? -1
		    : 0;
	}
	json_decref(w.row);
	json_decref(meta);
	jm_record_release(&record);
	return rc;
}

static int leave_set_aside(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	unsigned char key[8];

	return jm_catalog_remove(p->c, p->txn, JM_T_SET_ASIDE, jm_id_key(s->seq, key), err);
}

static int expire(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	s->count.expired++;
	if (json_object_set_new_nocheck(
		s->row, "expired_ms", json_integer((json_int_t)s->r->head->time_ms)) != 0)
		return no_memory(err);
	if (leave_set_aside(p, s, err) < 0 || put_row(p, s, err) < 0)
		return -1;
	return jm_apply_note(p, s->r->head->seq, s->r->head->time_ms, "expired",
	    text_of(s->row, "service"), s->actor, text_of(s->row, "set_aside"), err);
}

static int wait_on(struct jm_apply *p, const struct step *s, json_t *queue, struct jm_err *err)
{
	static const char *const taken[] = { "due_ms", "attempts", "problem" };
	int rc = 0;

	(void)json_object_del(queue, "problem");
	for (size_t i = 0; i < 3; i++)
		if (json_object_get(s->change, taken[i]))
			rc |= json_object_set_nocheck(
			    queue, taken[i], json_object_get(s->change, taken[i]));
	return rc != 0 ? no_memory(err) : put_rows(p, s->seq, queue, err);
}

/* A queued report to its next state; its rows are out of the queue already. */
static int from_queue(struct jm_apply *p, struct step *s, enum jm_change_to to, struct jm_err *err)
{
	const char *reason = text_of(s->change, "reason");

	s->count.queued--;
	if (to == JM_CHANGE_SET_ASIDE)
		return set_aside(p, s, reason ? reason : "set aside", err);
	if (to == JM_CHANGE_RELEASE &&
	    jm_apply_note(p, s->r->head->seq, s->r->head->time_ms, "released",
		text_of(s->row, "service"), s->actor, "taken out of the processing queue", err) < 0)
		return -1;
	return settle(p, s, err);
}

static int from_set_aside(
    struct jm_apply *p, struct step *s, enum jm_change_to to, struct jm_err *err)
{
	if (to == JM_CHANGE_EXPIRE)
		return expire(p, s, err);
	s->count.set_aside--;
	if (leave_set_aside(p, s, err) < 0 ||
	    jm_apply_note(p, s->r->head->seq, s->r->head->time_ms, "released",
		text_of(s->row, "service"), s->actor, text_of(s->row, "set_aside"), err) < 0)
		return -1;
	return settle(p, s, err);
}

/* Does a change fit a report with this row of its item? */
static bool fits(const json_t *row, enum jm_change_to to)
{
	bool queued = json_is_true(json_object_get(row, "queued"));
	bool aside = json_object_get(row, "set_aside") && !json_object_get(row, "expired_ms");

	return to == JM_CHANGE_EXPIRE ? aside : to == JM_CHANGE_RELEASE ? queued || aside : queued;
}

static int apply_one(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	const char *word = text_of(s->change, "to"), *service;
	json_t *queue = NULL;
	size_t to = 0;
	int rc;

	while (to < WORDS && (!word || strcmp(words[to], word) != 0))
		to++;
	s->seq = (uint64_t)json_integer_value(json_object_get(s->change, "seq"));
	if (to == WORDS)
		return 0; /* a newer program's: not for us */
	rc = jm_row_get(p->c, p->txn, s->seq, &s->row, err);
	if (rc != 1 || !fits(s->row, (enum jm_change_to)to))
		return rc < 0 ? -1 : 0;
	rc = take_rows(p, s->seq, &queue, err);
	if (rc == 1)
		rc = to == JM_CHANGE_WAIT ? wait_on(p, s, queue, err)
					  : from_queue(p, s, (enum jm_change_to)to, err);
	else if (rc == 0 && to != JM_CHANGE_WAIT)
		rc = from_set_aside(p, s, (enum jm_change_to)to, err);
	json_decref(queue);
	service = text_of(s->row, "service");
	if (rc == 0 && to != JM_CHANGE_WAIT)
		rc = jm_apply_count(p, service,
		    json_integer_value(json_object_get(s->row, "time_ms")), &s->count, err);
	return rc;
}

int jm_change_apply(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	const json_t *changes = json_object_get(r->meta, "changes");
	struct jm_count c = { .records = 1, .stored_bytes = jm_record_bytes(r->head) };

	for (size_t i = 0; i < json_array_size(changes); i++) {
		struct step s = { .r = r,
			.change = json_array_get(changes, i),
			.actor = text_of(r->meta, "actor") };
		int rc = apply_one(p, &s, err);

		json_decref(s.row);
		if (rc < 0)
			return -1;
	}
	return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &c, err);
}

/* ---- asking for changes ---- */

/* Where may a change of this kind only come from? */
static enum jm_change_from source(const struct jm_change *c)
{
	return c->to == JM_CHANGE_EXPIRE ? JM_FROM_SET_ASIDE
	    : c->to == JM_CHANGE_RELEASE ? c->from
					 : JM_FROM_QUEUE;
}

static const char *place(enum jm_change_from from)
{
	return from == JM_FROM_QUEUE    ? "in the processing queue"
	    : from == JM_FROM_SET_ASIDE ? "set aside"
					: "in the processing queue or set aside";
}

int jm_change_refuse(
    struct jm_archive *a, uint64_t seq, enum jm_change_from wanted, struct jm_err *err)
{
	const char *is_not = place(wanted);
	uint64_t volume, offset, item;
	json_t *row = NULL;
	int rc = jm_reader_item(a, seq, &row, err);

	if (rc == 0)
		rc = jm_reader_locate(a, seq, &volume, &offset, &item, err);
	if (rc == 0)
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64 " is not %s: there is no such item or report", seq, is_not);
	else if (rc == 1 && !row)
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64 " is not %s: it is archived, as a report for item %" PRIu64, seq,
		    is_not, item);
	else if (rc == 1 && fits(row, JM_CHANGE_WAIT))
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64
		    " is not %s: it waits in the processing queue (jmctl queue release archives it now)",
		    seq, is_not);
	else if (rc == 1 && fits(row, JM_CHANGE_EXPIRE))
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64
		    " is not %s: it is set aside, %.200s (jmctl set-aside release archives it)",
		    seq, is_not, text_of(row, "set_aside"));
	else if (rc == 1)
		(void)jm_err_set(err, JM_E_NOTFOUND, "%" PRIu64 " is not %s: it %s", seq, is_not,
		    json_object_get(row, "expired_ms") ? "was set aside, and expired"
						       : "is archived");
	json_decref(row);
	return -1;
}

/* 1 when the change fits, 0 when not, -1. What is to be archived must be readable now: the applier
 * could not go on without it. */
static int check(struct jm_archive *a, const struct jm_change *c, struct jm_err *err)
{
	uint64_t item;
	json_t *row = NULL;
	int rc = jm_reader_item(a, c->seq, &row, err);

	if (rc == 1)
		rc = fits(row, c->to) &&
		    (source(c) == JM_FROM_ANY ||
			fits(row, source(c) == JM_FROM_QUEUE ? JM_CHANGE_WAIT : JM_CHANGE_EXPIRE));
	json_decref(row);
	if (rc == 1 && (c->to == JM_CHANGE_ARCHIVE || c->to == JM_CHANGE_RELEASE) &&
	    jm_archive_match(a, c->seq, &item, err) < 0)
		return jm_err_wrap(err, "report %" PRIu64, c->seq);
	return rc;
}

static json_t *describe(const struct jm_change *c)
{
	json_t *o = json_pack("{s:I,s:s}", "seq", (json_int_t)c->seq, "to", words[c->to]);
	int rc = 0;

	if (c->to == JM_CHANGE_WAIT) {
		rc |= json_object_set_new_nocheck(o, "due_ms", json_integer((json_int_t)c->due_ms));
		rc |= json_object_set_new_nocheck(
		    o, "attempts", json_integer((json_int_t)c->attempts));
	}
	if (c->reason)
		rc |= json_object_set_new_nocheck(o, c->to == JM_CHANGE_WAIT ? "problem" : "reason",
		    jm_describe_text(jm_span_str(c->reason)));
	if (rc == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* The record's metadata with all that fit. NULL with err, or with err->kind NONE when none does. */
static json_t *describe_all(struct jm_archive *a, const char *actor, const struct jm_change *c,
    size_t n, struct jm_err *err)
{
	json_t *meta = json_object(), *list = json_array();
	int rc = 0;

	err->kind = JM_E_NONE;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		rc = check(a, &c[i], err);
		if (rc == 1 && json_array_append_new(list, describe(&c[i])) != 0)
			rc = no_memory(err);
	}
	n = json_array_size(list);
	if (rc >= 0 && n > 0 &&
	    (json_object_set_new_nocheck(meta, "actor", jm_describe_text(jm_span_str(actor))) |
		json_object_set_nocheck(meta, "changes", list)) != 0)
		rc = no_memory(err);
	json_decref(list);
	if (rc >= 0 && n > 0)
		return meta;
	json_decref(meta);
	return NULL;
}

static int commit(struct jm_archive *a, json_t *meta, struct jm_err *err)
{
	struct jm_ticket *t = jm_ticket_new(JM_RECORD_CHANGE, meta, err);
	int rc;

	if (!t)
		return -1;
	rc = jm_writer_commit(a, t, err);
	jm_ticket_drop(t);
	return rc;
}

int jm_archive_change(struct jm_archive *a, const char *actor, const struct jm_change *c, size_t n,
    struct jm_err *err)
{
	json_t *meta;
	int rc = jm_applier_wait(a, err);

	if (rc < 0 || n == 0)
		return rc;
	pthread_mutex_lock(&a->change_lock);
	meta = describe_all(a, actor, c, n, err);
	if (meta)
		rc = commit(a, meta, err) < 0 ? -1 : jm_applier_wait(a, err);
	else if (err->kind != JM_E_NONE)
		rc = -1;
	else if (n == 1)
		rc = jm_change_refuse(a, c->seq, source(c), err);
	pthread_mutex_unlock(&a->change_lock);
	return rc;
}
