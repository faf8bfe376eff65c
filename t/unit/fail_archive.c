/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing, opening and copying an archive while one call after the other fails: what is
 * acknowledged is there afterwards, what is refused is refused as temporary, and nothing is
 * damaged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/archive.h"
#include "common/archive/change.h"
#include "common/archive/marks.h"
#include "common/archive/note.h"
#include "common/archive/ownership.h"
#include "common/archive/tally.h"
#include "common/base/clock.h"
#include "common/query/item_bytes.h"
#include "common/upkeep/copy.h"
#include "common/upkeep/import.h"
#include "common/upkeep/receive.h"
#include "t/lib/deposit.h"
#include "t/lib/failing.h"
#include "t/lib/filled.h"
#include "t/lib/memory.h"
#include "t/lib/tap.h"

#define ACKNOWLEDGED_MAX 4000u

static struct jm_archive *archive;
static char dir[400];
static uint64_t seq[T_FILLED_MARKED + 1];
static struct {
	uint64_t seq;
	unsigned i;
} acknowledged[ACKNOWLEDGED_MAX];
static unsigned acknowledged_n, number = 100;

/* ---- writing ---- */

/* Deposit a message of each kind in turn. */
static int deposit(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	unsigned i = number++;
	uint64_t got;

	(void)out;
	if (t_filled_deposit(archive, *(enum t_filled_kind *)ctx, i, &got, err) != 0)
		return -1;
	if (acknowledged_n < ACKNOWLEDGED_MAX) {
		acknowledged[acknowledged_n].seq = got;
		acknowledged[acknowledged_n++].i = i;
	}
	return 0;
}

static int wait_longer(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	const struct jm_change c = { .seq = seq[T_FILLED_QUEUED],
		.to = JM_CHANGE_WAIT,
		.from = JM_FROM_QUEUE,
		.attempts = 3,
		.due_ms = 4102444800000,
		.reason = "no directory" };

	(void)ctx, (void)out;
	return jm_archive_change(archive, "root", &c, 1, err);
}

static int aside_and_release(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_change c = { .to = JM_CHANGE_RELEASE, .from = JM_FROM_SET_ASIDE };

	(void)ctx, (void)out;
	return t_filled_deposit(archive, T_FILLED_ASIDE, number++, &c.seq, err) == 0
	    ? jm_archive_change(archive, "root", &c, 1, err)
	    : -1;
}

static int queue_and_expire(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_change c[] = { { .to = JM_CHANGE_SET_ASIDE, .reason = "too late" },
		{ .to = JM_CHANGE_EXPIRE } };

	(void)ctx, (void)out;
	if (t_filled_deposit(archive, T_FILLED_QUEUED, number++, &c[0].seq, err) != 0)
		return -1;
	c[1].seq = c[0].seq;
	return jm_archive_change(archive, "root", &c[0], 1, err) == 0
	    ? jm_archive_change(archive, "root", &c[1], 1, err)
	    : -1;
}

static int count(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	const struct jm_attempt_reason reasons[] = { { "greylisted", 2 }, { "too large", 1 } };
	const struct jm_attempts attempts = { .service = T_FILLED_SERVICE,
		.time_ms = jm_clock_now_ms(),
		.received = 3,
		.refused = 3,
		.refusal_ms = jm_clock_now_ms(),
		.refusal = "not yours",
		.reasons = reasons,
		.reasons_n = 2 };
	const struct jm_extract x = { .service = T_FILLED_SERVICE,
		.success_ms = jm_clock_now_ms(),
		.queue = 3,
		.waiting = 1,
		.unretrievable = 1,
		.unretrievable_since_ms = 1 };

	(void)ctx, (void)out;
	return jm_archive_tally(archive, &attempts, 1, err) == 0
	    ? jm_archive_extracted(archive, &x, err)
	    : -1;
}

static int note(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	const struct jm_domain_change c = { "example.net", JM_DOMAIN_FAILED, "code", "no record" };
	const struct jm_span uidl[] = { jm_span_str("one"), jm_span_str("two") };
	const struct jm_event e = { .time_ms = jm_clock_now_ms(),
		.kind = "status",
		.service = T_FILLED_SERVICE,
		.actor = "daemon",
		.text = "well",
		.status = "OK",
		.cure = "none",
		.item = 1 };

	(void)ctx, (void)out;
	if (jm_archive_domain(archive, "root", &c, err) != 0 ||
	    jm_archive_pop3_forget(archive, T_FILLED_MAILBOX, uidl, 2, err) != 0)
		return -1;
	return jm_archive_note(archive, &e, err);
}

static int import(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	const struct jm_import how = { .service = T_FILLED_SERVICE };
	struct jm_imported done;
	char text[200];

	(void)ctx, (void)out;
	snprintf(text, sizeof text, "From: a@example.com\r\nMessage-ID: <i%u@x>\r\n\r\nhello\r\n",
	    number++);
	return jm_archive_import(archive, &how, jm_span_str(text), &done, err) == 0
	    ? jm_archive_import(archive, &how, jm_span_str(text), &done, err)
	    : -1;
}

