/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up match keys in the catalog's table by-key. */
#include "common/archive/match.h"

#include <inttypes.h>

#include "common/archive/await.h"
#include "common/archive/reader.h"
#include "common/base/num.h"
#include "common/json/value.h"

int jm_archive_match_key(struct jm_archive *a, const unsigned char key[JM_SHA256_BYTES],
    uint64_t *item_r, struct jm_err *err)
{
	struct jm_catalog *c;
	bool again = false;
	struct jm_buf b;
	int rc;

	jm_buf_init(&b, 4096);
	do {
		rc = jm_reader_enter(a, &c, err);
		if (rc != 0)
			break;
		rc = jm_catalog_get(
		    c, NULL, JM_T_BY_KEY, jm_span_of(key, JM_SHA256_BYTES), &b, err);
		jm_reader_leave(a);
	} while (jm_reader_again(rc, err, &again));
	if (rc == 1)
		*item_r = b.len == 8 ? jm_num_get_be64(b.p) : 0;
	jm_buf_release(&b);
	return rc;
}

static int read_key(
    struct jm_archive *a, uint64_t seq, unsigned char key_r[JM_SHA256_BYTES], struct jm_err *err)
{
	struct jm_stored_report r;
	int rc;

	if (jm_reader_report(a, seq, &r, err) != 0)
		return -1;
	rc = jm_sha256_unhex(jm_json_span(r.meta, "key"), key_r);
	jm_stored_report_release(&r);
	return rc == 0 ? 0
		       : jm_err_set(err, JM_E_CORRUPT, "report %" PRIu64 " has no match key", seq);
}

int jm_archive_match(struct jm_archive *a, uint64_t seq, uint64_t *item_r, struct jm_err *err)
{
	unsigned char key[JM_SHA256_BYTES];

	if (jm_await_catalog(a, err) != 0 || read_key(a, seq, key, err) != 0)
		return -1;
	return jm_archive_match_key(a, key, item_r, err);
}
