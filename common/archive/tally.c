/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of a service besides its messages: attempts that left none (refused, deferred), its
 * last refusal, how it and its mailbox stand. */
#include "common/archive/apply.h"

#include <stdio.h>

static int no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a service's row");
}

/* Put the members of fields into the service's row. */
static int set_fields(struct jm_apply *p, const char *service, json_t *fields, struct jm_err *err)
{
	unsigned char k[JM_CATALOG_KEY_MAX];
	struct jm_span at = jm_span_of(k, jm_apply_index_key(jm_span_str(service), false, k));
	json_t *row = NULL;
	int rc;

	/* What was counted until now goes first, so that the row does not depend on how the records
	 * were grouped. */
	if (jm_counts_store(&p->counts, p->c, p->txn, err) < 0)
		return -1;
	rc = jm_catalog_get_json(p->c, p->txn, JM_T_SERVICES, at, &row, err);

	if (rc == 0 && !(row = json_pack("{s:s}", "name", service)))
		rc = no_memory(err);
	if (rc >= 0 && json_object_update(row, fields) != 0)
		rc = no_memory(err);
	if (rc >= 0)
		rc = jm_catalog_put_json(p->c, p->txn, JM_T_SERVICES, at, row, err);
	json_decref(row);
	return rc < 0 ? -1 : 0;
}

/* Copy members under new names; what is not there becomes null. */
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
	int rc = !fields ? no_memory(err) : set_fields(p, service, fields, err);

	json_decref(fields);
	return rc;
}

int jm_tally_status(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	static const char *const names[][2] = { { "status", "status" },
		{ "time_ms", "status_since_ms" }, { "text", "why" }, { "cure", "cure" } };
	const char *service = json_string_value(json_object_get(r->meta, "service"));

	return !service ? 0 : set_picked(p, service, r->meta, names, 4, err);
}

static int apply_extract(struct jm_apply *p, const json_t *x, struct jm_err *err)
{
	static const char *const names[][2] = { { "queue", "mailbox_queue" },
		{ "success_ms", "extract_ms" } };
	const char *service = json_string_value(json_object_get(x, "service"));

	return !service
	    ? 0
	    : set_picked(p, service, x, names, json_object_get(x, "success_ms") ? 2 : 1, err);
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
		    jm_counts_add(&p->counts, JM_T_COUNTERS, key, &c, err) < 0)
			return -1;
	}
	return 0;
}

int jm_tally_apply(struct jm_apply *p, const struct jm_applied *r, struct jm_err *err)
{
	static const char *const names[][2] = { { "refusal_ms", "refusal_ms" },
		{ "refusal", "refusal" } };
	const json_t *list = json_object_get(r->meta, "attempts");
	struct jm_count own = { .records = 1, .stored_bytes = jm_record_bytes(r->head) };

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *t = json_array_get(list, i);
		const char *service = json_string_value(json_object_get(t, "service"));
		struct jm_count c = {
			.received = (uint64_t)json_integer_value(json_object_get(t, "received")),
			.refused = (uint64_t)json_integer_value(json_object_get(t, "refused")),
			.deferred = (uint64_t)json_integer_value(json_object_get(t, "deferred")),
		};

		if (jm_apply_count(
			p, service, json_integer_value(json_object_get(t, "time_ms")), &c, err) < 0)
			return -1;
		if (add_reasons(p, json_object_get(t, "reasons"),
			json_integer_value(json_object_get(t, "time_ms")), err) < 0)
			return -1;
		if (service && json_object_get(t, "refusal") &&
		    set_picked(p, service, t, names, 2, err) < 0)
			return -1;
	}
	if (apply_extract(p, json_object_get(r->meta, "extract"), err) < 0)
		return -1;
	return jm_counts_add(&p->counts, JM_T_COUNTERS, "total", &own, err);
}

static json_t *describe(const struct jm_attempts *t)
{
	json_t *o = json_pack("{s:I,s:I,s:I,s:I}", "time_ms", (json_int_t)t->time_ms, "received",
		   (json_int_t)t->received, "refused", (json_int_t)t->refused, "deferred",
		   (json_int_t)t->deferred),
	       *reasons = t->reasons_n > 0 ? json_object() : NULL;

	if (t->service)
		(void)json_object_set_new_nocheck(
		    o, "service", jm_describe_text(jm_span_str(t->service)));
	if (t->refusal_ms != 0 && t->refusal) {
		(void)json_object_set_new_nocheck(
		    o, "refusal_ms", json_integer((json_int_t)t->refusal_ms));
		(void)json_object_set_new_nocheck(
		    o, "refusal", jm_describe_text(jm_span_str(t->refusal)));
	}
	if (t->reasons_n > 0)
		(void)json_object_set_new_nocheck(o, "reasons", reasons);
	for (size_t i = 0; i < t->reasons_n; i++)
		(void)json_object_set_new(
		    reasons, t->reasons[i].name, json_integer((json_int_t)t->reasons[i].n));
	return o;
}

/* Write one record; meta is taken over, NULL: there was no memory for it. */
static int commit(struct jm_archive *a, json_t *meta, struct jm_err *err)
{
	struct jm_ticket *ticket;
	int rc;

	if (!meta)
		return no_memory(err);
	ticket = jm_ticket_new(JM_RECORD_TALLY, meta, err);
	if (!ticket)
		return -1;
	rc = jm_writer_commit(a, ticket, err);
	jm_ticket_drop(ticket);
	return rc;
}

int jm_archive_tally(
    struct jm_archive *a, const struct jm_attempts *t, size_t n, struct jm_err *err)
{
	json_t *list = json_array(), *meta;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		rc |= json_array_append_new(list, describe(&t[i]));
	meta = rc == 0 ? json_pack("{s:O}", "attempts", list) : NULL;
	json_decref(list);
	return commit(a, meta, err);
}

int jm_archive_extracted(struct jm_archive *a, const struct jm_extract *x, struct jm_err *err)
{
	json_t *o = json_pack("{s:o,s:I}", "service", jm_describe_text(jm_span_str(x->service)),
		   "queue", (json_int_t)x->queue),
	       *meta;

	if (x->success_ms != 0)
		(void)json_object_set_new_nocheck(
		    o, "success_ms", json_integer((json_int_t)x->success_ms));
	meta = o ? json_pack("{s:O}", "extract", o) : NULL;
	json_decref(o);
	return commit(a, meta, err);
}

int jm_archive_service(
    struct jm_archive *a, const char *service, json_t **row_r, struct jm_err *err)
{
	unsigned char k[JM_CATALOG_KEY_MAX];

	if (jm_applier_wait(a, err) < 0)
		return -1;
	return jm_reader_get(a, JM_T_SERVICES,
	    jm_span_of(k, jm_apply_index_key(jm_span_str(service), false, k)), row_r, err);
}
