/* SPDX-License-Identifier: BSD-2-Clause */
/* The position of a catalog, in the table meta under "applied". */
#include "common/catalog/position.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json/value.h"

#define ROW "applied"

int jm_position_write(struct jm_txn *txn, const unsigned char uuid[JM_UUID_BYTES],
    const struct jm_position *at, struct jm_err *err)
{
	char text[320], hex[2 * JM_UUID_BYTES + 1], last[JM_SHA256_HEX_BYTES];

	snprintf(text, sizeof text,
	    "{\"version\":%d,\"catalog\":%d,\"uuid\":\"%s\",\"seq\":%" PRIu64 ",\"v\":%" PRIu64
	    ",\"o\":%" PRIu64 ",\"sha256\":\"%s\"}",
	    JM_FORMAT_VERSION, JM_CATALOG_VERSION, jm_hex_write(uuid, JM_UUID_BYTES, hex), at->seq,
	    at->volume, at->offset, jm_sha256_hex(at->sha256, last));
	return jm_catalog_put(txn, JM_T_META, jm_span_str(ROW), jm_span_str(text), err);
}

int jm_position_read(struct jm_catalog *c, struct jm_position *at_r,
    unsigned char uuid_r[JM_UUID_BYTES], struct jm_err *err)
{
	json_t *o = NULL;
	int rc = jm_catalog_get_json(c, NULL, JM_T_META, jm_span_str(ROW), &o, err);

	if (rc <= 0)
		return rc;
	if (jm_json_int(o, "version") > JM_FORMAT_VERSION) {
		rc = jm_err_set(err, JM_E_CONFIG,
		    "catalog of version %" JSON_INTEGER_FORMAT
		    ", this program knows version %d: use a newer program",
		    jm_json_int(o, "version"), JM_FORMAT_VERSION);
	} else if (jm_json_int(o, "catalog") > JM_CATALOG_VERSION) {
		rc = jm_err_set(err, JM_E_CONFIG,
		    "a newer program made the catalog: use it, or remove the catalog");
	} else if (jm_json_int(o, "catalog") < JM_CATALOG_VERSION) {
		rc = jm_err_set(
		    err, JM_E_CORRUPT, "an older program made it, some of its rows are missing");
	} else if (jm_hex_read(jm_json_span(o, "uuid"), uuid_r, JM_UUID_BYTES) != 0 ||
	    jm_sha256_unhex(jm_json_span(o, "sha256"), at_r->sha256) != 0) {
		rc = jm_err_set(err, JM_E_CORRUPT, "catalog: its position makes no sense");
	} else {
		at_r->seq = jm_json_u64(o, "seq");
		at_r->volume = jm_json_u64(o, "v");
		at_r->offset = jm_json_u64(o, "o");
	}
	json_decref(o);
	return rc;
}
