/* SPDX-License-Identifier: BSD-2-Clause */
/* jmctl status --days: the counts of each day, so that a day without mail is visible. */
#include "milter/ctl/ask/status_days.h"

#include <string.h>

#include "common/base/clock.h"
#include "milter/ctl/cli/print.h"

#define DAY_MS INT64_C(86400000)

static const struct {
	const char *key, *head;
} columns[] = { { "received", "RECEIVED" }, { "items", "ARCHIVED" }, { "merged", "MERGED" },
	{ "set_aside", "ASIDE" }, { "queued", "QUEUED" }, { "refused", "REFUSED" },
	{ "deferred", "DEFERRED" } };
#define COLUMNS (sizeof columns / sizeof columns[0])

static const char *day_of(const json_t *row)
{
	const char *day = json_string_value(json_object_get(row, "day"));

	return day ? day : "";
}

/* row: NULL when nothing is known of this day. */
static void put_day(const char *day, const json_t *row)
{
	char digits[JM_PRINT_COUNT_TEXT];
	bool none = json_integer_value(json_object_get(row, "reports")) == 0;

	jm_print(stdout, "%s", day);
	for (size_t i = 0; i < COLUMNS; i++)
		jm_print(stdout, "  %9s",
		    jm_print_count(
			json_integer_value(json_object_get(row, columns[i].key)), digits));
	if (none) {
		fputs("  ", stdout);
		jm_print_style(stdout, JM_PRINT_WAIT);
		fputs("no report", stdout);
		jm_print_style(stdout, JM_PRINT_PLAIN);
	}
	putchar('\n');
}

void jm_status_print_days(const json_t *status)
{
	const json_t *days = json_object_get(status, "days"), *row = json_array_get(days, 0);
	size_t i = 0, all = 0, empty = 0;
	char day[JM_CLOCK_TEXT_BYTES];
	int64_t ms, end_ms;

	if (!row || jm_clock_parse(day_of(row), &ms) != 0) {
		puts("no day has a report yet");
		return;
	}
	jm_print_style(stdout, JM_PRINT_BOLD);
	jm_print(stdout, "%-10s", "DAY (UTC)");
	for (size_t k = 0; k < COLUMNS; k++)
		jm_print(stdout, "  %9s", columns[k].head);
	jm_print_style(stdout, JM_PRINT_PLAIN);
	putchar('\n');
	/* Until today, or until the last day of the archive when that is in the future. */
	row = json_array_get(days, json_array_size(days) - 1);
	if (jm_clock_parse(day_of(row), &end_ms) != 0 || end_ms < jm_clock_now_ms())
		end_ms = jm_clock_now_ms();
	for (; ms <= end_ms; ms += DAY_MS) {
		bool has;

		(void)jm_clock_format(ms, day);
		day[10] = '\0';
		row = json_array_get(days, i);
		has = row && strcmp(day_of(row), day) == 0;
		put_day(day, has ? row : NULL);
		empty += !has || json_integer_value(json_object_get(row, "reports")) == 0;
		all++;
		i += has;
	}
	jm_print(
	    stdout, "%zu day%s, %zu of them without a report\n", all, all == 1 ? "" : "s", empty);
}
