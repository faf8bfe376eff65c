/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that may run at the same time on one archive does so for a few seconds: deposits,
 * changes of state, events, tallies, marks, followers, readers, verify, dump and copy. Then every
 * deposit must be there, once. A build with the thread sanitizer also reports data races.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/change.h"
#include "common/archive/deposit.h"
#include "common/archive/ownership.h"
#include "common/archive/gauge.h"
#include "common/archive/health.h"
#include "common/archive/marks.h"
#include "common/archive/match.h"
#include "common/archive/note.h"
#include "common/archive/tally.h"
#include "common/archive/tip.h"
#include "common/base/clock.h"
#include "common/catalog/apply_change.h"
#include "common/query/archive_status.h"
#include "common/query/bcc.h"
#include "common/query/domains.h"
#include "common/query/event_list.h"
#include "common/query/follow.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/mark_list.h"
#include "common/query/recent.h"
#include "common/query/search.h"
#include "common/query/waiting.h"
#include "common/upkeep/copy.h"
#include "common/upkeep/dump.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define CHANGES_MS 1500
#define ALL_MS 3000
#define FIRST_EACH 100 /* queued reports of each thread that are there before the load begins */
#define BATCH 4        /* changes in one record */
#define DEPOSITORS 4
#define EACH_MAX 4000
#define SEQ_MAX 200000
#define CAP (16u << 20)
#define VOLUME_BYTES 400000
#define SERVICE "archive@journal.example.com"
#define MAILBOX "pop.example.com/journal"

enum kind { ARCHIVED, QUEUED, SET_ASIDE, FETCHED, KINDS };

struct made {
	uint64_t seq;
	enum kind kind;
	unsigned char report_sha256[JM_SHA256_BYTES];
};

/* The deposits of one thread. The thread fills the next row, then counts it in n. */
struct depositor {
	struct made made[EACH_MAX];
	atomic_uint n;
};

static struct jm_archive *a;
static struct depositor depositors[DEPOSITORS];
static atomic_bool stop;
static atomic_uint failures, tallied, verified, dumped, copied, changed;
static unsigned char followed[SEQ_MAX]; /* how often the follower got a record; its thread only */

static void load_failed(const char *what, const struct jm_err *err)
{
	if (atomic_fetch_add(&failures, 1) < 5)
		tap_diag("%s: %s", what, err->text);
}

