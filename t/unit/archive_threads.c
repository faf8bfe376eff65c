/* SPDX-License-Identifier: BSD-2-Clause */
/* Many depositors at once: nothing lost, equal deposits stored once, groups share a sync, readers
 * and verify run beside, volumes roll. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/archive/deposit.h"
#include "common/archive/note.h"
#include "common/base/clock.h"
#include "common/query/archive_status.h"
#include "common/query/item.h"
#include "common/query/item_bytes.h"
#include "common/query/search.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"
#include "t/lib/tap.h"

#define THREADS 8
#define EACH 40
#define CAP (16u << 20)

static struct jm_archive *a;
static atomic_int failed, done;
static bool damaged; /* a volume is missing */
static struct jm_receipt receipt[THREADS][EACH];

static void make(struct jm_buf *b, struct jm_buf *inner, unsigned thread, unsigned i)
{
	char id[60], rcpt[60];
	/* every fourth message is brought by all threads, in reports of their own */
	bool shared = i % 4 == 0 && i < EACH;

	snprintf(id, sizeof id, shared ? "shared-%u@x" : "own-%u-%u@x", shared ? i : thread, i);
	t_message(inner, id, "s", shared ? i : thread * 1000 + i, i == 7 ? 1500000 : 3000);
	snprintf(rcpt, sizeof rcpt, "To: r%u@example.org", thread);
	snprintf(id, sizeof id, "%u-%u", thread, i);
	t_report(b, id, "anna@example.com", rcpt, jm_buf_span(inner), false);
}

static void *depositor(void *arg)
{
	unsigned thread = (unsigned)(uintptr_t)arg;
	struct jm_buf b, inner;
	struct jm_err err;

	jm_buf_init(&b, CAP);
	jm_buf_init(&inner, CAP);
	for (unsigned i = 0; i < EACH; i++) {
		make(&b, &inner, thread, i);
		if (t_deposit(a, jm_buf_span(&b), "archive@journal.example.com", NULL,
			&receipt[thread][i], &err) < 0)
			atomic_fetch_add(&failed, 1);
		if (i % 10 == 0 &&
		    jm_archive_note(a, &(struct jm_event){ .time_ms = 1, .kind = "test" }, &err) <
			0)
			atomic_fetch_add(&failed, 1);
	}
	jm_buf_release(&b);
	jm_buf_release(&inner);
	atomic_fetch_add(&done, 1);
	return NULL;
}

/* More of them, into an archive of which a volume is missing. */
static void *later(void *arg)
{
	unsigned thread = (unsigned)(uintptr_t)arg;
	struct jm_buf b, inner;
	struct jm_receipt r;
	struct jm_err err;

	jm_buf_init(&b, CAP);
	jm_buf_init(&inner, CAP);
	for (unsigned i = 0; i < EACH / 2; i++) {
		/* every other one is there already, perhaps in what is missing */
		make(&b, &inner, thread, i % 2 == 0 ? EACH + i : i);
		if (t_deposit(a, jm_buf_span(&b), "archive@journal.example.com", NULL, &r, &err) <
		    0)
			atomic_fetch_add(&failed, 1);
	}
	jm_buf_release(&b);
	jm_buf_release(&inner);
	atomic_fetch_add(&done, 1);
	return NULL;
}

static void *reader(void *arg)
{
	struct jm_buf b;
	json_t *status;
	struct jm_err err;

	(void)arg;
	jm_buf_init(&b, CAP);
	while (atomic_load(&done) < THREADS) {
		status = NULL;
		if (!t_list(a, &(struct jm_archive_filter){ .reverse = true, .limit = 20 }, &b) ||
		    jm_archive_status(a, &status, &err) < 0 || (t_verify(a, NULL) != 0) != damaged)
			atomic_fetch_add(&failed, 1);
		json_decref(status);
		jm_clock_sleep_ms(2);
	}
	jm_buf_release(&b);
	return NULL;
}

