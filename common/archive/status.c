/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of an archive for people and dashboards. */
#include "common/archive/store.h"

#include <stdio.h>

#include "common/base/num.h"

#define DAY "day/"

/* All rows of a table whose keys begin with prefix, into an array; times as text. */
static json_t *rows(struct jm_archive *a, enum jm_table t, const char *prefix, struct jm_err *err)
{
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_span from = { NULL, 0 };
	struct jm_page page;
	json_t *list = json_array();

	while (list) {
		if (jm_reader_page(a, t, jm_span_str(prefix), from, false, &page, err) < 0) {
			json_decref(list);
			return NULL;
		}
		if (page.n == 0)
			return list;
		memcpy(at, page.row[page.n - 1].key, page.row[page.n - 1].key_n);
		from = jm_span_of(at, page.row[page.n - 1].key_n);
		for (size_t i = 0; i < page.n; i++) {
			json_t *row = jm_json_row(page.row[i].value, page.row[i].value_n);

			(void)(jm_reader_time(row, "last_ms", "last") |
			    jm_reader_time(row, "status_since_ms", "status_since") |
			    jm_reader_time(row, "refusal_ms", "refusal_at") |
			    jm_reader_time(row, "extract_ms", "last_extract"));
			(void)json_array_append_new(list, row);
		}
		jm_page_release(&page);
	}
	(void)jm_err_set(err, JM_E_TEMP, "no memory for the status");
	return NULL;
}

/* The counters under a prefix: {"refused": {"count": 3, "last": "..."}}. field: which of their sums
 * is the count. */
static json_t *by_name(
    struct jm_archive *a, const char *prefix, const char *field, struct jm_err *err)
{
	json_t *list = rows(a, JM_T_COUNTERS, prefix, err), *o = json_object();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(row, "name"));

		if (name && strlen(name) > strlen(prefix))
			(void)json_object_set_new(o, name + strlen(prefix),
			    json_pack("{s:O?,s:O?}", "count", json_object_get(row, field), "last",
				json_object_get(row, "last")));
	}
	json_decref(list);
	return o;
}

static json_int_t int_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* received = archived + merged + set aside + queued + refused + deferred. When it does not hold,
 * say so in list. */
static void balance_row(const json_t *row, json_t *list)
{
	json_int_t out = int_of(row, "items") + int_of(row, "merged") + int_of(row, "set_aside") +
	    int_of(row, "queued") + int_of(row, "refused") + int_of(row, "deferred"),
		   in = int_of(row, "received");
	const json_t *name = json_object_get(row, "name");

	if (in != out)
		(void)json_array_append_new(list,
		    json_pack("{s:O?,s:I,s:I}", "of", name, "received", in, "accounted", out));
}

/* Every sum that is kept: the whole, each service, and with_days each day and each service's day.
 */
static json_t *balance(struct jm_archive *a, const json_t *total, const json_t *services,
    bool with_days, struct jm_err *err)
{
	json_t *days = with_days ? rows(a, JM_T_COUNTERS, DAY, err) : NULL, *wrong = json_array();

	balance_row(total, wrong);
	for (size_t i = 0; i < json_array_size(services); i++)
		balance_row(json_array_get(services, i), wrong);
	for (size_t i = 0; i < json_array_size(days); i++)
		balance_row(json_array_get(days, i), wrong);
	json_decref(days);
	return json_pack("{s:b,s:o}", "holds", json_array_size(wrong) == 0, "wrong", wrong);
}

void jm_archive_uuid_text(const struct jm_archive *a, char text[2 * JM_UUID_BYTES + 1])
{
	char hex[JM_SHA256_HEX_BYTES];
	unsigned char padded[JM_SHA256_BYTES] = { 0 };

	memcpy(padded, a->uuid, sizeof a->uuid);
	memcpy(text, jm_sha256_hex(padded, hex), 2 * (size_t)JM_UUID_BYTES);
	text[2 * JM_UUID_BYTES] = '\0';
}

