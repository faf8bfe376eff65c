/* SPDX-License-Identifier: BSD-2-Clause */
/* The processing queue in the archive: every transition, what a restart and a catalog made anew say
 * of it, and faults at every write. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/archive/change.h"
#include "common/archive/deposit.h"
#include "common/archive/match.h"
#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/catalog/apply_change.h"
#include "common/catalog/catalog.h"
#include "common/catalog/count.h"
#include "common/query/archive_status.h"
#include "common/query/event_list.h"
#include "common/query/item.h"
#include "common/query/search.h"
#include "common/query/waiting.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CAP (1u << 20)
#define SERVICE "archive@journal.example.com"

static char dir[600];
static struct jm_archive *a;
static struct jm_err err;

static const char *const operations[] = { "write", "sync" };

static long long count_of(const char *key)
{
	json_t *s = NULL;
	long long n;

	if (jm_archive_status(a, &s, &err) < 0)
		return -1;
	if (strcmp(key, "balance") == 0)
		n = json_is_true(json_object_get(json_object_get(s, "balance"), "holds"));
	else
		n = json_integer_value(json_object_get(s, key));
	json_decref(s);
	return n;
}

/* received/items/merged/set aside/queued/expired */
static bool counts_are(long long received, long long items, long long merged, long long aside,
    long long queued, long long expired)
{
	const long long is[] = { count_of("received"), count_of("items"), count_of("merged"),
		count_of("set_aside"), count_of("queued"), count_of("expired") };
	const long long want[] = { received, items, merged, aside, queued, expired };
	bool ok = true;

	for (int i = 0; i < 6; i++)
		if (is[i] != want[i]) {
			tap_diag("count %d is %lld, not %lld", i, is[i], want[i]);
			ok = false;
		}
	return ok && count_of("balance") == 1;
}

/* A report of message n, with recipient r@example.com. mode: 0 at once, 1 wait, 2 wait unless
 * matched. set_aside may be NULL. */
static uint64_t put(int n, const char *r, int mode, int64_t due_ms, const char *set_aside)
{
	static int reports;
	struct jm_buf message, inner, report;
	const char *rcpt[] = { SERVICE, NULL };
	char id[80], line[120], number[40];
	struct jm_unwrap_options o = { .remove_journal_headers = true };
	struct jm_receipt receipt = { .seq = 0 };
	struct jm_unwrap u;

	jm_buf_init(&message, CAP);
	jm_buf_init(&inner, CAP);
	jm_buf_init(&report, CAP);
	snprintf(id, sizeof id, "<%d@example.com>", n);
	snprintf(line, sizeof line, "To: %s@example.com", r);
	snprintf(number, sizeof number, "r%d", ++reports);
	t_message(&message, id, "subject", (unsigned)n, 300);
	/* Other bytes, the same message: Exchange adds its headers, too. */
	if ((mode == 2 && jm_buf_printf(&inner, &err, "Received: from mx%d\r\n", reports) < 0) ||
	    jm_buf_add_span(&inner, jm_buf_span(&message), &err) < 0)
		abort();
	t_report(&report, number, "alice@example.com", line, jm_buf_span(&inner), false);
	if (jm_unwrap(jm_buf_span(&report), &o, &u, &err) < 0)
		abort();
	if (jm_archive_deposit(a,
		&(struct jm_deposit){ .arrival = { .transport = "smtp",
					  .service = SERVICE,
					  .rcpt_to = rcpt,
					  .received_ms = jm_clock_now_ms() },
		    .received = jm_buf_span(&report),
		    .unwrap = &u,
		    .set_aside = set_aside,
		    .due_ms = mode ? due_ms : 0,
		    .match_first = mode == 2 },
		&receipt, &err) < 0) {
		tap_diag("deposit: %s", err.text);
		receipt.seq = 0;
	}
	jm_unwrap_release(&u);
	jm_buf_release(&message);
	jm_buf_release(&inner);
	jm_buf_release(&report);
	return receipt.seq;
}

