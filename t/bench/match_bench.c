/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matching against a large archive: deposits N small messages, then looks random ones up by their
 * match key, found and not found, and deposits reports that match. match_bench FOLDER [N
 * [LOOKUPS]]; the folder is left, and a second run with the same N continues with it.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/archive/deposit.h"
#include "common/archive/match.h"
#include "common/base/clock.h"
#include "common/base/num.h"
#include "common/journal/match_key.h"
#include "common/query/archive_status.h"
#include "common/volume/metadata.h"
#include "t/lib/deposit.h"

#define THREADS 32
#define MESSAGE_BYTES 400

static struct jm_archive *a;
static uint64_t messages = 1000000, lookups = 100000;
static atomic_uint_fast64_t next;

static struct jm_span message(uint64_t n, const char *tail, char text[MESSAGE_BYTES])
{
	int len = snprintf(text, MESSAGE_BYTES,
	    "From: a%" PRIu64 "@example.com\r\nTo: b%" PRIu64
	    "@example.com\r\nSubject: Message %" PRIu64 "\r\nDate: Tue, 17 Jul "
	    "2029 12:13:27 +0000\r\nMessage-ID: <%" PRIx64 ".%" PRIu64
	    "@bench.example.com>\r\n%s\r\nHello %" PRIu64 "\r\n",
	    n % 5000, n % 7000, n, n * 0x9e3779b97f4a7c15u, n, tail, n);

	return jm_span_of(text, (size_t)len);
}

static int deposit(uint64_t n, const char *tail, struct jm_err *err)
{
	const struct jm_unwrap_options o = { .type = JM_JOURNAL_EML };
	const char *rcpt[] = { "journal@journal.example.com", NULL };
	char text[MESSAGE_BYTES];
	struct jm_receipt receipt;
	struct jm_unwrap u;
	struct jm_span m = message(n, tail, text);
	int rc;

	if (jm_unwrap(m, &o, &u, err) < 0)
		return -1;
	rc = jm_archive_deposit(a,
	    &(struct jm_deposit){
		.arrival = { .transport = "smtp", .service = rcpt[0], .rcpt_to = rcpt },
		.received = m,
		.unwrap = &u },
	    &receipt, err);
	jm_unwrap_release(&u);
	return rc;
}

static void *fill(void *ctx)
{
	struct jm_err err;
	uint64_t n;

	(void)ctx;
	while ((n = atomic_fetch_add(&next, 1)) < messages)
		if (deposit(n, "", &err) < 0) {
			fprintf(stderr, "match_bench: %s\n", err.text);
			exit(1);
		}
	return NULL;
}

static uint64_t items(void)
{
	json_t *s = NULL;
	struct jm_err err;
	uint64_t n;

	if (jm_archive_status(a, &s, &err) < 0)
		return 0;
	n = (uint64_t)json_integer_value(json_object_get(s, "items"));
	json_decref(s);
	return n;
}

static int by_time(const void *x, const void *y)
{
	int64_t p = *(const int64_t *)x, q = *(const int64_t *)y;

	return p < q ? -1 : p > q;
}

/* Mean, median, 99 % and worst of n durations. */
static void tell(const char *what, int64_t *us, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += us[i];
	qsort(us, n, sizeof *us, by_time);
	printf("%s: mean %.1f us, median %" PRId64 ", 99%% %" PRId64 ", worst %" PRId64 "\n", what,
	    (double)sum / (double)n, us[n / 2], us[n - n / 100 - 1], us[n - 1]);
}

static void measure(bool hit, int64_t *us)
{
	uint64_t seed = 42, item, found = 0;
	struct jm_err err;

	for (uint64_t i = 0; i < lookups; i++) {
		unsigned char key[JM_SHA256_BYTES];
		char text[MESSAGE_BYTES];
		int64_t began;
		int rc = -1;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		began = jm_clock_mono_us();
		if (jm_match_key_of(
			message((seed >> 20) % messages + (hit ? 0 : messages), "", text), key,
			&err) == 0)
			rc = jm_archive_match_key(a, key, &item, &err);
		us[i] = jm_clock_mono_us() - began;
		if (rc < 0) {
			fprintf(stderr, "match_bench: %s\n", err.text);
			exit(1);
		}
		found += rc == 1;
	}
	printf("found %" PRIu64 " of %" PRIu64 "; ", found, lookups);
	tell(hit ? "key and look-up, in the archive" : "key and look-up, not in it", us, lookups);
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	int64_t *us, began;
	uint64_t there;

	if (argc < 2 ||
	    (argc > 2 && jm_num_u64(jm_span_str(argv[2]), 1, UINT64_MAX / 2, &messages) != 0) ||
	    (argc > 3 && jm_num_u64(jm_span_str(argv[3]), 100, 100000000, &lookups) != 0)) {
		fputs("usage: match_bench FOLDER [N [LOOKUPS]]\n", stderr);
		return 64;
	}
	a = t_open(argv[1], 0);
	us = calloc(lookups, sizeof *us);
	if (!a || !us)
		return 1;
	there = items();
	atomic_store(&next, there);
	began = jm_clock_mono_us();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, fill, NULL) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("%" PRIu64 " items, %.0f deposits/s\n", items(),
	    (double)(messages - (there < messages ? there : messages)) * 1e6 /
		(double)(jm_clock_mono_us() - began));
	measure(true, us);
	measure(false, us);
	jm_archive_close(&a);
	free(us);
	return 0;
}