static void must_work(int rc, const char *what, const struct jm_err *err)
{
	if (rc < 0)
		load_failed(what, err);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

/* ---- writers ---- */

/* Report i of a thread. Every fifth message is deposited by all threads, each in its own report. */
static void make_report(struct jm_buf *b, struct jm_buf *inner, unsigned thread, unsigned i)
{
	char id[60], recipient[60];
	bool shared = i % 5 == 4;

	snprintf(id, sizeof id, "%u-%u@example.com", shared ? 99 : thread, i);
	t_message(inner, id, "quarterly figures", shared ? i : thread * 10000 + i,
	    i % 97 == 96 && i > FIRST_EACH ? 1500000 : 2000);
	snprintf(recipient, sizeof recipient, "To: r%u@example.org", thread);
	snprintf(id, sizeof id, "report-%u-%u", thread, i);
	t_report(b, id, "anna@example.com", recipient, jm_buf_span(inner), false);
}

static int deposit(
    struct jm_span report, unsigned thread, unsigned i, struct made *m_r, struct jm_err *err)
{
	const char *rcpt[] = { SERVICE, NULL };
	struct jm_unwrap_options options = { .remove_journal_headers = true };
	struct jm_deposit d = { .received = report };
	struct jm_receipt receipt;
	struct jm_unwrap u;
	char uidl[40];
	int rc;

	if (jm_unwrap(report, &options, &u, err) < 0)
		return -1;
	m_r->kind = i < FIRST_EACH || i % 2 == 0 ? QUEUED : (enum kind)(i % KINDS);
	snprintf(uidl, sizeof uidl, "uidl-%u-%u", thread, i);
	d.unwrap = &u;
	d.arrival = (struct jm_arrival){ .transport = m_r->kind == FETCHED ? "pop3" : "smtp",
		.service = SERVICE,
		.rcpt_to = rcpt,
		.received_ms = jm_clock_now_ms(),
		.pop3_mailbox = m_r->kind == FETCHED ? MAILBOX : NULL,
		.pop3_uidl = m_r->kind == FETCHED ? uidl : NULL };
	d.set_aside = m_r->kind == SET_ASIDE ? "too old" : NULL;
	d.due_ms = m_r->kind == QUEUED ? 1 : 0;
	d.match_first = i % 8 == 1;
	rc = jm_archive_deposit(a, &d, &receipt, err);
	jm_unwrap_release(&u);
	if (rc != 0)
		return rc;
	m_r->seq = receipt.seq;
	memcpy(m_r->report_sha256, receipt.report_sha256, JM_SHA256_BYTES);
	return 0;
}

static void *run_depositor(void *arg)
{
	unsigned thread = (unsigned)(uintptr_t)arg;
	struct depositor *d = &depositors[thread];
	struct jm_buf b, inner;
	struct jm_err err;

	jm_buf_init(&b, CAP);
	jm_buf_init(&inner, CAP);
	for (unsigned i = atomic_load(&d->n); i < EACH_MAX && !atomic_load(&stop); i++) {
		make_report(&b, &inner, thread, i);
		if (deposit(jm_buf_span(&b), thread, i, &d->made[i], &err) != 0) {
			load_failed("deposit", &err);
			break;
		}
		atomic_store(&d->n, i + 1);
		if (i + 1 == FIRST_EACH)
			break;
	}
	jm_buf_release(&b);
	jm_buf_release(&inner);
	return NULL;
}

/* A deposit of any thread, or NULL while there are no deposits. */
static const struct made *some_deposit(unsigned *seed)
{
	const struct depositor *d = &depositors[next_random(seed) % DEPOSITORS];
	unsigned n = atomic_load(&d->n);

	return n > 0 ? &d->made[next_random(seed) % n] : NULL;
}

/* The next state of a waiting report: most are archived. */
static enum jm_change_to state_after(uint64_t seq)
{
	return seq % 8 == 0 ? JM_CHANGE_SET_ASIDE
	    : seq % 8 == 1  ? JM_CHANGE_WAIT
	    : seq % 8 == 2  ? JM_CHANGE_RELEASE
			    : JM_CHANGE_ARCHIVE;
}

/* Change up to n of the waiting reports, in one record. Returns how many. */
static size_t change_due(size_t n)
{
	struct jm_change c[BATCH];
	struct jm_waiting w[BATCH];
	struct jm_err err;

	if (jm_archive_queue_due(a, jm_clock_now_ms(), w, n, &n, &err) != 0) {
		load_failed("queue_due", &err);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		c[i] = (struct jm_change){ .seq = w[i].seq,
			.to = state_after(w[i].seq + w[i].attempts),
			.due_ms = 2,
			.attempts = w[i].attempts + 1,
			.reason = "tried" };
	if (n > 0 && jm_archive_change(a, "tester", c, n, &err) != 0 && err.kind != JM_E_NOTFOUND)
		load_failed("change", &err);
	atomic_fetch_add(&changed, (unsigned)n);
	return n;
}

static void *run_queue(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		change_due(BATCH);
		jm_clock_sleep_ms(10);
	}
	return NULL;
}

/* Release or expire a report that is set aside. It may have left that state: NOTFOUND is right. */
static void change_set_aside(uint64_t seq)
{
	struct jm_change c = { .seq = seq,
		.to = seq % 3 == 0 ? JM_CHANGE_EXPIRE : JM_CHANGE_RELEASE,
		.from = JM_FROM_SET_ASIDE };
	struct jm_err err;

	if (jm_archive_change(a, "tester", &c, 1, &err) == 0)
		atomic_fetch_add(&changed, 1);
	else if (err.kind != JM_E_NOTFOUND)
		load_failed("change", &err);
}

static void *run_releases(void *arg)
{
	unsigned seed = 7;

	(void)arg;
	while (!atomic_load(&stop)) {
		const struct made *m = some_deposit(&seed);

		if (m && m->kind == SET_ASIDE)
			change_set_aside(m->seq);
		else
			jm_clock_sleep_ms(1);
	}
	return NULL;
}

static int ignore_mark(void *ctx, const struct jm_archived_mark *mark, struct jm_err *err)
{
	(void)ctx, (void)mark, (void)err;
	return 0;
}

static void *run_small_records(void *arg)
{
	struct jm_attempts t = { .service = SERVICE,
		.received = 1,
		.refused = 1,
		.refusal_ms = 1,
		.refusal = "no TLS" };
	struct jm_extract x = { .service = SERVICE, .success_ms = 1, .queue = 1 };
	struct jm_domain_change d = {
		.domain = "example.org", .state = JM_DOMAIN_VERIFIED, .code = "c"
	};
	struct jm_event e = { .kind = "test", .actor = "tester", .text = "under load" };
	struct jm_err err;

	(void)arg;
	while (!atomic_load(&stop)) {
		struct jm_span uidl = jm_span_str("uidl-0-3");

		e.time_ms = t.time_ms = jm_clock_now_ms();
		must_work(jm_archive_note_within(a, &e, 5000, &err), "note", &err);
		must_work(jm_archive_tally(a, &t, 1, &err), "tally", &err);
		atomic_fetch_add(&tallied, 1);
		must_work(jm_archive_extracted(a, &x, &err), "extracted", &err);
		must_work(jm_archive_domain(a, "tester", &d, &err), "domain", &err);
		must_work(
		    jm_archive_pop3_marks(a, MAILBOX, ignore_mark, NULL, &err), "marks", &err);
		must_work(jm_archive_pop3_forget(a, MAILBOX, &uidl, 1, &err), "forget", &err);
		jm_clock_sleep_ms(5);
	}
	return NULL;
}

/* ---- readers ---- */

static int ignore_object(void *ctx, const json_t *object, struct jm_err *err)
{
	(void)ctx, (void)object, (void)err;
	return 0;
}

static int ignore_bytes(void *ctx, const void *p, size_t n, struct jm_err *err)
{
	(void)ctx, (void)p, (void)n, (void)err;
	return 0;
}

static int count_followed(void *ctx, const json_t *object, struct jm_err *err)
{
	json_int_t seq = json_integer_value(json_object_get(object, "seq"));

	(void)ctx, (void)err;
	if (seq > 0 && seq < SEQ_MAX && followed[seq] < 255)
		followed[seq]++;
	return 0;
}

static const struct jm_following from_now = { .visit = ignore_object };

/* Continue from *place; true when there is more. */
static bool follow_on(json_t **place)
{
	const struct jm_following f = { *place, 50, false, count_followed, NULL };
	json_t *next = NULL;
	struct jm_err err;
	bool more;

	if (jm_archive_follow(a, &f, &next, &err) != 0) {
		load_failed("follow", &err);
		return false;
	}
	more = json_is_true(json_object_get(next, "more"));
	json_decref(*place);
	*place = next;
	return more;
}

/* place: the one before the first deposit. */
static void *run_follower(void *arg)
{
	json_t **place = arg;

	while (!atomic_load(&stop)) {
		json_t *now = NULL, *tip = NULL;
		struct jm_err err;

		must_work(jm_archive_follow(a, &from_now, &now, &err), "follow from now", &err);
		must_work(jm_archive_tip(a, &tip, &err), "tip", &err);
		if (tip && !json_equal(now, tip) &&
		    json_integer_value(json_object_get(now, "seq")) >
			json_integer_value(json_object_get(tip, "seq")))
			load_failed("the tip went back", &err);
		json_decref(now);
		json_decref(tip);
		follow_on(place);
	}
	return NULL;
}

/* The item of a deposit, shown. It may become a report of another item meanwhile. */
static void show_deposit(const struct made *m)
{
	struct jm_export x = { .part = JM_EXPORT_MESSAGE };
	uint64_t item = 0, again = 0;
	json_t *shown = NULL;
	struct jm_err err, ignored;

	if (jm_archive_item_of(a, m->seq, &item, &err) != 1) {
		load_failed("item_of", &err);
		return;
	}
	if (t_show(a, item, false, &shown, &err) != 0 &&
	    (jm_archive_item_of(a, m->seq, &again, &ignored) != 1 || again == item))
		load_failed("show", &err);
	json_decref(shown);
	x.id = item;
	if (jm_archive_export(a, &x, ignore_bytes, NULL, &err) != 0 &&
	    (jm_archive_item_of(a, m->seq, &again, &ignored) != 1 || again == item))
		load_failed("export", &err);
	must_work(jm_archive_match(a, m->seq, &again, &err), "match", &err);
}

static void read_figures(void)
{
	struct jm_err trouble;
	uint64_t put, done;
	json_t *o = NULL;
	struct jm_err err;

#define FIGURES(call, what) \
	must_work(call, what, &err); \
	json_decref(o); \
	o = NULL
	FIGURES(jm_archive_status(a, &o, &err), "status");
	FIGURES(jm_archive_standing(a, &o, &err), "standing");
	FIGURES(jm_archive_days(a, SERVICE, &o, &err), "days");
	FIGURES(jm_archive_gauges(a, &o, &err), "gauges");
	FIGURES(jm_archive_recent(a, jm_clock_now_ms(), &o, &err), "recent");
	FIGURES(jm_archive_service(a, SERVICE, &o, &err), "service");
#undef FIGURES
	jm_archive_notes(a, &put, &done);
	if (done > put || jm_archive_stalled_us(a) > 60000000 || jm_archive_trouble(a, &trouble)) {
		snprintf(err.text, sizeof err.text, "notes, stall or trouble");
		load_failed("the archive does not work as it should", &err);
	}
}

static void *run_reader(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	struct jm_archive_filter by_subject = { .subject = "figures",
		.reverse = true,
		.limit = 10 },
				 by_address = { .recipient = "r1@example.org",
					 .sort = JM_SORT_SIZE,
					 .limit = 10 },
				 aside = { .set_aside = true, .limit = 10 };
	struct jm_err err;
	uint64_t seq;

	while (!atomic_load(&stop)) {
		const struct made *m = some_deposit(&seed);

		if (m)
			show_deposit(m);
		read_figures();
		must_work(
		    jm_archive_list(a, &by_subject, ignore_object, NULL, &err), "search", &err);
		must_work(
		    jm_archive_list(a, &by_address, ignore_object, NULL, &err), "search", &err);
		must_work(jm_archive_list(a, &aside, ignore_object, NULL, &err), "search", &err);
		must_work(
		    jm_archive_queue(&(struct jm_queue_view){ .a = a }, ignore_object, NULL, &err),
		    "queue", &err);
		must_work(jm_archive_events(a, 0, 20, ignore_object, NULL, &err), "events", &err);
		must_work(jm_archive_domains(a, ignore_object, NULL, &err), "domains", &err);
		must_work(jm_archive_since(a, jm_clock_now_ms() - 500, &seq, &err), "since", &err);
	}
	return NULL;
}

static void *run_verify(void *arg)
{
	char problem[200];

	(void)arg;
	while (!atomic_load(&stop)) {
		struct jm_err err = { .kind = JM_E_CORRUPT };

		if (t_verify(a, problem) != 0) {
			snprintf(err.text, sizeof err.text, "%s", problem);
			load_failed("verify", &err);
		}
		atomic_fetch_add(&verified, 1);
	}
	return NULL;
}

static void *run_copies(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		struct jm_err err;

		must_work(
		    jm_archive_dump(a, 0, ignore_object, ignore_bytes, NULL, &err), "dump", &err);
		atomic_fetch_add(&dumped, 1);
		must_work(jm_archive_copy(a, NULL, ignore_object, ignore_bytes, NULL, &err), "copy",
		    &err);
		atomic_fetch_add(&copied, 1);
	}
	return NULL;
}

