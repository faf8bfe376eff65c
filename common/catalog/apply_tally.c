/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of a service's row that attempts, sessions with its mailbox and events set. */
#include "common/catalog/apply_tally.h"

#include <stdio.h>

#include "common/catalog/apply_note.h"
#include "common/catalog/keys.h"
#include "common/json/value.h"

static int tally_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a service's row");
}

/* Put the members of fields into the service's row. */
static int set_fields(struct jm_apply *p, const char *service, json_t *fields, struct jm_err *err)
{
	unsigned char k[JM_CATALOG_KEY_MAX];
	struct jm_span at = jm_span_of(k, jm_keys_text(jm_span_str(service), k));
	json_t *row = NULL;
	int rc;

	/* Store the counters first, so that the row does not depend on how records are grouped. */
	if (jm_counts_store(&p->counts, p->c, p->txn, err) != 0)
		return -1;
	rc = jm_catalog_get_json(p->c, p->txn, JM_T_SERVICES, at, &row, err);

	if (rc == 0 && !(row = json_pack("{s:s}", "name", service)))
		rc = tally_no_memory(err);
	if (rc >= 0 && json_object_update(row, fields) != 0)
		rc = tally_no_memory(err);
	if (rc >= 0)
		rc = jm_catalog_put_json(p->txn, JM_T_SERVICES, at, row, err);
	json_decref(row);
	return rc < 0 ? -1 : 0;
}

/* Copy members under new names; missing members become null. NULL without memory. */
static json_t *pick(const json_t *from, const char *const (*names)[2], size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; o && i < n; i++) {
		json_t *v = json_object_get(from, names[i][0]);

		if (json_object_set_new_nocheck(o, names[i][1], v ? json_incref(v) : json_null()) !=
		    0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

static int set_picked(struct jm_apply *p, const char *service, const json_t *from,
    const char *const (*names)[2], size_t n, struct jm_err *err)
{
	json_t *fields = pick(from, names, n);
	int rc = !fields ? tally_no_memory(err) : set_fields(p, service, fields, err);

	json_decref(fields);
	return rc;
}

int jm_apply_status(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	static const char *const names[][2] = { { "status", "status" },
		{ "time_ms", "status_since_ms" }, { "text", "why" }, { "cure", "cure" } };
	const char *service = jm_json_str(r->meta, "service");

	return !service ? 0 : set_picked(p, service, r->meta, names, 4, err);
}

/* Older records have no "waiting": their "queue" has those that were still to be archived. */
static int apply_extract(struct jm_apply *p, const json_t *x, struct jm_err *err)
{
	static const char *const names[][2] = { { "queue", "mailbox_queue" },
		{ "waiting", "mailbox_waiting" }, { "success_ms", "extract_ms" } };
	static const char *const older[][2] = { { "queue", "mailbox_queue" },
		{ "queue", "mailbox_waiting" }, { "success_ms", "extract_ms" } };
	static const char *const failing[][2] = { { "unretrievable", "mailbox_unretrievable" },
		{ "unretrievable_since_ms", "mailbox_unretrievable_since_ms" } };
	const char *service = jm_json_str(x, "service");

	if (!service)
		return 0;
	if (json_object_get(x, "unretrievable") && set_picked(p, service, x, failing, 2, err) != 0)
		return -1;
	return set_picked(p, service, x, json_object_get(x, "waiting") ? names : older,
	    json_object_get(x, "success_ms") ? 3 : 2, err);
}

static int add_reasons(
    struct jm_apply *p, const json_t *reasons, int64_t time_ms, struct jm_err *err)
{
	const char *name;
	char key[JM_CATALOG_KEY_MAX];
	json_t *n;

	json_object_foreach((json_t *)(uintptr_t)reasons, name, n) {
		const struct jm_count c = { .received = (uint64_t)json_integer_value(n),
			.last_ms = time_ms };

		if ((size_t)snprintf(key, sizeof key, "reason/%s", name) < sizeof key &&
		    jm_counts_add(&p->counts, JM_T_COUNTERS, key, &c, err) != 0)
			return -1;
	}
	return 0;
}

int jm_apply_tally(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	static const char *const names[][2] = { { "refusal_ms", "refusal_ms" },
		{ "refusal", "refusal" } };
	const json_t *list = json_object_get(r->meta, "attempts");
	struct jm_count own = { .records = 1, .stored_bytes = jm_record_bytes(r->head) };

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *t = json_array_get(list, i);
		const char *service = jm_json_str(t, "service");
		struct jm_count c = {
			.received = jm_json_u64(t, "received"),
			.refused = jm_json_u64(t, "refused"),
			.deferred = jm_json_u64(t, "deferred"),
		};

		if (jm_apply_count(p, service, jm_json_int(t, "time_ms"), &c, err) != 0)
			return -1;
		if (add_reasons(p, json_object_get(t, "reasons"), jm_json_int(t, "time_ms"), err) !=
		    0)
			return -1;
		if (service && json_object_get(t, "refusal") &&
		    set_picked(p, service, t, names, 2, err) != 0)
			return -1;
	}
	if (apply_extract(p, json_object_get(r->meta, "extract"), err) != 0)
		return -1;
	return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &own, err);
}
