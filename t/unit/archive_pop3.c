/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The marks of fetched messages, durable with the message and forgotten on request, and how a
 * mailbox was left: the same after a restart and from a catalog made anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/archive/deposit.h"
#include "common/archive/marks.h"
#include "common/archive/tally.h"
#include "common/catalog/catalog.h"
#include "common/query/archive_status.h"
#include "common/query/mark_list.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

static int add_mark(void *ctx, const struct jm_archived_mark *mark, struct jm_err *err)
{
	return jm_buf_printf(ctx, err, "%.*s:%llu ", (int)mark->uidl.len,
	    (const char *)mark->uidl.p, (unsigned long long)mark->size_bytes);
}

static void marks_are(
    struct jm_archive *a, const char *mailbox, const char *want, const char *claim)
{
	struct jm_buf b;
	struct jm_err err;

	jm_buf_init(&b, 1 << 24);
	if (jm_archive_pop3_marks(a, mailbox, add_mark, &b, &err) != 0)
		tap_diag("%s", err.text);
	tap_is_str(jm_buf_str(&b), want, "%s", claim);
	jm_buf_release(&b);
}

static int first_seq(void *ctx, const struct jm_archived_mark *mark, struct jm_err *err)
{
	uint64_t *seq = ctx;

	(void)err;
	*seq = mark->seq;
	return 1;
}

/* The mark's report has the bytes a, and no other ones. */
static void check_bytes(struct jm_archive *a, const char *when)
{
	static const char *const texts[] = { "Subject: a\r\n\r\na\r\n", "Subject: a\r\n\r\nb\r\n" };
	unsigned char sha256[JM_SHA256_BYTES];
	bool same[3] = { false, true, true };
	uint64_t seq = 0;
	struct jm_err err;
	int rc = jm_archive_pop3_marks(a, "j@other", first_seq, &seq, &err);

	for (size_t i = 0; i < 3; i++)
		rc |= jm_sha256_of(jm_span_str(texts[i == 1]), sha256, &err) |
		    jm_archive_mark_is(a, i < 2 ? seq : 99999, sha256, &same[i], &err);
	tap_ok(rc == 0 && same[0] && !same[1] && !same[2],
	    "a mark is compared by its report's bytes, %s", when);
}

static bool deposit(struct jm_archive *a, const char *text, const char *mailbox, const char *uidl,
    uint64_t size_bytes)
{
	struct jm_unwrap_options options = { .journal_domains = (const char *const[]){
						 "journal.example.com", NULL } };
	struct jm_deposit d = { .received = jm_span_str(text) };
	struct jm_unwrap u;
	struct jm_receipt r;
	struct jm_err err;
	int rc;

	if (jm_unwrap(d.received, &options, &u, &err) != 0)
		return false;
	d.unwrap = &u;
	d.arrival = (struct jm_arrival){ .transport = "pop3",
		.service = "j@journal.example.com",
		.pop3_mailbox = mailbox,
		.pop3_uidl = uidl,
		.pop3_size_bytes = size_bytes };
	rc = jm_archive_deposit(a, &d, &r, &err);
	jm_unwrap_release(&u);
	return rc == 0;
}

static void row_is(struct jm_archive *a, const char *service, json_int_t success_ms,
    json_int_t queue, const char *claim)
{
	json_t *row = NULL;
	struct jm_err err;
	int rc = jm_archive_service(a, service, &row, &err);

	tap_ok(rc == 1 && json_integer_value(json_object_get(row, "extract_ms")) == success_ms &&
		json_integer_value(json_object_get(row, "mailbox_queue")) == queue &&
		json_integer_value(json_object_get(row, "mailbox_unretrievable")) == queue / 3 &&
		json_integer_value(json_object_get(row, "mailbox_unretrievable_since_ms")) ==
		    (queue ? 1000000000456 : 0),
	    "%s", claim);
	json_decref(row);
}

/* The last extract of a service. last: NULL when it is its last message. */
static void status_is(
    struct jm_archive *a, const char *service, const char *last, const char *claim)
{
	json_t *status = NULL, *row;
	const char *got = NULL;
	struct jm_err err;
	size_t i;

	if (jm_archive_status(a, &status, &err) != 0)
		tap_diag("%s", err.text);
	json_array_foreach(json_object_get(status, "services"), i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), service) == 0) {
			got = json_string_value(json_object_get(row, "last_extract"));
			last = last ? last : json_string_value(json_object_get(row, "last"));
		}
	tap_is_str(got, last, "%s", claim);
	json_decref(status);
}

