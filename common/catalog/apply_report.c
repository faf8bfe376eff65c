/* SPDX-License-Identifier: BSD-2-Clause */
/* Applying a report. What its item's rows are: applying.c. */
#include "common/catalog/apply_report.h"

#include "common/catalog/apply_marks.h"
#include "common/catalog/apply_note.h"
#include "common/catalog/applying.h"
#include "common/json/value.h"

/* Join the item of this match key, or found one. A report that is set aside or waits stays alone:
 * it must neither join an item nor be joined. Some reports wait only if there is nothing to join;
 * that is decided here, where everything before it is in the catalog. */
static int find_item(struct jm_apply *p, struct jm_applying *w, struct jm_err *err)
{
	bool waits = w->queued && !json_is_true(json_object_get(w->queued, "match_first"));
	int rc = w->set_aside || waits ? 0 : jm_applying_match(p, w, err);

	if (rc == 1)
		return jm_applying_join(p, w, err);
	return rc < 0 ? -1 : jm_applying_found(p, w, err);
}

static int count_report(
    struct jm_apply *p, const struct jm_applying *w, const json_t *meta, struct jm_err *err)
{
	struct jm_count c = {
		.records = 1, .reports = 1, .received = 1, .last_ms = w->r->head->time_ms
	};

	c.received_bytes = jm_json_u64(json_object_get(meta, "report"), "size");
	c.stored_bytes = jm_record_bytes(w->r->head);
	c.set_aside = w->set_aside != NULL;
	c.queued = w->is_new && !w->set_aside && w->queued;
	c.items = w->is_new && !c.set_aside && !c.queued;
	c.merged = !w->is_new;
	c.step_down = json_is_true(json_object_get(w->journal, "step_down"));
	c.spliced = json_object_get(meta, "splice") != NULL;
	return jm_apply_count(p, w->service, w->r->head->time_ms, &c, err);
}

int jm_apply_report(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_applying w;
	int rc = -1;

	if (jm_applying_read(&w, r, err) != 0)
		return -1;
	if (find_item(p, &w, err) == 0 && jm_applying_store(p, &w, err) == 0 &&
	    jm_apply_mark(p, w.arrival, r->head->seq, err) == 0)
		rc = count_report(p, &w, r->meta, err);
	json_decref(w.row);
	return rc;
}