/* ---- what must be true afterwards ---- */

static unsigned deposits(void)
{
	unsigned n = 0;

	for (unsigned t = 0; t < DEPOSITORS; t++)
		n += atomic_load(&depositors[t].n);
	return n;
}

/* How often the item of a deposit lists it with the right digest; -1 when it has no item. */
static int times_listed(const struct made *m)
{
	char hex[JM_SHA256_HEX_BYTES];
	json_t *item = NULL, *report;
	struct jm_err err;
	uint64_t id;
	size_t i;
	int n = 0;

	if (jm_archive_item_of(a, m->seq, &id, &err) != 1 ||
	    t_show(a, id, true, &item, &err) != 0) {
		tap_diag("report %" PRIu64 ": %s", m->seq, err.text);
		return -1;
	}
	jm_sha256_hex(m->report_sha256, hex);
	json_array_foreach(json_object_get(item, "reports"), i, report) {
		const char *digest = json_string_value(json_object_get(report, "sha256"));

		n += json_integer_value(json_object_get(report, "seq")) == (json_int_t)m->seq &&
		    digest && strcmp(digest, hex) == 0;
	}
	json_decref(item);
	return n;
}

static void check_deposits(const char *when)
{
	json_t *status = NULL;
	struct jm_err err;
	unsigned wrong = 0;

	for (unsigned t = 0; t < DEPOSITORS; t++)
		for (unsigned i = 0; i < depositors[t].n; i++)
			wrong += times_listed(&depositors[t].made[i]) != 1;
	tap_is_int(wrong, 0, "%s: each of %u deposits is there, once", when, deposits());
	if (tap_ok(jm_archive_status(a, &status, &err) == 0, "%s: status", when)) {
		tap_is_int(json_integer_value(json_object_get(status, "received")),
		    deposits() + atomic_load(&tallied), "%s: each is counted, once", when);
		tap_ok(json_is_true(json_object_get(json_object_get(status, "balance"), "holds")),
		    "%s: the balance holds", when);
	}
	json_decref(status);
}