static void test_writing(void)
{
	static enum t_filled_kind kinds[] = { T_FILLED_PLAIN, T_FILLED_REPORT, T_FILLED_QUEUED,
		T_FILLED_MARKED };
	static const struct t_trial trials[] = {
		{ .name = "deposit of a message", .run = deposit, .ctx = &kinds[0] },
		{ .name = "deposit of a report", .run = deposit, .ctx = &kinds[1] },
		{ .name = "deposit into the queue", .run = deposit, .ctx = &kinds[2] },
		{ .name = "deposit from a mailbox", .run = deposit, .ctx = &kinds[3] },
		{ .name = "waiting", .run = wait_longer },
		{ .name = "release", .run = aside_and_release },
		{ .name = "expiry", .run = queue_and_expire },
		{ .name = "counting", .run = count },
		{ .name = "notes", .run = note },
		{ .name = "import", .run = import },
	};

	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
		for (int all = 0; all < 2; all++)
			for (int k = 0; k < T_FAILINGS; k += 2) {
				struct t_trial t = trials[i];

				if (all == 1 && (i > 1 || k != T_FAIL_MEMORY))
					continue;
				t.failing = (enum t_failing)k;
				t.own_result = true;
				t.grows = true;
				t.all_threads = all == 1;
				t.every = all == 1 ? 25 : 1;
				t_fail_each(&t);
				t_filled_wait(archive);
			}
}

static void check(const char *when)
{
	struct jm_buf got;
	struct jm_err err;
	char problem[200], id[40];
	unsigned missing = 0;

	jm_buf_init(&got, 1u << 20);
	for (unsigned i = 0; i < acknowledged_n; i++) {
		snprintf(id, sizeof id, "Message-ID: <filled%u@x>", acknowledged[i].i);
		missing += t_export(archive, acknowledged[i].seq, JM_EXPORT_REPORT, 0, &got,
			       &err) != 0 ||
		    !strstr(jm_buf_str(&got), id);
	}
	jm_buf_release(&got);
	tap_is_int(
	    missing, 0, "%s: all of %u acknowledged reports are there", when, acknowledged_n);
	tap_is_int(t_verify(archive, problem), 0, "%s: nothing is wrong (%s)", when, problem);
}

/* ---- opening ---- */

#ifndef JM_T_MEMORY_IS_THEIRS
static int discard(void *ctx, const json_t *o, struct jm_err *err)
{
	(void)ctx, (void)o, (void)err;
	return 0;
}

static int open_and_list(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_archive *a = NULL;
	int rc;

	if (jm_archive_open(&(struct jm_archive_options){ .dir = ctx,
				.verbatim = true,
				.rebuild = strstr(ctx, "rebuilt") != NULL,
				.damage = discard },
		&a, err) != 0)
		return -1;
	t_filled_wait(a);
	rc = t_list(a, NULL, out) ? 0 : jm_err_set(err, JM_E_TEMP, "the list");
	jm_archive_close(&a);
	return rc;
}

static void test_opening(const char *name)
{
	struct t_trial t = { .name = name, .run = open_and_list, .every = 3, .own_result = true };
	uint64_t ignored[T_FILLED_MARKED + 1];
	struct jm_archive *a;
	char where[500], problem[200];

	snprintf(where, sizeof where, "%s/%s", tap_folder(), name);
	if (!(a = t_open(where, 6000)))
		exit(1);
	t_fill(a, ignored);
	jm_archive_close(&a);
	t.ctx = where;
	for (int i = 0; i < T_FAILINGS; i++) {
		t.failing = (enum t_failing)i;
		t_fail_each(&t);
	}
	a = t_open(where, 6000);
	tap_ok(a && t_verify(a, problem) == 0, "%s: nothing is wrong afterwards", name);
	jm_archive_close(&a);
}

#endif

/* ---- copies ---- */

static int copy(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_receiver r = { .bytes = 0 };
	char to[500];
	int rc = -1;

	(void)ctx;
	snprintf(to, sizeof to, "%s/copy%u", tap_folder(), number++);
	if (jm_receive_into(&r, to, err) == 0 &&
	    jm_archive_copy(archive, NULL, jm_receive_object, jm_receive_bytes, &r, err) == 0 &&
	    jm_receive_finish(&r, err) == 0)
		rc = jm_buf_printf(out, err, "%llu bytes, %llu", (unsigned long long)r.bytes,
		    (unsigned long long)r.seq);
	jm_receive_release(&r);
	return rc;
}

static int restore(void *ctx, struct jm_buf *out, struct jm_err *err)
{
	struct jm_receiver r = { .bytes = 0 };
	char to[500];
	int rc;

	snprintf(to, sizeof to, "%s/restored%u", tap_folder(), number++);
	rc = jm_receive_restore(&r, to, ctx, err);
	if (rc == 0)
		rc = jm_buf_printf(out, err, "%llu bytes", (unsigned long long)r.bytes);
	jm_receive_release(&r);
	return rc;
}

static void test_copies(void)
{
	struct t_trial c = { .name = "copy", .run = copy },
		       r = { .name = "restore",
			       .run = restore,
			       .ctx = dir,
			       /* a folder that cannot be listed counts as one without an archive */
			       .kinds = 1u << JM_E_TEMP | 1u << JM_E_NOTFOUND };

	for (int i = 0; i < 2; i++) {
		c.failing = (enum t_failing)i;
		t_fail_each(&c);
	}
	jm_archive_close(&archive);
	for (int i = 0; i < 2; i++) {
		r.failing = (enum t_failing)i;
		t_fail_each(&r);
	}
}

int main(void)
{
	snprintf(dir, sizeof dir, "%s/archive", tap_folder());
	if (!(archive = t_open(dir, 60000)))
		return 1;
	t_fill(archive, seq);
	test_writing();
	check("after the trials");
	jm_archive_close(&archive);
	if (!(archive = t_open(dir, 60000)))
		return 1;
	check("after a start");
	test_copies();
#ifdef JM_T_MEMORY_IS_THEIRS
	tap_skip(1, "what Berkeley DB leaks when an open fails counts under a sanitizer");
#else
	test_opening("opened");
	test_opening("rebuilt");
#endif
	return tap_done();
}
