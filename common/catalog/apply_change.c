/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Applying state changes. The body is never written again: the change names the record that holds
 * it, whose metadata is read again when the report is to be archived.
 */
#include "common/catalog/apply_change.h"

#include <inttypes.h>
#include <string.h>

#include "common/catalog/apply_note.h"
#include "common/catalog/applying.h"
#include "common/catalog/keys.h"
#include "common/catalog/queue_row.h"
#include "common/catalog/row.h"
#include "common/json/value.h"
#include "common/volume/metadata.h"

static const char *const change_words[JM_CHANGES] = {
	[JM_CHANGE_WAIT] = "queued",
	[JM_CHANGE_ARCHIVE] = "archived",
	[JM_CHANGE_SET_ASIDE] = "set aside",
	[JM_CHANGE_RELEASE] = "released",
	[JM_CHANGE_EXPIRE] = "expired",
};

const char *jm_change_word(enum jm_change_to to)
{
	return change_words[to];
}

bool jm_change_fits(const json_t *row, enum jm_change_to to)
{
	bool queued = json_is_true(json_object_get(row, "queued"));
	bool aside = json_object_get(row, "set_aside") && !json_object_get(row, "expired_ms");

	return to == JM_CHANGE_EXPIRE ? aside : to == JM_CHANGE_RELEASE ? queued || aside : queued;
}

/* One change that is being applied. */
struct step {
	const struct jm_applied *r; /* the change's record */
	const json_t *change;
	const char *actor;
	uint64_t seq;          /* of the report */
	json_t *row;           /* of its item, owned */
	struct jm_count count; /* to add to the counters of the report's service and day */
};

static int change_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a state change");
}

/* Add an event of this kind that follows from the change. */
static int change_note(struct jm_apply *p, const struct step *s, const char *kind, const char *text,
    struct jm_err *err)
{
	const struct jm_event e = { .time_ms = s->r->head->time_ms,
		.kind = kind,
		.service = jm_json_str(s->row, "service"),
		.actor = s->actor,
		.text = text,
		.item = s->seq };

	return jm_apply_note(p, s->r->head->seq, &e, err);
}

static int change_put_row(struct jm_apply *p, const struct step *s, struct jm_err *err)
{
	return jm_row_put(p->txn, s->seq, s->row, err);
}

static int set_aside(struct jm_apply *p, struct step *s, const char *reason, struct jm_err *err)
{
	unsigned char key[8];

	json_object_del(s->row, "queued");
	if (json_object_set_new_nocheck(s->row, "set_aside", jm_json_text(jm_span_str(reason))) !=
	    0)
		return change_no_memory(err);
	s->count.set_aside++;
	if (jm_catalog_put(p->txn, JM_T_SET_ASIDE, jm_keys_id(s->seq, key), jm_span_str(""), err) !=
		0 ||
	    change_put_row(p, s, err) != 0)
		return -1;
	return change_note(p, s, "set-aside", reason, err);
}

/* Make the report's own item the item of its match key. */
static int found_item(
    struct jm_apply *p, struct step *s, const struct jm_applying *w, struct jm_err *err)
{
	unsigned char key[8];

	json_object_del(s->row, "queued");
	json_object_del(s->row, "set_aside");
	s->count.items++;
	if (change_put_row(p, s, err) != 0)
		return -1;
	return jm_catalog_put(
	    p->txn, JM_T_BY_KEY, jm_span_of(w->key, sizeof w->key), jm_keys_id(s->seq, key), err);
}

static int join_item(struct jm_apply *p, struct step *s, struct jm_applying *w, struct jm_err *err)
{
	s->count.merged++;
	if (jm_applying_join(p, w, err) != 0 || jm_applying_leave(p, w, s->seq, err) != 0)
		return -1;
	return jm_applying_store(p, w, err);
}

/* Read the report's metadata again. 1; 0 with err: it cannot be read; -1 with err. */
static int change_recall(
    struct jm_apply *p, uint64_t seq, struct jm_stored_report *r, struct jm_err *err)
{
	struct jm_located at;
	int rc = jm_row_locate(p->c, p->txn, seq, &at, err);

	memset(r, 0, sizeof *r);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		jm_err_set(err, JM_E_CORRUPT, "catalog: report %" PRIu64 " is missing", seq);
		return 0;
	}
	return p->recall->read(p->recall->ctx, seq, &at.at, r, err);
}

/* Archive the report: it joins the item of its match key, or founds one. A report that cannot be
 * read is set aside. */