static void check_followed(json_t **place)
{
	unsigned wrong = 0;

	while (follow_on(place))
		;
	for (unsigned t = 0; t < DEPOSITORS; t++)
		for (unsigned i = 0; i < depositors[t].n; i++) {
			uint64_t seq = depositors[t].made[i].seq;

			wrong += seq >= SEQ_MAX || followed[seq] != 1;
		}
	tap_is_int(wrong, 0, "the follower got each deposit, once");
}

typedef void *thread_main(void *arg);

static pthread_t start(thread_main *run, void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg) != 0)
		abort();
	return thread;
}

static void run_depositors(pthread_t thread[DEPOSITORS])
{
	for (uintptr_t i = 0; i < DEPOSITORS; i++)
		thread[i] = start(run_depositor, (void *)i);
}

/* Reports that wait, half of them archived: verify has changes to apply from its first run on. */
static void deposit_first(void)
{
	pthread_t thread[DEPOSITORS];

	run_depositors(thread);
	for (unsigned i = 0; i < DEPOSITORS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < DEPOSITORS * FIRST_EACH / 2; i += BATCH)
		change_due(BATCH);
}

/* Changes beside verify and nothing else, so that many of both are under way at once. */
static void run_changes(void)
{
	pthread_t queue = start(run_queue, NULL), verify = start(run_verify, NULL);

	jm_clock_sleep_ms(CHANGES_MS);
	atomic_store(&stop, true);
	pthread_join(queue, NULL);
	pthread_join(verify, NULL);
	atomic_store(&stop, false);
}

