/* SPDX-License-Identifier: BSD-2-Clause */
/* A table without locks. It is static, because whoever lists the steps must not depend on anything
 * that may hang. See step.h. */
#include "common/base/step.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"

static struct {
	_Atomic(const char *) name; /* NULL: free */
	atomic_llong since_us;      /* 0: it begins right now */
} steps[JM_STEPS];

unsigned jm_step_begin(const char *name)
{
	for (unsigned i = 0; i < JM_STEPS; i++) {
		const char *none = NULL;

		if (!atomic_load_explicit(&steps[i].name, memory_order_relaxed) &&
		    atomic_compare_exchange_strong(&steps[i].name, &none, name)) {
			atomic_store(&steps[i].since_us, jm_clock_mono_us());
			return i;
		}
	}
	return JM_STEPS;
}

void jm_step_end(unsigned step)
{
	if (step >= JM_STEPS)
		return;
	atomic_store(&steps[step].since_us, 0);
	atomic_store(&steps[step].name, NULL);
}

struct seen {
	const char *name;
	int64_t us;
};

static int compare_seen(const void *a, const void *b)
{
	int64_t x = ((const struct seen *)a)->us, y = ((const struct seen *)b)->us;

	return x < y ? 1 : x > y ? -1 : 0;
}

char *jm_step_list(char text[JM_STEP_TEXT_BYTES])
{
	struct seen seen[JM_STEPS] = { { NULL, 0 } };
	int64_t now_us = jm_clock_mono_us();
	size_t n = 0, len = 0;

	for (unsigned i = 0; i < JM_STEPS; i++) {
		const char *name = atomic_load(&steps[i].name);
		int64_t since_us = atomic_load(&steps[i].since_us);

		if (name)
			seen[n++] = (struct seen){ name, since_us ? now_us - since_us : 0 };
	}
	qsort(seen, n, sizeof *seen, compare_seen);
	text[0] = '\0';
	for (size_t i = 0; i < n && len < JM_STEP_TEXT_BYTES; i++)
		len += (size_t)snprintf(text + len, JM_STEP_TEXT_BYTES - len,
		    "%s%s for %" PRId64 " s", i ? ", " : "", seen[i].name, seen[i].us / 1000000);
	return text;
}
