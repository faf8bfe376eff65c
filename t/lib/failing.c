/* SPDX-License-Identifier: BSD-2-Clause */
/* Which call fails, and the trials. See failing.h; the calls are in failing_calls.c. */
#include "t/lib/failing.h"

#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "t/lib/failing_calls.h"
#include "t/lib/tap.h"

#define POINTS_MAX 4000u /* different places of one trial */
#define DEPTH 14         /* of the calls that make a place */
#define WAITS_MAX 600    /* of WAIT_MS each */
#define WAIT_MS 50
#define RESULT_BYTES (16u << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool inside;
static struct {
	bool armed, recording, fired, all_threads;
	pthread_t thread;
	enum t_failing failing;
	int sys;
	unsigned long count, nth;
	uint64_t place[POINTS_MAX];
	unsigned long point[POINTS_MAX]; /* the number of the first call there */
	size_t n;
} now;

/* The place of this call: a sum of the return addresses. */
static uint64_t place_of(void)
{
	void *frame[DEPTH];
	int n = backtrace(frame, DEPTH);
	uint64_t sum = 14695981039346656037ull;

	for (int i = 2; i < n; i++)
		sum = (sum ^ (uintptr_t)frame[i]) * 1099511628211ull;
	return sum;
}

static void record(void)
{
	uint64_t place = place_of();

	for (size_t i = 0; i < now.n; i++)
		if (now.place[i] == place)
			return;
	if (now.n == POINTS_MAX)
		return;
	now.place[now.n] = place;
	now.point[now.n++] = now.count;
}

bool t_failing_hits(enum t_failing failing)
{
	bool hits = false;

	if (inside || !now.armed || now.failing != failing ||
	    (!now.all_threads && !pthread_equal(pthread_self(), now.thread)))
		return false;
	inside = true;
	pthread_mutex_lock(&lock);
	if (now.armed) {
		now.count++;
		if (now.recording)
			record();
		else
			hits = now.count == now.nth;
		now.fired |= hits;
	}
	pthread_mutex_unlock(&lock);
	inside = false;
	if (hits)
		errno = now.sys;
	return hits;
}

static void arm(const struct t_trial *trial, bool recording, unsigned long nth)
{
	pthread_mutex_lock(&lock);
	now.failing = trial->failing;
	now.all_threads = trial->all_threads;
	now.thread = pthread_self();
	now.sys = trial->sys != 0 ? trial->sys : ENOMEM;
	now.recording = recording;
	now.count = 0;
	now.nth = nth;
	now.fired = false;
	now.armed = true;
	if (recording)
		now.n = 0;
	pthread_mutex_unlock(&lock);
}

void t_fail_at(const struct t_trial *trial, unsigned long nth)
{
	arm(trial, false, nth);
}

bool t_fail_over(void)
{
	bool fired;

	pthread_mutex_lock(&lock);
	now.armed = false;
	fired = now.fired;
	pthread_mutex_unlock(&lock);
	return fired;
}

struct tried {
	unsigned refused, wrong, leaks, unlike;
	char first[700]; /* what was wrong first */
};

static void say(struct tried *t, unsigned long point, const char *what, const struct jm_err *err)
{
	if (t->first[0] == '\0')
		snprintf(t->first, sizeof t->first, "call %lu: %s: %s: %s", point, what,
		    jm_err_kind_name(err->kind), err->text);
}

/* Where two results begin to differ. */
static void say_unlike(
    struct tried *t, unsigned long point, struct jm_span want, struct jm_span got)
{
	size_t i = 0;

	while (i < want.len && i < got.len && want.p[i] == got.p[i])
		i++;
	i = i > 60 ? i - 60 : 0;
	want = jm_span_sub(want, i, want.len - i < 160 ? want.len - i : 160);
	got = jm_span_sub(got, i, got.len - i < 160 ? got.len - i : 160);
	if (t->first[0] == '\0')
		snprintf(t->first, sizeof t->first,
		    "call %lu: another result: \"%.*s\" and not \"%.*s\"", point, (int)got.len,
		    (const char *)got.p, (int)want.len, (const char *)want.p);
}

