/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading "tip" of status.json, which document.c writes. See known_end.h. */
#include "milter/daemon/known_end.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "milter/daemon/publisher.h"

#define FILE_BYTES (8u << 20)

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* Is a value an integer in a sane range? */
static bool read_number(const json_t *o, const char *name, uint64_t max, uint64_t *n_r)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 1 ||
	    (uint64_t)json_integer_value(v) > max)
		return false;
	*n_r = (uint64_t)json_integer_value(v);
	return true;
}

static bool read_tip(const json_t *tip, struct jm_known_end *end_r)
{
	return jm_hex_read(jm_span_str(text_of(tip, "uuid")), end_r->uuid, JM_UUID_BYTES) == 0 &&
	    read_number(tip, "seq", 1ull << 50, &end_r->at.seq) &&
	    read_number(tip, "volume", 1ull << 32, &end_r->at.volume) &&
	    read_number(tip, "offset", 1ull << 50, &end_r->at.offset) &&
	    jm_sha256_unhex(jm_span_str(text_of(tip, "sha256")), end_r->at.sha256) == 0;
}

bool jm_known_end_read(const struct jm_settings *s, struct jm_known_end *end_r)
{
	char dir[PATH_MAX], path[PATH_MAX + 16];
	json_t *o = NULL, *tip;
	struct jm_err err;
	bool good = false;

	memset(end_r, 0, sizeof *end_r);
	if (jm_publisher_folder(s, dir, &err) != 0)
		return false;
	snprintf(path, sizeof path, "%s/status.json", dir);
	if (jm_json_read_file(path, FILE_BYTES, &o, &err) != 0) {
		if (err.kind == JM_E_NOTFOUND)
			return false;
		goto out;
	}
	tip = json_object_get(o, "tip");
	if (!tip || json_is_null(tip)) { /* an older version wrote it, or the tip was not known */
		json_decref(o);
		return false;
	}
	good = read_tip(tip, end_r);
	snprintf(end_r->witness, sizeof end_r->witness, "the state published at %.40s",
	    text_of(o, "published"));
	if (!good)
		jm_err_set(&err, JM_E_CORRUPT, "%s: \"tip\" is damaged", path);
out:
	json_decref(o);
	if (!good)
		JM_LOG(JM_LOG_WARNING, "known-end-ignored", { "from", JM_S(path) },
		    { "why", JM_S(err.text) });
	return good;
}
