/* SPDX-License-Identifier: BSD-2-Clause */
/* Which reports become one item, that nothing of any of them is dropped, and that each byte string
 * is stored once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/catalog/catalog.h"
#include "common/query/archive_status.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (64u << 20)

static struct jm_archive *a;
static struct jm_buf inner, report, out;

static struct jm_receipt deposit(const struct jm_buf *b, const char *set_aside)
{
	struct jm_receipt r = { 0 };
	struct jm_err err;

	if (t_deposit(a, jm_buf_span(b), "archive@journal.example.com", set_aside, &r, &err) < 0)
		tap_ok(false, "deposit: %s", err.text);
	return r;
}

static json_t *show(uint64_t id)
{
	json_t *item = NULL;
	struct jm_err err;

	if (t_show(a, id, true, &item, &err) < 0)
		tap_ok(false, "show %" PRIu64 ": %s", id, err.text);
	return item;
}

static size_t list_n(struct jm_archive_filter f)
{
	return t_rows(a, &f, &out);
}

static void is_bytes(uint64_t id, enum jm_export_part what, unsigned which,
    const struct jm_buf *want, const char *name)
{
	struct jm_err err = { .kind = JM_E_NONE };
	int rc = t_export(a, id, what, which, &out, &err);

	tap_ok(rc == 0 && jm_span_eq(jm_buf_span(&out), jm_buf_span(want)), "%s is exact (%s)",
	    name, rc < 0 ? err.text : "");
}

static void bifurcation(void)
{
	struct jm_buf first;
	struct jm_receipt one, two, three;
	json_t *item, *list;

	jm_buf_init(&first, CAP);
	t_message(&inner, "bifurcated@x", "split", 1, 20000);
	t_report(&first, "r1", "anna@example.com", "To: bert@example.org\r\nCc: carl@example.org",
	    jm_buf_span(&inner), false);
	one = deposit(&first, NULL);
	t_report(&report, "r2", "anna@example.com",
	    "To: BERT@example.org\r\nBcc: dora@example.org, Expanded: list@example.org",
	    jm_buf_span(&inner), false);
	two = deposit(&report, NULL);
	three = deposit(&report, NULL);
	item = show(one.seq);
	list = json_object_get(item, "recipients");
	tap_is_int((long long)json_array_size(list), 3,
	    "three reports, one item: union of the recipients");
	tap_is_int((long long)json_array_size(json_object_get(item, "reports")), 3,
	    "three reports, also the one that came twice");
	tap_is_int((long long)json_array_size(json_object_get(item, "contents")), 1, "one content");
	tap_is_int((long long)json_array_size(json_object_get(json_array_get(list, 0), "reports")),
	    3, "the first recipient was named by all three");
	tap_is_str(json_string_value(json_object_get(
		       json_array_get(json_object_get(json_array_get(list, 2), "reports"), 0),
		       "expanded_from")),
	    "list@example.org", "and each naming keeps its origin");
	json_decref(item);
	tap_ok(two.stored_bytes < 4000,
	    "the second report does not store the message again: %" PRIu64 " bytes",
	    two.stored_bytes);
	tap_ok(
	    three.stored_bytes < 4000, "nor does the third: %" PRIu64 " bytes", three.stored_bytes);
	is_bytes(one.seq, JM_EXPORT_REPORT, 0, &first, "report 1");
	is_bytes(one.seq, JM_EXPORT_REPORT, 1, &report, "report 2, rebuilt");
	is_bytes(one.seq, JM_EXPORT_REPORT, 2, &report, "report 3, rebuilt from a rebuilt one");
	is_bytes(one.seq, JM_EXPORT_MESSAGE, 0, &inner, "message");
	tap_is_int((long long)list_n((struct jm_archive_filter){ 0 }), 1, "list has one item");
	tap_ok(strstr(jm_buf_str(&out), "\"recipients\":3,\"reports\":3,\"contents\":1") != NULL,
	    "with the right counts: %s", jm_buf_str(&out));
	jm_buf_release(&first);
}

static void not_merged(void)
{
	struct jm_receipt one, two;
	struct jm_buf other;

	jm_buf_init(&other, CAP);
	t_message(&inner, "same-id@x", "one", 2, 3000);
	t_message(&other, "same-id@x", "one", 3, 3000);
	one = deposit(&inner, NULL);
	two = deposit(&other, NULL);
	tap_is_int((long long)list_n((struct jm_archive_filter){ .message_id = "<same-id@x>" }), 2,
	    "one Message-ID, two different messages: two items");
	is_bytes(one.seq, JM_EXPORT_MESSAGE, 0, &inner, "the first");
	is_bytes(two.seq, JM_EXPORT_MESSAGE, 0, &other, "the second");
	t_message(&inner, NULL, "none", 4, 3000);
	t_message(&other, NULL, "none", 5, 3000);
	one = deposit(&inner, NULL);
	two = deposit(&other, NULL);
	is_bytes(one.seq, JM_EXPORT_MESSAGE, 0, &inner, "without Message-ID, the first");
	is_bytes(two.seq, JM_EXPORT_MESSAGE, 0, &other, "without Message-ID, the second");
	jm_buf_release(&other);
}

/* The same message with one more transport header: same item, both byte strings kept. */
static void two_contents(void)
{
	struct jm_buf plain, more;
	struct jm_receipt one;
	struct jm_err err;
	json_t *item;

	jm_buf_init(&plain, CAP);
	jm_buf_init(&more, CAP);
	t_message(&plain, "two-contents@x", "t", 6, 5000);
	tap_ok(jm_buf_printf(&more, &err,
		   "Received: from a by b\r\nX-MS-Exchange-Organization-BCC: secret@x\r\n") == 0 &&
		jm_buf_add_span(&more, jm_buf_span(&plain), &err) == 0,
	    "a copy with more header");
	t_report(
	    &report, "c1", "anna@example.com", "To: bert@example.org", jm_buf_span(&plain), false);
	one = deposit(&report, NULL);
	t_report(
	    &report, "c2", "anna@example.com", "To: carl@example.org", jm_buf_span(&more), true);
	(void)deposit(&report, NULL);
	item = show(one.seq);
	tap_is_int((long long)json_array_size(json_object_get(item, "contents")), 2,
	    "two contents of one item");
	tap_is_int((long long)json_array_size(json_object_get(item, "recipients")), 2,
	    "recipients of both");
	json_decref(item);
	is_bytes(one.seq, JM_EXPORT_MESSAGE, 0, &plain, "content 1");
	is_bytes(one.seq, JM_EXPORT_RAW, 1, &more, "content 2 before the removal, from base64");
	is_bytes(one.seq, JM_EXPORT_REPORT, 1, &report, "the report with base64");
	tap_ok(t_export(a, one.seq, JM_EXPORT_MESSAGE, 1, &out, &err) == 0 &&
		out.len == more.len - strlen("X-MS-Exchange-Organization-BCC: secret@x\r\n"),
	    "content 2 after the removal");
	tap_ok(
	    t_export(a, one.seq, JM_EXPORT_MESSAGE, 2, &out, &err) < 0 && err.kind == JM_E_NOTFOUND,
	    "there is no third: %s", err.text);
	/* The content that came in base64 comes again as it is: it is held by the first. */
	t_report(
	    &report, "c3", "anna@example.com", "To: emil@example.org", jm_buf_span(&more), false);
	tap_ok(deposit(&report, NULL).stored_bytes < 4000,
	    "a content held in base64 is not stored again");
	is_bytes(one.seq, JM_EXPORT_REPORT, 2, &report, "and its report is rebuilt");
	/* A message stored as itself, then as content. */
	jm_buf_release(&plain);
	jm_buf_release(&more);
}