static int change(uint64_t seq, enum jm_change_to to)
{
	return jm_archive_change(a, "tester",
	    &(struct jm_change){ .seq = seq,
		.to = to,
		.attempts = 1,
		.due_ms = 5000,
		.reason = to == JM_CHANGE_SET_ASIDE ? "poison" : NULL },
	    1, &err);
}

static long long due_at(int64_t now_ms)
{
	struct jm_waiting w[20];
	size_t n = 99;

	return jm_archive_queue_due(a, now_ms, w, 20, &n, &err) < 0 ? 99 : (long long)n;
}

static void reopen(bool anew)
{
	char path[700];

	jm_archive_close(&a);
	if (anew) {
		snprintf(path, sizeof path, "%s/catalog", dir);
		jm_catalog_wipe(path);
	}
	a = t_open(dir, 0);
	if (!a)
		exit(tap_done());
}

static long long reports_of(uint64_t id)
{
	json_t *item = NULL;
	long long n;

	if (t_show(a, id, true, &item, &err) < 0)
		return -(long long)err.kind;
	n = (long long)json_array_size(json_object_get(item, "reports"));
	json_decref(item);
	return n;
}

/* How many items the index leads to. */
static long long with_address(const char *address, bool aside)
{
	struct jm_buf b;
	long long n;

	jm_buf_init(&b, CAP);
	n = (long long)t_rows(a,
	    &(struct jm_archive_filter){ .address = address, .set_aside = aside, .bcc = true }, &b);
	jm_buf_release(&b);
	return n;
}

static void test_wait_and_archive(void)
{
	uint64_t seq = put(1, "bob", 1, 1000, NULL);

	tap_ok(seq != 0 && counts_are(1, 0, 0, 0, 1, 0),
	    "a report that has to wait is received and queued");
	tap_is_int(with_address("bob@example.com", false), 0, "no list shows it");
	tap_is_int(reports_of(seq), 1, "show does");
	tap_is_int(due_at(999), 0, "not before");
	tap_is_int(due_at(1000), 1, "but then");
	tap_ok(change(seq, JM_CHANGE_WAIT) == 0 && due_at(4999) == 0 && due_at(5000) == 1,
	    "an attempt moves its time");
	tap_ok(change(seq, JM_CHANGE_EXPIRE) < 0 && err.kind == JM_E_NOTFOUND,
	    "what is queued cannot expire");
	reopen(false);
	tap_ok(due_at(5000) == 1 && counts_are(1, 0, 0, 0, 1, 0), "it still waits after a restart");
	reopen(true);
	tap_ok(due_at(4999) == 0 && due_at(5000) == 1 && counts_are(1, 0, 0, 0, 1, 0),
	    "and in a catalog made anew");
	tap_ok(change(seq, JM_CHANGE_ARCHIVE) == 0 && counts_are(1, 1, 0, 0, 0, 0),
	    "archived on its own");
	tap_is_int(with_address("bob@example.com", false), 1, "now the list shows it");
	tap_is_int(due_at(INT64_MAX), 0, "the queue is empty");
	tap_ok(change(seq, JM_CHANGE_ARCHIVE) < 0 && err.kind == JM_E_NOTFOUND,
	    "it cannot be archived twice");
}

static void test_merge(void)
{
	uint64_t waits = put(2, "carol", 1, 1000, NULL), first = put(2, "dave", 0, 0, NULL), third,
		 item = 0;

	tap_ok(jm_archive_match(a, waits, &item, &err) == 1 && item == first,
	    "the waiting report has a match");
	tap_ok(
	    change(waits, JM_CHANGE_ARCHIVE) == 0 && counts_are(3, 2, 1, 0, 0, 0), "it is merged");
	tap_is_int(reports_of(first), 2, "the item has both reports");
	tap_ok(reports_of(waits) == -(long long)JM_E_NOTFOUND, "there is no second item");
	tap_ok(with_address("carol@example.com", false) == 1 &&
		with_address("alice@example.com", false) == 2,
	    "every address leads to the one item");
	third = put(2, "erin", 2, 1000, NULL);
	tap_ok(third != 0 && counts_are(4, 2, 2, 0, 0, 0), "what matches at once does not wait");
	tap_is_int(reports_of(first), 3, "it is in the item");
	/* Found between the lookup and the change: the key decides when the change is applied. */
	waits = put(3, "bob", 2, 1000, NULL);
	tap_ok(jm_archive_match(a, waits, &item, &err) == 0, "no match yet");
	first = put(3, "carol", 0, 0, NULL);
	tap_ok(change(waits, JM_CHANGE_ARCHIVE) == 0 && reports_of(first) == 2,
	    "a match that comes in between is not missed");
	tap_ok(counts_are(6, 3, 3, 0, 0, 0), "and counted as merged");
}

