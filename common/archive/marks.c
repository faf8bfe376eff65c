/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that take marks of fetched messages away. */
#include "common/archive/marks.h"

#include "common/archive/commit.h"
#include "common/json/value.h"

#define FORGET_MAX 5000 /* ids in one record */

static json_t *describe_forget(const char *mailbox, const struct jm_span *uidls, size_t n)
{
	json_t *list = json_array(), *meta = json_object();
	int rc = list && meta ? 0 : -1;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = json_array_append_new(list, jm_json_text(uidls[i]));
	if (rc == 0)
		rc = json_object_set_new_nocheck(
		    meta, "mailbox", jm_json_text(jm_span_str(mailbox)));
	rc |= json_object_set_new_nocheck(meta, "uidls", list);
	if (rc == 0)
		return meta;
	json_decref(meta);
	return NULL;
}

int jm_archive_pop3_forget(struct jm_archive *a, const char *mailbox, const struct jm_span *uidls,
    size_t n, struct jm_err *err)
{
	for (size_t i = 0; i < n; i += FORGET_MAX) {
		size_t some = n - i < FORGET_MAX ? n - i : FORGET_MAX;
		json_t *meta = describe_forget(mailbox, uidls + i, some);

		if (jm_commit_record(a, JM_RECORD_FORGET, meta, err) != 0)
			return -1;
	}
	return 0;
}