static int settle(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	struct jm_applying w = { .row = NULL };
	struct jm_applied r;
	struct jm_stored_report report;
	int rc = change_recall(p, s->seq, &report, err);

	if (rc < 0)
		return -1;
	r = (struct jm_applied){ &report.record.head, report.meta,
		{ report.record.volume, report.record.offset } };
	if (rc == 0 || jm_applying_read(&w, &r, err) != 0) {
		jm_stored_report_release(&report);
		return set_aside(p, s, err->text, err);
	}
	rc = jm_applying_match(p, &w, err);
	if (rc >= 0)
		rc = rc == 1 ? join_item(p, s, &w, err) : found_item(p, s, &w, err);
	json_decref(w.row);
	jm_stored_report_release(&report);
	return rc;
}

static int leave_set_aside(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	unsigned char key[8];

	return jm_catalog_remove(p->txn, JM_T_SET_ASIDE, jm_keys_id(s->seq, key), err);
}

static int expire(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	s->count.expired++;
	if (json_object_set_new_nocheck(
		s->row, "expired_ms", json_integer((json_int_t)s->r->head->time_ms)) != 0)
		return change_no_memory(err);
	if (leave_set_aside(p, s, err) != 0 || change_put_row(p, s, err) != 0)
		return -1;
	return change_note(p, s, "expired", jm_json_str(s->row, "set_aside"), err);
}

/* Put the report back into the queue, with the members that the change carries. */
static int wait_on(struct jm_apply *p, const struct step *s, json_t *queue, struct jm_err *err)
{
	static const char *const taken[] = { "due_ms", "attempts", "problem" };
	int rc = 0;

	json_object_del(queue, "problem");
	for (size_t i = 0; i < 3; i++)
		if (json_object_get(s->change, taken[i]))
			rc |= json_object_set_nocheck(
			    queue, taken[i], json_object_get(s->change, taken[i]));
	return rc != 0 ? change_no_memory(err) : jm_queue_row_put(p, s->seq, queue, err);
}

/* Move a queued report to its next state. Its rows were taken out of the queue before. */
static int from_queue(struct jm_apply *p, struct step *s, enum jm_change_to to, struct jm_err *err)
{
	const char *reason = jm_json_str(s->change, "reason");

	s->count.queued--;
	if (to == JM_CHANGE_SET_ASIDE)
		return set_aside(p, s, reason ? reason : "set aside", err);
	if (to == JM_CHANGE_RELEASE &&
	    change_note(p, s, "released", "taken out of the processing queue", err) != 0)
		return -1;
	return settle(p, s, err);
}

static int from_set_aside(
    struct jm_apply *p, struct step *s, enum jm_change_to to, struct jm_err *err)
{
	if (to == JM_CHANGE_EXPIRE)
		return expire(p, s, err);
	s->count.set_aside--;
	if (leave_set_aside(p, s, err) != 0 ||
	    change_note(p, s, "released", jm_json_str(s->row, "set_aside"), err) != 0)
		return -1;
	return settle(p, s, err);
}

static enum jm_change_to change_of(const char *word)
{
	int to = 0;

	while (to < JM_CHANGES && (!word || strcmp(change_words[to], word) != 0))
		to++;
	return (enum jm_change_to)to;
}

static int apply_one(struct jm_apply *p, struct step *s, struct jm_err *err)
{
	enum jm_change_to to = change_of(jm_json_str(s->change, "to"));
	json_t *queue = NULL;
	int rc;

	s->seq = jm_json_u64(s->change, "seq");
	if (to == JM_CHANGES)
		return 0; /* written by a newer program: ignored */
	rc = jm_row_get(p->c, p->txn, s->seq, &s->row, err);
	if (rc != 1 || !jm_change_fits(s->row, to))
		return rc < 0 ? -1 : 0;
	rc = jm_queue_row_take(p, s->seq, &queue, err);
	if (rc == 1)
		rc = to == JM_CHANGE_WAIT ? wait_on(p, s, queue, err) : from_queue(p, s, to, err);
	else if (rc == 0 && to != JM_CHANGE_WAIT)
		rc = from_set_aside(p, s, to, err);
	json_decref(queue);
	if (rc == 0 && to != JM_CHANGE_WAIT)
		rc = jm_apply_count(p, jm_json_str(s->row, "service"),
		    jm_json_int(s->row, "time_ms"), &s->count, err);
	return rc;
}

int jm_apply_change(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	const json_t *changes = json_object_get(r->meta, "changes");
	struct jm_count c = { .records = 1, .stored_bytes = jm_record_bytes(r->head) };

	for (size_t i = 0; i < json_array_size(changes); i++) {
		struct step s = { .r = r,
			.change = json_array_get(changes, i),
			.actor = jm_json_str(r->meta, "actor") };
		int rc = apply_one(p, &s, err);

		json_decref(s.row);
		if (rc != 0)
			return -1;
	}
	return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &c, err);
}