static void check(void)
{
	struct jm_buf b, inner, out;
	struct jm_err err;
	unsigned bad = 0;
	size_t rows = 0;

	jm_buf_init(&b, CAP);
	jm_buf_init(&inner, CAP);
	jm_buf_init(&out, CAP);
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < EACH; i++) {
			json_t *item = NULL;
			bool found = false;

			make(&b, &inner, t, i);
			/* A report's own seq is an item's id only when it founded it; all others
			 * are found through the list. */
			if (i % 4 != 0) {
				found = t_export(a, receipt[t][i].seq, JM_EXPORT_REPORT, 0, &out,
					    &err) == 0 &&
				    jm_span_eq(jm_buf_span(&out), jm_buf_span(&b));
				found = found &&
				    t_show(a, receipt[t][i].seq, true, &item, &err) == 0;
			} else {
				found = true;
			}
			bad += !found;
			json_decref(item);
		}
	tap_is_int(bad, 0, "every message is there and exact");
	tap_ok(t_list(a, NULL, &out), "list");
	for (size_t i = 0; i < out.len; i++)
		rows += out.p[i] == '\n';
	tap_is_int((long long)rows, THREADS * (EACH - EACH / 4) + EACH / 4,
	    "shared messages are one item each");
	jm_buf_release(&b);
	jm_buf_release(&inner);
	jm_buf_release(&out);
}

/* Each shared message was stored whole once; the other reports refer to it. */
static void check_shared(void)
{
	unsigned whole = 0, reports = 0;

	for (unsigned i = 0; i < EACH; i += 4) {
		for (unsigned t = 0; t < THREADS; t++)
			whole += receipt[t][i].stored_bytes > 2800;
		for (unsigned t = 0; t < THREADS; t++) {
			json_t *item = NULL;
			struct jm_err err;

			if (t_show(a, receipt[t][i].seq, true, &item, &err) == 0)
				reports += (unsigned)json_array_size(
				    json_object_get(item, "reports"));
			json_decref(item);
		}
	}
	tap_is_int(whole, EACH / 4, "each shared message is stored once");
	tap_is_int(reports, THREADS * (EACH / 4), "and its item has the reports of all threads");
}

static void run(void *(*depositors)(void *))
{
	pthread_t thread[THREADS], read;

	atomic_store(&done, 0);
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, depositors, (void *)(uintptr_t)i) != 0)
			exit(1);
	if (pthread_create(&read, NULL, reader, NULL) != 0)
		exit(1);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_join(read, NULL);
	tap_is_int(atomic_load(&failed), 0, "nothing failed");
}

/* The second volume is missing: everything else works, and when it is back it is whole. */
static void missing(const char *dir)
{
	char path[600], aside[600], problem[200];

	snprintf(path, sizeof path, "%s/volumes/00000002.jmv", dir);
	snprintf(aside, sizeof aside, "%s/aside", dir);
	if (!tap_ok(rename(path, aside) == 0 && (a = t_open(dir, 400000)) != NULL,
		"open without a volume"))
		return;
	damaged = true;
	run(later);
	tap_ok(t_verify(a, problem) > 0, "verify names it: %s", problem);
	jm_archive_close(&a);
	damaged = false;
	if (tap_ok(rename(aside, path) == 0 && (a = t_open(dir, 400000)) != NULL,
		"open with it again"))
		tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_archive_close(&a);
}

int main(void)
{
	const char *dir = tap_folder();
	json_t *status = NULL;
	struct jm_err err;
	long long groups, records;
	char problem[200];

	a = t_open(dir, 400000);
	if (!tap_ok(a != NULL, "open"))
		return tap_done();
	run(depositor);
	tap_ok(jm_archive_status(a, &status, &err) == 0, "status");
	groups = json_integer_value(json_object_get(status, "groups"));
	records = json_integer_value(json_object_get(status, "last_seq"));
	tap_ok(groups > 0 && groups < records, "%lld records in %lld groups", records, groups);
	tap_ok(json_integer_value(json_object_get(status, "volumes")) > 3, "%lld volumes",
	    json_integer_value(json_object_get(status, "volumes")));
	json_decref(status);
	check();
	check_shared();
	tap_is_int(t_verify(a, problem), 0, "verify finds nothing (%s)", problem);
	jm_archive_close(&a);
	a = t_open(dir, 400000);
	if (tap_ok(a != NULL, "open again"))
		check();
	jm_archive_close(&a);
	missing(dir);
	return tap_done();
}