/* The catalog follows a moment after the acknowledgement; a match must be found in between, too. */
static void test_merge_at_once(void)
{
	int merged = 0, waited = 0;

	for (int n = 100; n < 120; n++) {
		uint64_t first = put(n, "bob", 0, 0, NULL),
			 second = put(n, "carol", 2, INT64_MAX / 2, NULL);
		json_t *row = NULL;

		waited += jm_archive_queue_show(&(struct jm_queue_view){ .a = a, .bcc = true },
			      second, &row, &err) == 0;
		json_decref(row);
		merged += reports_of(first) == 2;
	}
	tap_is_int(waited, 0, "a report right after its item's acknowledgement does not wait");
	tap_is_int(merged, 20, "it is merged");
}

static void test_aside(void)
{
	uint64_t poison = put(4, "frank", 1, 1000, NULL), judged = put(5, "frank", 0, 0, "too old"),
		 dropped = put(6, "frank", 0, 0, "too old"), again;

	tap_ok(change(poison, JM_CHANGE_SET_ASIDE) == 0 && counts_are(9, 3, 3, 3, 0, 0),
	    "set aside out of the queue");
	tap_is_int(with_address("frank@example.com", true), 3, "all that is set aside is listed");
	tap_ok(change(judged, JM_CHANGE_RELEASE) == 0 && counts_are(9, 4, 3, 2, 0, 0),
	    "released: archived");
	tap_is_int(with_address("frank@example.com", false), 1, "it is an item now");
	again = put(5, "grace", 0, 0, NULL);
	tap_ok(again != 0 && reports_of(judged) == 2, "another report of it finds the item");
	tap_ok(change(dropped, JM_CHANGE_EXPIRE) == 0 && counts_are(10, 4, 4, 2, 0, 1),
	    "expired: still set aside, and counted as expired");
	tap_is_int(with_address("frank@example.com", true), 1, "no list shows it");
	tap_is_int(reports_of(dropped), 1, "its record is there");
	tap_ok(change(dropped, JM_CHANGE_RELEASE) < 0, "what expired is not released");
	tap_ok(put(4, "heidi", 0, 0, NULL) != 0 && change(poison, JM_CHANGE_RELEASE) == 0,
	    "released when its item is there by now");
	tap_ok(counts_are(11, 5, 5, 1, 0, 1), "merged into it");
}

static void test_tally(void)
{
	const struct jm_attempts t[] = {
		{ .service = SERVICE,
		    .time_ms = 86400000,
		    .received = 5,
		    .refused = 3,
		    .deferred = 2,
		    .refusal_ms = 86400001,
		    .refusal = "client-address" },
		{ .time_ms = 86400000, .received = 1, .deferred = 1 },
	};
	json_t *now = NULL;

	tap_ok(jm_archive_tally(a, t, 2, &err) == 0 && counts_are(17, 5, 5, 1, 0, 1),
	    "attempts without a message are received too");
	tap_ok(count_of("refused") == 3 && count_of("deferred") == 3,
	    "and counted as refused or deferred");
	tap_ok(jm_archive_tally(
		   a, &(struct jm_attempts){ .service = SERVICE, .received = 1 }, 1, &err) == 0 &&
		count_of("balance") == 0,
	    "a sum that is not accounted for shows");
	tap_ok(jm_archive_standing(a, &now, &err) == 0 &&
		json_is_false(json_object_get(json_object_get(now, "balance"), "holds")),
	    "also in the short status");
	json_decref(now);
	tap_ok(jm_archive_tally(
		   a, &(struct jm_attempts){ .service = SERVICE, .deferred = 1 }, 1, &err) == 0 &&
		count_of("balance") == 1,
	    "until it is");
}

