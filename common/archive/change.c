/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking for state changes: each is checked against its report's state; one record has all. */
#include "common/archive/change.h"

#include <inttypes.h>

#include "common/archive/await.h"
#include "common/archive/commit.h"
#include "common/archive/match.h"
#include "common/archive/reader.h"
#include "common/json/value.h"

static int change_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a state change");
}

/* The only state from which a change of this kind is possible. */
static enum jm_change_from change_source(const struct jm_change *c)
{
	return c->to == JM_CHANGE_EXPIRE ? JM_FROM_SET_ASIDE
	    : c->to == JM_CHANGE_RELEASE ? c->from
					 : JM_FROM_QUEUE;
}

static const char *place_words(enum jm_change_from from)
{
	return from == JM_FROM_QUEUE    ? "in the processing queue"
	    : from == JM_FROM_SET_ASIDE ? "set aside"
					: "in the processing queue or set aside";
}

int jm_change_refuse(
    struct jm_archive *a, uint64_t seq, enum jm_change_from wanted, struct jm_err *err)
{
	const char *is_not = place_words(wanted);
	struct jm_located at = { .item = 0 };
	json_t *row = NULL;
	int rc = jm_reader_item(a, seq, &row, err);

	if (rc == 0)
		rc = jm_reader_locate(a, seq, &at, err);
	if (rc == 0)
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64 " is not %s: there is no such item or report", seq, is_not);
	else if (rc == 1 && !row)
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64 " is not %s: it is archived, as a report for item %" PRIu64, seq,
		    is_not, at.item);
	else if (rc == 1 && jm_change_fits(row, JM_CHANGE_WAIT))
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64 " is not %s: it waits in the processing queue "
		    "(jmctl queue release archives it now)",
		    seq, is_not);
	else if (rc == 1 && jm_change_fits(row, JM_CHANGE_EXPIRE))
		(void)jm_err_set(err, JM_E_NOTFOUND,
		    "%" PRIu64
		    " is not %s: it is set aside, %.200s (jmctl set-aside release archives it)",
		    seq, is_not, jm_json_str(row, "set_aside"));
	else if (rc == 1)
		(void)jm_err_set(err, JM_E_NOTFOUND, "%" PRIu64 " is not %s: it %s", seq, is_not,
		    json_object_get(row, "expired_ms") ? "was set aside, and expired"
						       : "is archived");
	json_decref(row);
	return -1;
}

/* 1: the change fits; 0: it does not; -1 with err. A report that is to be archived must be readable
 * now, since the applier has to read it again. */
static int change_check(struct jm_archive *a, const struct jm_change *c, struct jm_err *err)
{
	uint64_t item;
	json_t *row = NULL;
	int rc = jm_reader_item(a, c->seq, &row, err);

	if (rc == 1)
		rc = jm_change_fits(row, c->to) &&
		    (change_source(c) == JM_FROM_ANY ||
			jm_change_fits(row,
			    change_source(c) == JM_FROM_QUEUE ? JM_CHANGE_WAIT : JM_CHANGE_EXPIRE));
	json_decref(row);
	if (rc == 1 && (c->to == JM_CHANGE_ARCHIVE || c->to == JM_CHANGE_RELEASE) &&
	    jm_archive_match(a, c->seq, &item, err) < 0)
		return jm_err_wrap(err, "report %" PRIu64, c->seq);
	return rc;
}

static json_t *describe_change(const struct jm_change *c)
{
	json_t *o = json_pack("{s:I,s:s}", "seq", (json_int_t)c->seq, "to", jm_change_word(c->to));
	int rc = 0;

	if (c->to == JM_CHANGE_WAIT) {
		rc |= json_object_set_new_nocheck(o, "due_ms", json_integer((json_int_t)c->due_ms));
		rc |= json_object_set_new_nocheck(
		    o, "attempts", json_integer((json_int_t)c->attempts));
	}
	if (c->reason)
		rc |= json_object_set_new_nocheck(o, c->to == JM_CHANGE_WAIT ? "problem" : "reason",
		    jm_json_text(jm_span_str(c->reason)));
	if (rc == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* The record's metadata with all changes that fit. NULL with err; err->kind is NONE when no change
 * fits. */
static json_t *describe_all(struct jm_archive *a, const char *actor, const struct jm_change *c,
    size_t n, struct jm_err *err)
{
	json_t *meta = json_object(), *list = json_array();
	int rc = 0;

	err->kind = JM_E_NONE;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		rc = change_check(a, &c[i], err);
		if (rc == 1 && json_array_append_new(list, describe_change(&c[i])) != 0)
			rc = change_no_memory(err);
	}
	n = json_array_size(list);
	if (rc >= 0 && n > 0 &&
	    (json_object_set_new_nocheck(meta, "actor", jm_json_text(jm_span_str(actor))) |
		json_object_set_nocheck(meta, "changes", list)) != 0)
		rc = change_no_memory(err);
	json_decref(list);
	if (rc >= 0 && n > 0)
		return meta;
	json_decref(meta);
	return NULL;
}

int jm_archive_change(struct jm_archive *a, const char *actor, const struct jm_change *c, size_t n,
    struct jm_err *err)
{
	json_t *meta;
	int rc = jm_await_catalog(a, err);

	if (rc != 0 || n == 0)
		return rc;
	pthread_mutex_lock(&a->change_lock);
	meta = describe_all(a, actor, c, n, err);
	if (meta)
		rc = jm_commit_record(a, JM_RECORD_CHANGE, meta, err) != 0
		    ? -1
		    : jm_await_catalog(a, err);
	else if (err->kind != JM_E_NONE)
		rc = -1;
	else if (n == 1)
		rc = jm_change_refuse(a, c->seq, change_source(c), err);
	pthread_mutex_unlock(&a->change_lock);
	return rc;
}
