/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that ends the process. It waits for no lock of another part. See ending.h. */
#include "milter/daemon/ending.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/step.h"
#include "milter/daemon/pool.h"

#define TICK_MS 200
#define END_S (JM_END_MS / 1000)
#define LOG_S 5 /* for the last line in the log, as writing that may hang, too */

struct jm_ending {
	_Atomic(const char *) part; /* what the main thread waits for */
	atomic_bool stops;          /* jm_ending_stop() was called */
};

/* Was a stop requested? During the start the signal stays pending; later libmilter takes it. */
static bool is_requested(const struct jm_ending *e)
{
	sigset_t pending;

	if (atomic_load(&e->stops) || jm_pool_stopping())
		return true;
	return sigpending(&pending) == 0 &&
	    (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGHUP));
}

static _Noreturn void end_process(const struct jm_ending *e)
{
	char steps[JM_STEP_TEXT_BYTES];

	JM_LOG(JM_LOG_ERROR, "stop-forced", { "after_s", JM_I(END_S) },
	    { "waits_for", JM_S(atomic_load(&e->part)) }, { "hangs", JM_S(jm_step_list(steps)) },
	    { "outcome",
		JM_S("ended without closing the archive; nothing acknowledged is lost, and the "
		     "next start brings the catalog up to date") });
	_exit(EX_SOFTWARE);
}

static void *watch_end(void *arg)
{
	const struct jm_ending *e = arg;
	int64_t since_us = 0;

	for (;;) {
		jm_clock_sleep_ms(TICK_MS);
		if (since_us == 0 && is_requested(e)) {
			since_us = jm_clock_mono_us();
			/* Nobody blocks or catches its signal, which ends the process, too. */
			alarm(END_S + LOG_S);
			JM_LOG(JM_LOG_NOTICE, "stopping", { "within_s", JM_I(END_S) });
		}
		if (since_us != 0 && jm_clock_mono_us() - since_us >= JM_END_MS * 1000LL)
			end_process(e);
	}
	return NULL;
}

int jm_ending_start(struct jm_ending **e_r, struct jm_err *err)
{
	struct jm_ending *e = calloc(1, sizeof *e);
	pthread_t thread;

	if (!e)
		return jm_err_sys(err, JM_E_TEMP, "cannot watch over the end");
	jm_ending_await(e, "the start");
	if (pthread_create(&thread, NULL, watch_end, e) != 0) {
		free(e);
		return jm_err_set(err, JM_E_TEMP, "cannot start a thread");
	}
	*e_r = e;
	return 0;
}

void jm_ending_await(struct jm_ending *e, const char *part)
{
	if (e)
		atomic_store(&e->part, part);
}

void jm_ending_stop(struct jm_ending *e)
{
	if (e)
		atomic_store(&e->stops, true);
}