/* How many rows a table has whose keys begin with prefix. The archive must be closed. */
static long long rows_of(enum jm_table t, const char *prefix)
{
	unsigned char at[JM_CATALOG_KEY_MAX];
	struct jm_table_range range = { .table = t, .prefix = jm_span_str(prefix) };
	struct jm_catalog *c = NULL;
	struct jm_page *page = calloc(1, sizeof *page);
	char path[700];
	long long n = 0;

	snprintf(path, sizeof path, "%s/catalog", dir);
	if (!page || jm_catalog_open(path, 1u << 20, &c, &err) < 0)
		abort();
	do {
		if (jm_catalog_page(c, &range, page, &err) < 0)
			abort();
		if (page->n > 0) {
			range.after = jm_span_of(at, page->row[page->n - 1].key_n);
			memcpy(at, page->row[page->n - 1].key, range.after.len);
		}
		n += (long long)page->n;
		jm_page_release(page);
	} while (!jm_span_none(range.after) && page->n > 0);
	jm_catalog_close(&c);
	free(page);
	return n;
}

/* Lists and look-ups pass over rows that lead nowhere; so the tables themselves are checked. */
static void test_left_over(void)
{
	long long aside = count_of("set_aside") - count_of("expired"), queued = count_of("queued"),
		  items = count_of("items");

	jm_archive_close(&a);
	tap_is_int(rows_of(JM_T_SET_ASIDE, ""), aside,
	    "what was released or expired left no row among what is set aside");
	tap_is_int(rows_of(JM_T_QUEUE, ""), 2 * queued, "what left the queue left no row in it");
	tap_is_int(rows_of(JM_T_BY_KEY, ""), items, "each item has one match key");
	reopen(false);
}

/* Hours come and go, days stay; a later tally of an old hour does not create its row again. */
static void test_hours(void)
{
	const int64_t hour_ms = 3600000, begin_ms = INT64_C(1800000000000);
	long long days, received = count_of("received");
	json_t *now = NULL;

	jm_archive_close(&a);
	days = rows_of(JM_T_COUNTERS, "day/");
	reopen(false);
	for (int i = 0; i < 200; i++)
		if (jm_archive_tally(a,
			&(struct jm_attempts){ .service = SERVICE,
			    .time_ms = begin_ms + i * hour_ms,
			    .received = 1,
			    .deferred = 1 },
			1, &err) != 0)
			tap_diag("tally: %s", err.text);
	tap_ok(jm_archive_tally(a,
		   &(struct jm_attempts){
		       .service = SERVICE, .time_ms = begin_ms, .received = 1, .deferred = 1 },
		   1, &err) == 0 &&
		count_of("received") == received + 201 && count_of("balance") == 1,
	    "attempts over 200 hours");
	tap_ok(jm_archive_standing(a, &now, &err) == 0 &&
		json_integer_value(json_object_get(now, "received")) == received + 201 &&
		json_is_true(json_object_get(json_object_get(now, "balance"), "holds")),
	    "the short status has the same sums");
	json_decref(now);
	jm_archive_close(&a);
	tap_is_int(
	    rows_of(JM_T_COUNTERS, "hour/"), JM_COUNT_HOURS, "of the hours the newest are kept");
	tap_is_int(rows_of(JM_T_COUNTERS, "day/") - days, 2 * 9,
	    "of the days all, in all and of the service");
	tap_is_int(rows_of(JM_T_COUNTERS, "hour/2027-01-15T08"), 0, "the first is not there again");
	reopen(false);
}

static int collect(void *ctx, const json_t *o, struct jm_err *e)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = jm_buf_printf(ctx, e, "%s\n", text);

	free(text);
	return rc;
}