static void try_one(const struct t_trial *trial, unsigned long point, struct jm_span want,
    struct jm_buf *out, struct tried *t)
{
	unsigned kinds = trial->kinds ? trial->kinds : 1u << JM_E_TEMP;
	size_t before = t_failing_blocks(), after;
	struct jm_err err = { .kind = JM_E_NONE };
	int rc;

	jm_buf_reset(out);
	t_fail_at(trial, point);
	rc = trial->run(trial->ctx, out, &err);
	(void)t_fail_over();
	/* The archive's threads free what they had in their own time. */
	for (int i = 0; (after = t_failing_blocks()) > before && i < 10 && !trial->grows; i++)
		jm_clock_sleep_ms(20);
	if (rc == 0 && !trial->own_result && !jm_span_eq(jm_buf_span(out), want)) {
		t->unlike++;
		say_unlike(t, point, want, jm_buf_span(out));
	}
	if (rc != 0 && (!(kinds & 1u << err.kind) || err.text[0] == '\0')) {
		t->wrong++;
		say(t, point, "a wrong error", &err);
	}
	if (after > before && trial->failing == T_FAIL_MEMORY && !trial->grows) {
		t->leaks++;
		say(t, point, "memory is lost", &err);
	}
	t->refused += rc != 0;
}

/* Run it without a fault: what it gives. An archive may take its time to recover from the last one.
 * Ends the test when it does not. */
static void run_well(const struct t_trial *trial, struct jm_buf *out)
{
	struct jm_err err = { .kind = JM_E_NONE };
	int rc = -1;

	for (int i = 0; rc != 0 && i < WAITS_MAX; i++) {
		if (i > 0)
			jm_clock_sleep_ms(WAIT_MS);
		jm_buf_reset(out);
		rc = trial->run(trial->ctx, out, &err);
		if (rc != 0 && err.kind != JM_E_TEMP)
			break;
	}
	if (rc == 0)
		return;
	(void)t_fail_over();
	printf("Bail out! %s: %s\n", trial->name, err.text);
	exit(1);
}

void t_fail_each(const struct t_trial *trial)
{
	static const char *const names[T_FAILINGS] = { "memory", "files", "catalog" };
	struct tried t = { .refused = 0 };
	struct jm_buf want, out;
	size_t tried = 0;

	jm_buf_init(&want, RESULT_BYTES);
	jm_buf_init(&out, RESULT_BYTES);
	run_well(trial, &want);
	/* makes the caches grow, and the buffer */
	run_well(trial, &out);
	arm(trial, true, 0);
	run_well(trial, &out);
	(void)t_fail_over();
	if (now.n == 0) { /* no such call is made */
		jm_buf_release(&want);
		jm_buf_release(&out);
		return;
	}
	for (size_t i = 0; i < now.n; i += trial->every ? trial->every : 1, tried++)
		try_one(trial, now.point[i], jm_buf_span(&want), &out, &t);
	run_well(trial, &out);
	t.unlike += !trial->own_result && !jm_span_eq(jm_buf_span(&out), jm_buf_span(&want));
	tap_ok(
	    t.wrong == 0 && t.unlike == 0 && t.leaks == 0 && (t.refused > 0 || trial->own_result),
	    "%s: %s fails at %zu places: %u times refused", trial->name, names[trial->failing],
	    tried, t.refused);
	for (char *c = strchr(t.first, '\n'); c; c = strchr(c, '\n'))
		*c = '|';
	if (t.first[0] != '\0')
		tap_diag("%u wrong errors, %u other results, %u leaks; %s", t.wrong, t.unlike,
		    t.leaks, t.first);
	jm_buf_release(&want);
	jm_buf_release(&out);
}
