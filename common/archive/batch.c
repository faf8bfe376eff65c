/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of records: read, parse, apply, one transaction. */
#include "common/archive/batch.h"

#include <inttypes.h>
#include <string.h>

#include "common/json/read.h"

/* Apply the record r. */
static int apply_record(struct jm_apply *p, const struct jm_record *r, struct jm_err *err)
{
	struct jm_applied x = { &r->head, NULL, { r->volume, r->offset } };
	json_t *meta;
	int rc;

	if (jm_json_read(r->meta, r->head.meta_bytes, &meta, err) != 0)
		return jm_err_wrap(err, "record %" PRIu64, r->head.seq);
	x.meta = meta;
	rc = jm_apply_add(p, &x, err);
	json_decref(meta);
	return rc;
}

/* Read the record at *at and apply it; moves *at after it. */
static int batch_step(struct jm_apply *p, struct jm_position *at, const struct jm_volume_file *f,
    uint64_t end, struct jm_err *err)
{
	struct jm_record r;
	int rc = 0;

	if (jm_volume_read(f, at->offset, end, &r, err) != 0)
		return -1;
	if (r.head.seq != at->seq + 1) {
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "record %" PRIu64 " where %" PRIu64 " should follow", r.head.seq, at->seq + 1);
	} else {
		rc = apply_record(p, &r, err);
		at->seq = r.head.seq;
		at->offset += jm_record_bytes(&r.head);
		memcpy(at->sha256, jm_record_sha256(&r), sizeof at->sha256);
	}
	jm_record_release(&r);
	return rc;
}

int jm_batch_apply(const struct jm_batch *b, struct jm_position *at, const struct jm_volume_file *f,
    const struct jm_volume *v, struct jm_err *err)
{
	struct jm_position to = *at;
	struct jm_apply *p = NULL;

	if (jm_apply_begin(b->c, b->recall, &p, err) != 0)
		return -1;
	for (int n = 0; n < b->max && to.offset < v->end && to.seq < b->until_seq; n++)
		if (batch_step(p, &to, f, v->end, err) != 0) {
			jm_apply_abort(&p);
			return jm_err_wrap(
			    err, "volume %" PRIu64 " at %" PRIu64, v->head.number, to.offset);
		}
	if (jm_apply_finish(&p, b->uuid, &to, err) != 0)
		return -1;
	*at = to;
	return 0;
}