/* All answers except those that differ after every start. */
static void ask_all(struct jm_buf *b)
{
	static const char *const passing[] = { "groups", "uuid", "directory" };
	struct jm_buf list;
	json_t *s = NULL;

	jm_buf_reset(b);
	jm_buf_init(&list, CAP);
	for (int i = 0; i < 3; i++) {
		(void)t_list(
		    a, &(struct jm_archive_filter){ .set_aside = i > 0, .expired = i > 1 }, &list);
		if (jm_buf_add(b, list.p, list.len, &err) < 0)
			abort();
	}
	jm_buf_release(&list);
	if (jm_archive_queue(&(struct jm_queue_view){ .a = a, .bcc = true }, collect, b, &err) ==
		0 &&
	    jm_archive_events(a, 0, 0, collect, b, &err) == 0 &&
	    jm_archive_status(a, &s, &err) == 0) {
		for (size_t i = 0; i < 3; i++)
			(void)json_object_del(s, passing[i]);
		(void)collect(b, s, &err);
	}
	json_decref(s);
}

static void test_anew(void)
{
	struct jm_buf before, after;
	char problem[200];

	jm_buf_init(&before, CAP);
	jm_buf_init(&after, CAP);
	ask_all(&before);
	reopen(true);
	ask_all(&after);
	if (!tap_ok(before.len > 1000 && jm_span_eq(jm_buf_span(&before), jm_buf_span(&after)),
		"a catalog made anew gives the same answers"))
		tap_diag("%s\n--\n%s", jm_buf_str(&before), jm_buf_str(&after));
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_buf_release(&before);
	jm_buf_release(&after);
}

/* Print one step: "d" a deposit, "c" a change, "f" a failure. */
static void told(int out, const char *what)
{
	if (write(out, what, 1) != 1)
		_exit(5);
}

/* In a process of its own, where JM_FAULT makes a call fail or ends it: deposits and changes; what
 * fails is tried once more, as a sender and the queue do. */
static void work(int out)
{
	uint64_t seq[4];

	a = t_open(dir, 0);
	if (!a)
		_exit(8);
	for (int i = 0; i < 4; i++) {
		for (int try = 0; try < 2 &&
		     (seq[i] = put(100 + i / 2, i & 1 ? "odd" : "even", 1, 1000, NULL)) == 0;
		     try++)
			told(out, "f");
		if (seq[i] == 0)
			_exit(7);
		told(out, "d");
	}
	for (int i = 0; i < 4; i++) {
		int rc = -1;

		for (int try = 0; try < 2 &&
		     (rc = change(seq[i], i == 3 ? JM_CHANGE_SET_ASIDE : JM_CHANGE_ARCHIVE)) < 0;
		     try++)
			told(out, "f");
		if (rc < 0)
			_exit(6);
		told(out, "c");
	}
	jm_archive_close(&a);
	_exit(0);
}

/* After the death, or the failures: what was acknowledged is there once, and the work can be ended.
 * A step that failed or was under way may have taken effect. */
static bool check_after(int deposits, int changes, int failures)
{
	struct jm_waiting w[20];
	size_t n = 0;
	long long received, settled;

	a = t_open(dir, 0);
	if (!a)
		return false;
	received = count_of("received");
	settled = count_of("items") + count_of("merged") + count_of("set_aside");
	if (received < deposits || received > deposits + 1 + failures || settled < changes ||
	    settled > changes + 1 + failures || count_of("balance") != 1) {
		tap_diag("received %lld of %d, settled %lld of %d, %d failed", received, deposits,
		    settled, changes, failures);
		return false;
	}
	if (jm_archive_queue_due(a, 1000, w, 20, &n, &err) < 0 ||
	    (long long)n != received - settled)
		return false;
	for (size_t i = 0; i < n; i++)
		if (change(w[i].seq, JM_CHANGE_ARCHIVE) < 0)
			return false;
	if (count_of("queued") != 0 || count_of("balance") != 1 || t_verify(a, NULL) != 0 ||
	    count_of("items") + count_of("merged") + count_of("set_aside") != received)
		return false;
	jm_archive_close(&a);
	return true;
}

