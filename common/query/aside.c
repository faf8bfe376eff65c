/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole reason comes from the report's record: the catalog has only the public one. */
#include "common/query/aside.h"

#include "common/archive/reader.h"
#include "common/catalog/reason.h"

int jm_aside_name(
    struct jm_archive *a, uint64_t seq, json_t *o, const char *key, struct jm_err *err)
{
	struct jm_stored_report r;
	json_t *reason, *public;
	int rc = 0;

	if (!json_object_get(o, key))
		return 0;
	if (jm_reader_report(a, seq, &r, err) != 0)
		return err->kind == JM_E_CORRUPT ? 0 : -1;
	reason = jm_reason_whole(r.meta);
	public = jm_reason_public(r.meta);
	/* It may have been set aside later, for another reason, which is whole. */
	if (!reason || !public ||
	    (json_is_string(reason) && json_equal(public, json_object_get(o, key)) &&
		json_object_set_nocheck(o, key, reason) != 0))
		rc = jm_err_set(err, JM_E_TEMP, "no memory for a reason");
	json_decref(reason);
	json_decref(public);
	jm_stored_report_release(&r);
	return rc;
}