static void check_all(struct jm_archive *a, const char *when)
{
	char claim[100], problem[200];

	snprintf(claim, sizeof claim, "marks of one mailbox, %s", when);
	marks_are(a, "j@pop", "A:10 B:20 D!~:5 ", claim);
	snprintf(claim, sizeof claim, "marks of the other, %s", when);
	marks_are(a, "j@other", "A:30 ", claim);
	snprintf(claim, sizeof claim, "how a mailbox was left, %s", when);
	row_is(a, "j@journal.example.com", 1000000000123, 7, claim);
	check_bytes(a, when);
	snprintf(claim, sizeof claim, "and one without any message, %s", when);
	row_is(a, "empty@journal.example.com", 1000000000000, 0, claim);
	snprintf(claim, sizeof claim, "the status tells when, %s", when);
	status_is(a, "j@journal.example.com", NULL, claim);
	snprintf(claim, sizeof claim, "an empty mailbox that was read is an extract, %s", when);
	status_is(a, "empty@journal.example.com", "2001-09-09T01:46:40.000Z", claim);
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing, %s (%s)", when, problem);
}

/* More than a page and more than a record of ids. */
static void check_many(struct jm_archive *a)
{
	struct jm_span *ids = calloc(6000, sizeof *ids);
	char(*text)[12] = calloc(6000, sizeof *text);
	struct jm_err err;
	bool ok = true;

	if (!ids || !text)
		abort();
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(text[i], sizeof text[i], "%08u", i);
		ids[i] = jm_span_str(text[i]);
	}
	for (unsigned i = 0; i < 200; i++)
		ok = ok && deposit(a, "Subject: x\r\n\r\nsame\r\n", "many", text[i], 1);
	tap_ok(ok, "200 more");
	tap_is_int(jm_archive_pop3_forget(a, "many", ids + 1, 5999, &err), 0,
	    "6,000 ids are forgotten, most of them unknown");
	marks_are(a, "many", "00000000:1 ", "one is left");
	free(ids);
	free(text);
}

int main(void)
{
	const char *dir = tap_folder();
	struct jm_span gone = jm_span_str("C");
	struct jm_archive *a = t_open(dir, 0);
	json_t *row = NULL;
	struct jm_err err;
	char path[300];

	if (!tap_ok(a != NULL, "open"))
		return tap_done();
	tap_ok(deposit(a, "Subject: a\r\n\r\na\r\n", "j@pop", "A", 10) &&
		deposit(a, "Subject: b\r\n\r\nb\r\n", "j@pop", "B", 20) &&
		deposit(a, "Subject: c\r\n\r\nc\r\n", "j@pop", "C", 30) &&
		deposit(a, "Subject: a\r\n\r\na\r\n", "j@other", "A", 30),
	    "deposits with ids");
	tap_ok(deposit(a, "Subject: d\r\n\r\nd\r\n", "j@pop", NULL, 9), "one without an id");
	tap_ok(deposit(a, "Subject: d\r\n\r\nd\r\n", "j@pop", "D!~", 5), "an id of odd characters");
	tap_is_int(jm_archive_pop3_forget(a, "j@pop", &gone, 1, &err), 0, "forget one");
	tap_ok(jm_archive_service(a, "nobody@journal.example.com", &row, &err) == 0 && !row,
	    "nothing is known of a service that never was");
	tap_is_int(
	    jm_archive_extracted(a,
		&(struct jm_extract){ "j@journal.example.com", 1000000000123, 3, 3, 0, 0 }, &err),
	    0, "a session ends well");
	tap_is_int(
	    jm_archive_extracted(a,
		&(struct jm_extract){ "j@journal.example.com", 0, 7, 7, 2, 1000000000456 }, &err),
	    0, "another fails: the success is not forgotten");
	tap_is_int(
	    jm_archive_extracted(a,
		&(struct jm_extract){ "empty@journal.example.com", 1000000000000, 0, 0, 0, 0 },
		&err),
	    0, "an empty mailbox");
	check_all(a, "at once");
	jm_archive_close(&a);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open again"))
		return tap_done();
	check_all(a, "after a restart");
	jm_archive_close(&a);
	snprintf(path, sizeof path, "%s/catalog", dir);
	jm_catalog_wipe(path);
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open without a catalog"))
		return tap_done();
	check_all(a, "from a catalog made anew");
	check_many(a);
	jm_archive_close(&a);
	return tap_done();
}
