/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a report's record and metadata. common/archive/content.c reads its body. */
#include "common/volume/stored_report.h"

#include <inttypes.h>
#include <string.h>

#include "common/json/read.h"

int jm_stored_report_fetch(struct jm_volumes *v, const struct jm_place *at, uint64_t seq,
    struct jm_stored_report *r_r, struct jm_err *err)
{
	struct jm_volume_file f;
	int rc;

	memset(r_r, 0, sizeof *r_r);
	if (jm_volume_open(v, at->volume, &f, err) != 0)
		return -1;
	rc = jm_volume_read(&f, at->offset, jm_volumes_end(v, at->volume), &r_r->record, err);
	jm_volume_close(&f);
	if (rc == 0 && seq != 0 &&
	    (r_r->record.head.seq != seq || r_r->record.head.type != JM_RECORD_REPORT))
		rc = jm_err_set(err, JM_E_CORRUPT,
		    "report %" PRIu64 " stands elsewhere than the catalog says", seq);
	else if (rc == 0 && r_r->record.head.type != JM_RECORD_REPORT)
		rc = jm_err_set(
		    err, JM_E_CORRUPT, "record %" PRIu64 " is no report", r_r->record.head.seq);
	if (rc != 0)
		jm_stored_report_release(r_r);
	return rc;
}

int jm_stored_report_parse(struct jm_stored_report *r, struct jm_err *err)
{
	return jm_json_read(r->record.meta, r->record.head.meta_bytes, &r->meta, err);
}

int jm_stored_report_read(struct jm_volumes *v, const struct jm_place *at, uint64_t seq,
    struct jm_stored_report *r_r, struct jm_err *err)
{
	if (jm_stored_report_fetch(v, at, seq, r_r, err) != 0)
		return -1;
	if (jm_stored_report_parse(r_r, err) == 0)
		return 0;
	jm_stored_report_release(r_r);
	return -1;
}

void jm_stored_report_release(struct jm_stored_report *r)
{
	jm_record_release(&r->record);
	json_decref(r->meta);
	r->meta = NULL;
}