/* Under lock: the state in memory. */
static json_t *state(struct jm_archive *a)
{
	const struct jm_err *why = a->write_trouble.kind != JM_E_NONE ? &a->write_trouble
	    : a->apply_trouble.kind != JM_E_NONE                      ? &a->apply_trouble
								      : NULL;
	json_t *o = json_object();
	uint64_t bytes = 0;
	char hex[2 * JM_UUID_BYTES + 1];
	json_t *damaged = json_array();

	jm_archive_uuid_text(a, hex);
	for (size_t i = 0; i < a->volumes; i++) {
		bytes += a->volume[i].end;
		if (a->volume[i].problem[0] != '\0')
			(void)json_array_append_new(
			    damaged, jm_describe_text(jm_span_str(a->volume[i].problem)));
	}
	(void)json_object_set_new(o, "state",
	    json_string(!why                             ? a->disk_low ? "disk-low" : "ok"
		    : a->write_trouble.kind != JM_E_NONE ? "cannot-write"
							 : "catalog-behind"));
	(void)json_object_set_new(o, "problem",
	    why ? jm_describe_text(jm_span_str(why->text))
		: a->disk_low
		? json_string("the disk has less room than the reserve: messages are answered 4xx")
		: json_null());
	if (json_array_size(damaged) > 0)
		(void)json_object_set(o, "damaged", damaged);
	json_decref(damaged);
	(void)json_object_set_new(o, "format", json_integer(JM_FORMAT_VERSION));
	(void)json_object_set_new(o, "uuid", json_string(hex));
	(void)json_object_set_new(o, "directory", jm_describe_text(jm_span_str(a->dir)));
	(void)json_object_set_new(o, "volumes", json_integer((json_int_t)a->volumes));
	(void)json_object_set_new(o, "volume_bytes", json_integer((json_int_t)bytes));
	(void)json_object_set_new(o, "last_seq", json_integer((json_int_t)a->durable_seq));
	(void)json_object_set_new(o, "groups", json_integer((json_int_t)a->groups));
	(void)json_object_set_new(o, "events_dropped", json_integer((json_int_t)a->notes_dropped));
	return o;
}

static int status(struct jm_archive *a, bool with_days, json_t **status_r, struct jm_err *err)
{
	json_t *o, *total = NULL, *services, *reasons;
	struct jm_err no;

	if (jm_disk_check(a, 0, &no) < 0) /* asked here so that it also clears when no mail comes */
		no.kind = JM_E_NONE;
	pthread_mutex_lock(&a->lock);
	o = state(a);
	pthread_mutex_unlock(&a->lock);
	/* A status must come also while the catalog is behind; then it says so. */
	if (jm_applier_wait(a, err) < 0)
		(void)json_object_set_new(o, "state", json_string("catalog-behind"));
	if (jm_reader_get(a, JM_T_COUNTERS, jm_span_str("total"), &total, err) == 1)
		(void)json_object_del(total, "name");
	else
		total = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "records", 0, "reports", 0, "items",
		    0, "merged", 0, "set_aside", 0, "events", 0);
	(void)jm_reader_time(total, "last_ms", "last");
	(void)json_object_update(o, total);
	services = rows(a, JM_T_SERVICES, "", err);
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
	return status(a, true, status_r, err);
}

/* "day/2029-07-31" or "day/2029-07-31/SERVICE" is a row of the service (NULL: of all)? Then the
 * day, else none. */
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

	list = jm_applier_wait(a, err) < 0 ? NULL : rows(a, JM_T_COUNTERS, DAY, err);
	if (!list) {
		json_decref(out);
		return -1;
	}
	json_array_foreach(list, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
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
	return status(a, false, status_r, err);
}

bool jm_archive_trouble(struct jm_archive *a, char text_r[JM_ERR_TEXT_BYTES])
{
	struct jm_err low = { .kind = JM_E_NONE };
	const struct jm_err *why;
	bool wrong;

	if (jm_disk_check(a, 0, &low) == 0) /* asked here so that it also clears when no mail comes
					     */
		low.kind = JM_E_NONE;
	pthread_mutex_lock(&a->lock);
	why = a->write_trouble.kind != JM_E_NONE ? &a->write_trouble
	    : a->apply_trouble.kind != JM_E_NONE ? &a->apply_trouble
						 : &low;
	wrong = why->kind != JM_E_NONE;
	if (wrong)
		memcpy(text_r, why->text, JM_ERR_TEXT_BYTES);
	pthread_mutex_unlock(&a->lock);
	return wrong;
}
