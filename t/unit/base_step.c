/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps in progress: their order, the limit of the table, many threads at once. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/step.h"
#include "t/lib/tap.h"

#define THREADS 8
#define TURNS 20000

static char text[JM_STEP_TEXT_BYTES];

static void some(void)
{
	unsigned first, second;

	tap_is_str(jm_step_list(text), "", "no step");
	first = jm_step_begin("first");
	jm_clock_sleep_ms(2);
	second = jm_step_begin("second");
	tap_is_str(jm_step_list(text), "first for 0 s, second for 0 s", "the longest comes first");
	jm_step_end(first);
	jm_clock_sleep_ms(2);
	first = jm_step_begin("third");
	tap_is_str(jm_step_list(text), "second for 0 s, third for 0 s", "a free place is used");
	jm_step_end(first);
	jm_step_end(second);
	tap_is_str(jm_step_list(text), "", "no step any more");
}

static void too_many(void)
{
	unsigned step[JM_STEPS + 2];

	for (unsigned i = 0; i < JM_STEPS + 2; i++)
		step[i] = jm_step_begin("one of many steps");
	tap_ok(step[JM_STEPS - 1] < JM_STEPS && step[JM_STEPS] == JM_STEPS &&
		step[JM_STEPS + 1] == JM_STEPS,
	    "more than the table has are not remembered");
	tap_is_int((long long)strlen(jm_step_list(text)), JM_STEP_TEXT_BYTES - 1,
	    "the list is cut off at its end");
	for (unsigned i = 0; i < JM_STEPS + 2; i++)
		jm_step_end(step[i]);
	tap_is_str(jm_step_list(text), "", "all have ended");
}

static void *turn(void *arg)
{
	(void)arg;
	for (int i = 0; i < TURNS; i++)
		jm_step_end(jm_step_begin("turn"));
	return NULL;
}

static void threads(void)
{
	pthread_t id[THREADS];
	bool odd = false;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&id[i], NULL, turn, NULL);
	for (int i = 0; i < TURNS; i++)
		odd |= strlen(jm_step_list(text)) > THREADS * strlen("turn for 0 s, ");
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	tap_ok(!odd, "threads begin and end steps while they are listed");
	tap_is_str(jm_step_list(text), "", "nothing is left of them");
}

int main(void)
{
	some();
	too_many();
	threads();
	return tap_done();
}
