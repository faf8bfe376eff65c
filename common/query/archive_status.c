/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of an archive. Without memory single figures are missing, but the status is still given.
 */
#include "common/query/archive_status.h"

#include <stdlib.h>
#include <string.h>

#include "common/archive/await.h"
#include "common/archive/disk.h"
#include "common/archive/health.h"
#include "common/archive/cursor.h"
#include "common/catalog/keys.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/volume/volumes.h"

#define DAY "day/"

/* The last successful extract of a service: its last message, or when its mailbox was last read,
 * which may have been empty. */
static void set_extract(json_t *row)
{
	json_int_t last_ms = jm_json_int(row, "last_ms");

	if (last_ms > jm_json_int(row, "extract_ms"))
		(void)json_object_set_new(row, "extract_ms", json_integer(last_ms));
}

/* All rows of a table whose keys begin with prefix, as an array, times as text. NULL with err. */
static json_t *rows_of(
    struct jm_archive *a, enum jm_table t, const char *prefix, struct jm_err *err)
{
	const struct jm_table_range range = { .table = t, .prefix = jm_span_str(prefix) };
	json_t *list = json_array();
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc;

	if (!list) {
		jm_err_set(err, JM_E_TEMP, "no memory for the status");
		return NULL;
	}
	jm_cursor_start(&cursor, a, &range);
	while ((rc = jm_cursor_next(&cursor, &row, err)) == 1) {
		json_t *o = jm_json_row(row->value, row->value_n);

		if (t == JM_T_SERVICES)
			set_extract(o);
		(void)(jm_json_time(o, "last_ms", "last") |
		    jm_json_time(o, "status_since_ms", "status_since") |
		    jm_json_time(o, "refusal_ms", "refusal_at") |
		    jm_json_time(o, "extract_ms", "last_extract") |
		    jm_json_time(
			o, "mailbox_unretrievable_since_ms", "mailbox_unretrievable_since"));
		if (json_is_null(json_object_get(o, "mailbox_unretrievable_since_ms")))
			(void)json_object_del(o, "mailbox_unretrievable_since_ms");
		(void)json_array_append_new(list, o);
	}
	jm_cursor_end(&cursor);
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}

/* The counters under a prefix: {"refused": {"count": 3, "last": "..."}}. field: the name of the sum
 * that is the count. */
static json_t *by_name(
    struct jm_archive *a, const char *prefix, const char *field, struct jm_err *err)
{
	json_t *list = rows_of(a, JM_T_COUNTERS, prefix, err), *o = json_object();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		const char *name = jm_json_str(row, "name");

		if (name && strlen(name) > strlen(prefix))
			(void)json_object_set_new(o, name + strlen(prefix),
			    json_pack("{s:O?,s:O?}", "count", json_object_get(row, field), "last",
				json_object_get(row, "last")));
	}
	json_decref(list);
	return o;
}

/* Check that received = archived + merged + set aside + queued + refused + deferred. If not, add an
 * entry to list. */
static void balance_row(const json_t *row, json_t *list)
{
	json_int_t out = jm_json_int(row, "items") + jm_json_int(row, "merged") +
	    jm_json_int(row, "set_aside") + jm_json_int(row, "queued") +
	    jm_json_int(row, "refused") + jm_json_int(row, "deferred"),
		   in = jm_json_int(row, "received");
	const json_t *name = json_object_get(row, "name");

	if (in != out)
		(void)json_array_append_new(list,
		    json_pack("{s:O?,s:I,s:I}", "of", name, "received", in, "accounted", out));
}

/* Check the balance of the total, of each service, and with with_days of each day and of each
 * service's day. */
static json_t *balance(struct jm_archive *a, const json_t *total, const json_t *services,
    bool with_days, struct jm_err *err)
{
	json_t *days = with_days ? rows_of(a, JM_T_COUNTERS, DAY, err) : NULL,
	       *wrong = json_array();

	balance_row(total, wrong);
	for (size_t i = 0; i < json_array_size(services); i++)
		balance_row(json_array_get(services, i), wrong);
	for (size_t i = 0; i < json_array_size(days); i++)
		balance_row(json_array_get(days, i), wrong);
	json_decref(days);
	return json_pack("{s:b,s:o}", "holds", json_array_size(wrong) == 0, "wrong", wrong);
}

static const char *state_word(const struct jm_health *h, const json_t *damaged)
{
	return h->write_trouble.kind != JM_E_NONE ? "cannot-write"
	    : h->apply_trouble.kind != JM_E_NONE  ? "catalog-behind"
	    : h->disk_low                         ? "disk-low"
	    : json_array_size(damaged) > 0        ? "damaged"
						  : "ok";
}

/* The problem, for people; a new value. */
static json_t *state_problem(const struct jm_health *h, const json_t *damaged)
{
	const struct jm_err *cause = h->write_trouble.kind != JM_E_NONE ? &h->write_trouble
									: &h->apply_trouble;

	if (cause->kind != JM_E_NONE)
		return jm_json_text(jm_span_str(cause->text));
	if (h->disk_low)
		return json_string(
		    "the disk has less room than the reserve: messages are answered 4xx");
	return json_array_size(damaged) > 0 ? json_incref(json_array_get(damaged, 0)) : json_null();
}

/* Sums over the volumes. */
struct volume_figures {
	size_t n;
	uint64_t bytes;
	json_t *damaged; /* problems, owned */
};

static struct volume_figures add_up_volumes(struct jm_archive *a)
{
	struct volume_figures f = { .damaged = json_array() };
	struct jm_err ignored;
	struct jm_volume *list = jm_volumes_now(jm_archive_volumes(a), &f.n, &ignored);