static void remove_archive(void)
{
	char command[700];

	snprintf(command, sizeof command, "%s", dir);
	if (fork() == 0) {
		(void)execlp("rm", "rm", "-rf", command, (char *)NULL);
		_exit(1);
	}
	(void)wait(NULL);
}

/* Work with a fault. How it ended into *status_r; false when the archive is not as it has to be
 * afterwards. */
static bool work_with(const char *fault, int *status_r, int *failures_r)
{
	int fd[2], deposits = 0, changes = 0;
	char c;

	*failures_r = 0;
	remove_archive();
	if (pipe(fd) != 0)
		abort();
	if (fork() == 0) {
		(void)dup2(fd[1], STDERR_FILENO + 1);
		(void)setenv("JM_FAULT", fault, 1);
		(void)execl("/proc/self/exe", "archive_queue.t", dir, (char *)NULL);
		_exit(9);
	}
	close(fd[1]);
	while (read(fd[0], &c, 1) == 1) {
		deposits += c == 'd';
		changes += c == 'c';
		*failures_r += c == 'f';
	}
	close(fd[0]);
	(void)wait(status_r);
	if (access(dir, F_OK) != 0 || check_after(deposits, changes, *failures_r))
		return true;
	tap_diag("%s: %d deposits, %d changes, %d failures", fault, deposits, changes, *failures_r);
	jm_archive_close(&a);
	return false;
}

/* Killed at each write and sync; calls[op] becomes their number. */
static void test_deaths(int calls[2])
{
	int bad = 0, status = 0, failures;
	char fault[60];

	(void)fflush(stdout);
	for (int op = 0; op < 2; op++)
		for (calls[op] = 0; calls[op] < 60; calls[op]++) {
			snprintf(fault, sizeof fault, "%s:%d:kill", operations[op], calls[op] + 1);
			bad += !work_with(fault, &status, &failures);
			if (WIFEXITED(status))
				break;
		}
	tap_ok(calls[0] + calls[1] > 12, "killed at every write and sync (%d times)",
	    calls[0] + calls[1]);
	tap_is_int(bad, 0, "each time: what was acknowledged is there, once, and can be ended");
}

/* Each of them fails, once or from then on. */
static void test_failures(const int calls[2])
{
	static const struct {
		int op;
		const char *what;
	} faults[] = {
		{ 0, ":EIO" },
		{ 0, "+:ENOSPC" },
		{ 0, ":short" },
		{ 1, ":EIO" },
	};
	int bad = 0, status, failures, failed = 0, runs = 0;

	(void)fflush(stdout);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		for (int nth = 1; nth <= calls[faults[i].op]; nth++, runs++) {
			char fault[60];

			snprintf(fault, sizeof fault, "%s:%d%s", operations[faults[i].op], nth,
			    faults[i].what);
			bad += !work_with(fault, &status, &failures) || !WIFEXITED(status);
			failed += failures > 0 || WEXITSTATUS(status) != 0;
		}
	tap_ok(failed > runs / 2,
	    "writes and syncs failed, once and for good (%d of %d runs met it)", failed, runs);
	tap_is_int(bad, 0, "each time: what was acknowledged is there, once, and can be ended");
}

int main(int argc, char **argv)
{
	int calls[2];

	if (argc > 1) { /* test_deaths() */
		snprintf(dir, sizeof dir, "%s", argv[1]);
		work(STDERR_FILENO + 1);
	}
	snprintf(dir, sizeof dir, "%s/a", tap_folder());
	a = t_open(dir, 0);
	if (!tap_ok(a != NULL, "open a new archive"))
		return tap_done();
	test_wait_and_archive();
	test_merge();
	test_aside();
	test_tally();
	test_left_over();
	test_hours();
	test_anew();
	test_merge_at_once();
	jm_archive_close(&a);
	test_deaths(calls);
	test_failures(calls);
	return tap_done();
}
