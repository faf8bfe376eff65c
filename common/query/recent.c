/* SPDX-License-Identifier: BSD-2-Clause */
/* The last hours, days and events. */
#include "common/query/recent.h"

#include <stdio.h>

#include "common/archive/cursor.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/json/read.h"
#include "common/json/value.h"

#define HOURS 48
#define DAYS 90
#define EVENTS 20
#define RATE_DAYS 7
#define HOUR_MS INT64_C(3600000)

/* Put the reports of the row "PREFIX/START OF TIME" into o under that start; 0 without a row. */
static int add_count(struct jm_archive *a, json_t *o, const char *prefix, int64_t ms, size_t digits,
    struct jm_err *err)
{
	char time[JM_CLOCK_TEXT_BYTES], key[48];
	json_t *row = NULL;
	int rc;

	(void)jm_clock_format(ms, time);
	time[digits] = '\0';
	snprintf(key, sizeof key, "%s/%s", prefix, time);
	rc = jm_reader_get(a, JM_T_COUNTERS, jm_span_str(key), &row, err);
	if (rc >= 0 &&
	    json_object_set_new(
		o, time, json_integer(json_integer_value(json_object_get(row, "reports")))) != 0)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for the history");
	json_decref(row);
	return rc < 0 ? -1 : 0;
}

/* The bytes stored in the last days, and since when they count: from the start of the first of
 * these days that has any. */
static int add_stored(struct jm_archive *a, int64_t now_ms, json_int_t *bytes_r,
    int64_t *since_ms_r, struct jm_err *err)
{
	char day[JM_CLOCK_TEXT_BYTES], key[48];

	*bytes_r = *since_ms_r = 0;
	for (int i = RATE_DAYS - 1; i >= 0; i--) {
		json_t *row = NULL;
		json_int_t n;

		(void)jm_clock_format(now_ms - i * 24 * HOUR_MS, day);
		day[10] = '\0';
		snprintf(key, sizeof key, "day/%s", day);
		if (jm_reader_get(a, JM_T_COUNTERS, jm_span_str(key), &row, err) < 0)
			return -1;
		n = jm_json_int(row, "stored_bytes");
		json_decref(row);
		*bytes_r += n;
		if (n > 0 && *since_ms_r == 0)
			(void)jm_clock_parse(day, since_ms_r);
	}
	return 0;
}

static int add_event(json_t *o, const struct jm_row *row, struct jm_err *err)
{
	json_t *e = jm_json_row(row->value, row->value_n);
	char seq[24];
	int bad;

	snprintf(seq, sizeof seq, "%016llx", (unsigned long long)jm_num_get_be64(row->key));
	bad = !e || jm_json_time(e, "time_ms", "time") != 0 || json_object_set(o, seq, e) != 0;
	json_decref(e);
	return bad ? jm_err_set(err, JM_E_TEMP, "no memory for the events") : 0;
}

static int add_events(struct jm_archive *a, json_t *o, struct jm_err *err)
{
	const struct jm_table_range range = { .table = JM_T_EVENTS, .reverse = true };
	const struct jm_row *row;
	struct jm_cursor cursor;
	int rc = 0;

	jm_cursor_start(&cursor, a, &range);
	for (int i = 0; i < EVENTS && rc == 0; i++) {
		rc = jm_cursor_next(&cursor, &row, err);
		if (rc != 1)
			break;
		rc = add_event(o, row, err);
	}
	jm_cursor_end(&cursor);
	return rc;
}

int jm_archive_recent(struct jm_archive *a, int64_t now_ms, json_t **recent_r, struct jm_err *err)
{
	json_t *hours = json_object(), *days = json_object(), *events = json_object(), *o;
	int64_t checkpoint_ms = 0, since_ms = 0;
	json_int_t stored = 0;
	struct jm_catalog *c;
	int rc = 0;

	for (int i = HOURS - 1; i >= 0 && rc == 0; i--)
		rc = add_count(a, hours, "hour", now_ms - i * HOUR_MS, 13, err);
	for (int i = DAYS - 1; i >= 0 && rc == 0; i--)
		rc = add_count(a, days, "day", now_ms - i * 24 * HOUR_MS, 10, err);
	if (rc == 0)
		rc = add_stored(a, now_ms, &stored, &since_ms, err);
	if (rc == 0)
		rc = add_events(a, events, err);
	if (rc == 0 && (rc = jm_reader_enter(a, &c, err)) == 0) {
		checkpoint_ms = jm_catalog_checkpoint_ms(c);
		jm_reader_leave(a);
	}
	o = json_pack("{s:o,s:o,s:o,s:I,s:I,s:I}", "hours", hours, "days", days, "events", events,
	    "checkpoint_ms", (json_int_t)checkpoint_ms, "stored_bytes", stored, "stored_since_ms",
	    (json_int_t)since_ms);
	if (rc == 0 && !o)
		rc = jm_err_set(err, JM_E_TEMP, "no memory for the history");
	if (rc < 0)
		json_decref(o);
	else
		*recent_r = o;
	return rc;
}