	for (size_t i = 0; list && i < f.n; i++) {
		f.bytes += list[i].end;
		if (list[i].problem[0] != '\0')
			(void)json_array_append_new(
			    f.damaged, jm_json_text(jm_span_str(list[i].problem)));
	}
	free(list);
	return f;
}

static void set_int(json_t *o, const char *name, uint64_t n)
{
	(void)json_object_set_new(o, name, json_integer((json_int_t)n));
}

/* The part of the status that is in memory. */
static json_t *status_of_state(struct jm_archive *a)
{
	struct volume_figures volumes = add_up_volumes(a);
	char hex[2 * JM_UUID_BYTES + 1];
	json_t *o = json_object();
	struct jm_health h;

	jm_archive_health(a, &h);
	jm_volumes_uuid_text(jm_archive_volumes(a), hex);
	(void)json_object_set_new(o, "state", json_string(state_word(&h, volumes.damaged)));
	(void)json_object_set_new(o, "problem", state_problem(&h, volumes.damaged));
	if (json_array_size(volumes.damaged) > 0)
		(void)json_object_set(o, "damaged", volumes.damaged);
	json_decref(volumes.damaged);
	set_int(o, "format", JM_FORMAT_VERSION);
	(void)json_object_set_new(o, "uuid", json_string(hex));
	(void)json_object_set_new(o, "directory", jm_json_text(jm_span_str(jm_archive_dir(a))));
	set_int(o, "volumes", volumes.n);
	set_int(o, "volume_bytes", volumes.bytes);
	set_int(o, "last_seq", h.durable_seq);
	set_int(o, "groups", h.groups);
	set_int(o, "events_dropped", h.notes_dropped);
	return o;
}

static int status_read(struct jm_archive *a, bool with_days, json_t **status_r, struct jm_err *err)
{
	json_t *o, *total = NULL, *services, *reasons;
	struct jm_err ignored;

	/* Check it here, so that a low disk also clears when no mail arrives. */
	(void)!jm_disk_check(a, 0, &ignored);
	o = status_of_state(a);
	/* The status must also be given while the catalog is not up to date; it says so then. */
	if (jm_await_catalog(a, err) != 0)
		(void)json_object_set_new(o, "state", json_string("catalog-behind"));
	if (jm_reader_get(a, JM_T_COUNTERS, jm_span_str("total"), &total, err) == 1)
		(void)json_object_del(total, "name");
	else
		total = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "records", 0, "reports", 0, "items",
		    0, "merged", 0, "set_aside", 0, "events", 0);
	(void)jm_json_time(total, "last_ms", "last");
	(void)json_object_update(o, total);
	services = rows_of(a, JM_T_SERVICES, "", err);
	(void)json_object_set_new(o, "balance", balance(a, total, services, with_days, err));
	json_decref(total);
	(void)json_object_set_new(o, "services", services ? services : json_array());
	(void)json_object_set_new(o, "events_by_kind", by_name(a, "event/", "events", err));
	reasons = by_name(a, "reason/", "received", err);
	if (json_object_size(reasons) > 0)
		(void)json_object_set(o, "turned_away", reasons);
	json_decref(reasons);
	*status_r = o;
	return o ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for the status");
}

int jm_archive_status(struct jm_archive *a, json_t **status_r, struct jm_err *err)
{
	return status_read(a, true, status_r, err);
}

/* The day in a row's name, "day/2029-07-31" or "day/2029-07-31/SERVICE", if the row belongs to the
 * service (NULL: to all services); else none. */
static struct jm_span day_of(const char *name, const char *service)
{
	struct jm_span rest = jm_span_str(name + strlen(DAY));
	size_t n = jm_span_index(rest, '/');
	bool fits = !service
	    ? n == rest.len
	    : n < rest.len && jm_span_eq(jm_span_sub(rest, n + 1, rest.len), jm_span_str(service));

	return fits ? jm_span_sub(rest, 0, n) : (struct jm_span){ NULL, 0 };
}

int jm_archive_days(struct jm_archive *a, const char *service, json_t **days_r, struct jm_err *err)
{
	json_t *list, *out = json_array(), *day, *row;
	int rc = !out;
	size_t i;

	list = jm_await_catalog(a, err) != 0 ? NULL : rows_of(a, JM_T_COUNTERS, DAY, err);
	if (!list) {
		json_decref(out);
		return -1;
	}
	json_array_foreach(list, i, row) {
		const char *name = jm_json_str(row, "name");
		struct jm_span begin = name ? day_of(name, service) : (struct jm_span){ NULL, 0 };

		if (jm_span_none(begin))
			continue;
		day = json_pack("{s:s%}", "day", begin.p, begin.len);
		(void)json_object_del(row, "name");
		rc |= !day || json_object_update(day, row) != 0 || json_array_append(out, day) != 0;
		json_decref(day);
	}
	json_decref(list);
	if (rc != 0) {
		json_decref(out);
		return jm_err_set(err, JM_E_TEMP, "no memory for the days");
	}
	*days_r = out;
	return 0;
}

int jm_archive_standing(struct jm_archive *a, json_t **status_r, struct jm_err *err)
{
	return status_read(a, false, status_r, err);
}

int jm_archive_service(
    struct jm_archive *a, const char *service, json_t **row_r, struct jm_err *err)
{
	unsigned char key[JM_CATALOG_KEY_MAX];
	struct jm_span name = jm_span_str(service);

	if (jm_await_catalog(a, err) != 0)
		return -1;
	return jm_reader_get(
	    a, JM_T_SERVICES, jm_span_of(key, jm_keys_text(name, key)), row_r, err);
}
