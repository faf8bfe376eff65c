/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing records of attempts, and of sessions with a mailbox. */
#include "common/archive/tally.h"

#include "common/archive/commit.h"
#include "common/json/value.h"

static json_t *describe_attempts(const struct jm_attempts *t)
{
	json_t *o = json_pack("{s:I,s:I,s:I,s:I}", "time_ms", (json_int_t)t->time_ms, "received",
		   (json_int_t)t->received, "refused", (json_int_t)t->refused, "deferred",
		   (json_int_t)t->deferred),
	       *reasons = t->reasons_n > 0 ? json_object() : NULL;

	if (t->service)
		(void)json_object_set_new_nocheck(
		    o, "service", jm_json_text(jm_span_str(t->service)));
	if (t->refusal_ms != 0 && t->refusal) {
		(void)json_object_set_new_nocheck(
		    o, "refusal_ms", json_integer((json_int_t)t->refusal_ms));
		(void)json_object_set_new_nocheck(
		    o, "refusal", jm_json_text(jm_span_str(t->refusal)));
	}
	if (t->reasons_n > 0)
		(void)json_object_set_new_nocheck(o, "reasons", reasons);
	for (size_t i = 0; i < t->reasons_n; i++)
		(void)json_object_set_new(
		    reasons, t->reasons[i].name, json_integer((json_int_t)t->reasons[i].n));
	return o;
}

int jm_archive_tally(
    struct jm_archive *a, const struct jm_attempts *t, size_t n, struct jm_err *err)
{
	json_t *list = json_array(), *meta;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		rc |= json_array_append_new(list, describe_attempts(&t[i]));
	meta = rc == 0 ? json_pack("{s:O}", "attempts", list) : NULL;
	json_decref(list);
	return jm_commit_record(a, JM_RECORD_TALLY, meta, err);
}

int jm_archive_extracted(struct jm_archive *a, const struct jm_extract *x, struct jm_err *err)
{
	json_t *o = json_pack("{s:o,s:I,s:I,s:I}", "service", jm_json_text(jm_span_str(x->service)),
		   "queue", (json_int_t)x->queue, "waiting", (json_int_t)x->waiting,
		   "unretrievable", (json_int_t)x->unretrievable),
	       *meta;

	if (x->success_ms != 0)
		(void)json_object_set_new_nocheck(
		    o, "success_ms", json_integer((json_int_t)x->success_ms));
	if (x->unretrievable_since_ms != 0)
		(void)json_object_set_new_nocheck(o, "unretrievable_since_ms",
		    json_integer((json_int_t)x->unretrievable_since_ms));
	meta = o ? json_pack("{s:O}", "extract", o) : NULL;
	json_decref(o);
	return jm_commit_record(a, JM_RECORD_TALLY, meta, err);
}