static void set_aside(void)
{
	size_t before = list_n((struct jm_archive_filter){ 0 });
	struct jm_receipt one, two;
	json_t *item;

	t_message(&inner, "aside@x", "a", 7, 3000);
	one = deposit(&inner, "too old");
	tap_is_int((long long)list_n((struct jm_archive_filter){ .set_aside = true }), 1,
	    "one is set aside");
	tap_ok(strstr(jm_buf_str(&out), "\"set_aside\":\"too old\"") != NULL, "with its reason");
	tap_is_int((long long)list_n((struct jm_archive_filter){ 0 }), (long long)before,
	    "and is no item of the list");
	is_bytes(one.seq, JM_EXPORT_REPORT, 0, &inner, "it is kept whole");
	two = deposit(&inner, NULL);
	tap_is_int((long long)list_n((struct jm_archive_filter){ 0 }), (long long)before + 1,
	    "the same message archived later is an item of its own");
	item = show(two.seq);
	tap_is_int(
	    (long long)json_array_size(json_object_get(item, "reports")), 1, "with one report");
	json_decref(item);
}

static void filters(void)
{
	struct jm_archive_filter f = { .limit = 2 };
	struct jm_buf all;

	jm_buf_init(&all, CAP);
	tap_is_int((long long)list_n(
		       (struct jm_archive_filter){ .address = "DORA@example.org", .bcc = true }),
	    1, "by a recipient, in any letter case");
	tap_is_int((long long)list_n((struct jm_archive_filter){ .address = "dora@example" }), 0,
	    "not by a part of one");
	tap_is_int((long long)list_n((struct jm_archive_filter){
		       .address = "dora@example.org", .bcc = true, .message_id = "bifurcated@x" }),
	    1, "by both");
	tap_is_int(
	    (long long)list_n((struct jm_archive_filter){ .service = "other@journal.example.com" }),
	    0, "by service");
	tap_is_int(
	    (long long)list_n((struct jm_archive_filter){ .since_ms = jm_clock_now_ms() + 60000 }),
	    0, "none after now");
	tap_is_int(
	    (long long)list_n((struct jm_archive_filter){ .until_ms = jm_clock_now_ms() + 60000 }),
	    (long long)list_n((struct jm_archive_filter){ 0 }), "all before");
	tap_is_int((long long)list_n(f), 2, "limit");
	tap_ok(t_list(a, &(struct jm_archive_filter){ .reverse = true, .limit = 1 }, &all),
	    "newest first");
	tap_ok(t_list(a, &(struct jm_archive_filter){ 0 }, &out) && out.len > all.len &&
		memcmp(out.p + out.len - all.len, all.p, all.len) == 0,
	    "is the last of the others");
	jm_buf_release(&all);
}

