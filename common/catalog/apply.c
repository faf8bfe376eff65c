/* SPDX-License-Identifier: BSD-2-Clause */
/* From records to rows, a transaction at a time: each kind of record goes to its own file. */
#include "common/catalog/apply.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/catalog/apply_change.h"
#include "common/catalog/apply_domain.h"
#include "common/catalog/apply_marks.h"
#include "common/catalog/apply_note.h"
#include "common/catalog/apply_report.h"
#include "common/catalog/apply_tally.h"
#include "common/catalog/keys.h"
#include "common/json/value.h"

static int apply_event(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_count c = { .records = 1, .events = 1, .stored_bytes = jm_record_bytes(r->head) };
	const char *kind = jm_json_str(r->meta, "kind");
	unsigned char key[8];
	char counter[80];

	if (jm_catalog_put_json(p->txn, JM_T_EVENTS, jm_keys_id(r->head->seq, key), r->meta, err) !=
		0 ||
	    jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &c, err) != 0)
		return -1;
	c = (struct jm_count){ .events = 1, .last_ms = r->head->time_ms };
	snprintf(counter, sizeof counter, "event/%.64s", kind ? kind : "other");
	if (jm_counts_add(&p->counts, JM_T_COUNTERS, counter, &c, err) != 0)
		return -1;
	if (json_object_get(r->meta, "domain") && jm_apply_domain(p, r, err) != 0)
		return -1;
	return json_object_get(r->meta, "status") ? jm_apply_status(p, r, err) : 0;
}

int jm_apply_add(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	struct jm_count other = { .records = 1, .stored_bytes = jm_record_bytes(r->head) };

	switch (r->head->type) {
	case JM_RECORD_REPORT:
		return jm_apply_report(p, r, err);
	case JM_RECORD_EVENT:
		return apply_event(p, r, err);
	case JM_RECORD_CHANGE:
		return jm_apply_change(p, r, err);
	case JM_RECORD_TALLY:
		return jm_apply_tally(p, r, err);
	case JM_RECORD_FORGET:
		if (jm_apply_forget(p, r, err) != 0)
			return -1;
		return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &other, err);
	default:
		return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &other, err);
	}
}

int jm_apply_begin(
    struct jm_catalog *c, const struct jm_recall *recall, struct jm_apply **p_r, struct jm_err *err)
{
	struct jm_apply *p = calloc(1, sizeof *p);

	if (!p)
		return jm_err_set(err, JM_E_TEMP, "no memory for a row of the catalog");
	p->c = c;
	p->recall = recall;
	if (jm_catalog_begin(c, &p->txn, err) != 0) {
		free(p);
		return -1;
	}
	*p_r = p;
	return 0;
}

void jm_apply_abort(struct jm_apply **p)
{
	if (!*p)
		return;
	jm_catalog_abort(&(*p)->txn);
	jm_counts_release(&(*p)->counts);
	free(*p);
	*p = NULL;
}

int jm_apply_finish(struct jm_apply **p, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err)
{
	struct jm_apply *q = *p;
	int rc = -1;

	if (jm_counts_store(&q->counts, q->c, q->txn, err) == 0 &&
	    jm_position_write(q->txn, uuid, at, err) == 0)
		rc = jm_catalog_commit(&q->txn, err);
	jm_apply_abort(p);
	return rc;
}