static void run_all(json_t **place)
{
	struct {
		thread_main *run;
		void *arg;
	} const role[] = { { run_queue, NULL }, { run_releases, NULL }, { run_small_records, NULL },
		{ run_follower, place }, { run_reader, (void *)1 }, { run_reader, (void *)2 },
		{ run_verify, NULL }, { run_copies, NULL } };
	pthread_t thread[DEPOSITORS + sizeof role / sizeof role[0]];
	unsigned n = DEPOSITORS;

	run_depositors(thread);
	for (size_t i = 0; i < sizeof role / sizeof role[0]; i++)
		thread[n++] = start(role[i].run, role[i].arg);
	jm_clock_sleep_ms(ALL_MS);
	atomic_store(&stop, true);
	while (n > 0)
		pthread_join(thread[--n], NULL);
}

int main(void)
{
	const char *dir = tap_folder();
	json_t *place = NULL;
	char problem[200];
	struct jm_err err;

	a = t_open(dir, VOLUME_BYTES);
	if (!tap_ok(a && jm_archive_follow(a, &from_now, &place, &err) == 0,
		"open, and the place to follow from"))
		return tap_done();
	deposit_first();
	run_changes();
	run_all(&place);
	tap_is_int(atomic_load(&failures), 0, "nothing failed under load");
	tap_ok(deposits() > 0 && atomic_load(&changed) > 0 && atomic_load(&tallied) > 0 &&
		atomic_load(&verified) > 0 && atomic_load(&dumped) > 0 && atomic_load(&copied) > 0,
	    "%u deposits, %u changes, %u tallies, %u verifications, %u dumps, %u copies",
	    deposits(), atomic_load(&changed), atomic_load(&tallied), atomic_load(&verified),
	    atomic_load(&dumped), atomic_load(&copied));
	check_followed(&place);
	check_deposits("before the close");
	jm_archive_close(&a);
	a = t_open(dir, VOLUME_BYTES);
	if (tap_ok(a != NULL, "open again")) {
		check_deposits("after it");
		tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	}
	jm_archive_close(&a);
	json_decref(place);
	return tap_done();
}