/* The last object's id of what t_list() wrote. */
static uint64_t last_id(void)
{
	const char *p = strrchr(jm_buf_str(&out), '{');
	json_t *row = p ? json_loads(p, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	uint64_t id = (uint64_t)json_integer_value(json_object_get(row, "id"));

	json_decref(row);
	return id;
}

/* One by one through all items by date, from the place after the one before: what comes is what
 * one list has. */
static void pages_by_date(bool reverse)
{
	const int64_t end = jm_clock_now_ms() + 60000;
	struct jm_archive_filter f = { .since_ms = 1, .until_ms = end, .reverse = reverse };
	struct jm_buf whole, paged;
	struct jm_err err;

	jm_buf_init(&whole, CAP);
	jm_buf_init(&paged, CAP);
	(void)list_n(f);
	if (jm_buf_add_span(&whole, jm_buf_span(&out), &err) < 0)
		exit(1);
	for (f.limit = 1; list_n(f) == 1; f.after_id = last_id())
		if (jm_buf_add_span(&paged, jm_buf_span(&out), &err) < 0)
			exit(1);
	tap_ok(whole.len > 1000 && jm_span_eq(jm_buf_span(&whole), jm_buf_span(&paged)),
	    "by date, %s, in pages of one", reverse ? "backward" : "forward");
	jm_buf_release(&whole);
	jm_buf_release(&paged);
}

static void dates(void)
{
	struct jm_archive_filter all = { .limit = 0 }, f = { .since_ms = 1 };
	size_t n = list_n(all);
	json_t *item;
	int64_t ms;

	pages_by_date(false);
	pages_by_date(true);
	(void)list_n((struct jm_archive_filter){ .limit = 3 });
	item = show(last_id());
	if (jm_clock_parse(json_string_value(json_object_get(item, "time")), &ms) < 0)
		tap_ok(false, "the third item has a time");
	tap_ok(list_n((struct jm_archive_filter){ .since_ms = ms }) +
			list_n((struct jm_archive_filter){ .until_ms = ms }) ==
		    n &&
		list_n((struct jm_archive_filter){ .until_ms = ms }) >= 1,
	    "what was before a moment and what was since make all");
	json_decref(item);
	/* The number of a record that is no item's: as if the item to continue after were gone.
	 */
	(void)list_n((struct jm_archive_filter){ .set_aside = true });
	f.after_id = last_id();
	all.after_id = f.after_id;
	tap_ok(f.after_id > 0 && list_n(f) == list_n(all) && list_n(all) < n,
	    "behind an item that no list has");
	f.after_id = UINT64_MAX / 2;
	tap_is_int((long long)list_n(f), 0, "nothing is behind the last");
	f.reverse = true;
	tap_is_int((long long)list_n(f), (long long)n, "and all before it");
}

static void large(void)
{
	struct jm_receipt one;

	t_message(&inner, "large@x", "l", 8, 5u << 20);
	t_report(
	    &report, "l1", "anna@example.com", "To: bert@example.org", jm_buf_span(&inner), false);
	one = deposit(&report, NULL);
	is_bytes(one.seq, JM_EXPORT_REPORT, 0, &report, "a report of 5 MB");
	is_bytes(one.seq, JM_EXPORT_MESSAGE, 0, &inner, "its message");
	t_report(
	    &report, "l2", "anna@example.com", "To: carl@example.org", jm_buf_span(&inner), false);
	tap_ok(deposit(&report, NULL).stored_bytes < 4000, "its second report is small");
	is_bytes(one.seq, JM_EXPORT_REPORT, 1, &report, "and rebuilt");
	jm_buf_reset(&report);
	one = deposit(&report, NULL);
	is_bytes(one.seq, JM_EXPORT_REPORT, 0, &report, "no byte at all");
	one = deposit(&report, NULL);
	is_bytes(one.seq - 1, JM_EXPORT_MESSAGE, 0, &report, "no byte at all, twice");
}

static void events(void)
{
	struct jm_err err;
	json_t *status = NULL;
	int ok = 0;

	for (int i = 0; i < 5; i++)
		ok += jm_archive_note(a,
			  &(struct jm_event){ .time_ms = jm_clock_now_ms(),
			      .kind = "refused",
			      .service = "s@x",
			      .actor = "192.0.2.9",
			      .text = "client address" },
			  &err) == 0;
	tap_is_int(ok, 5, "five events");
	t_message(&inner, "events@x", "e", 9, 100);
	(void)deposit(&inner, NULL);
	tap_ok(jm_archive_status(a, &status, &err) == 0, "status");
	tap_is_int(
	    json_integer_value(json_object_get(
		json_object_get(json_object_get(status, "events_by_kind"), "refused"), "count")),
	    5, "counts them");
	tap_is_str(json_string_value(json_object_get(status, "state")), "ok", "state");
	tap_is_int(
	    (long long)json_array_size(json_object_get(status, "services")), 1, "one service");
	json_decref(status);
}

static void rebuild(const char *dir)
{
	struct jm_buf before;
	char path[600], problem[200];

	jm_buf_init(&before, CAP);
	tap_ok(t_list(a, NULL, &before), "list");
	jm_archive_close(&a);
	snprintf(path, sizeof path, "%s/catalog", dir);
	jm_catalog_wipe(path);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open without a catalog"))
		exit(tap_done());
	tap_ok(t_list(a, NULL, &out) && jm_span_eq(jm_buf_span(&before), jm_buf_span(&out)),
	    "the list is byte-equal after a rebuild");
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_buf_release(&before);
}

int main(void)
{
	const char *dir = tap_folder();

	jm_buf_init(&inner, CAP);
	jm_buf_init(&report, CAP);
	jm_buf_init(&out, CAP);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open"))
		return tap_done();
	bifurcation();
	not_merged();
	two_contents();
	set_aside();
	filters();
	dates();
	large();
	events();
	rebuild(dir);
	jm_archive_close(&a);
	jm_buf_release(&inner);
	jm_buf_release(&report);
	jm_buf_release(&out);
	return tap_done();
}
