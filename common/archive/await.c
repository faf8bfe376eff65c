/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for the applier. */
#include "common/archive/await.h"

#include "common/archive/state.h"

void jm_await_applier(struct jm_archive *a)
{
	a->hurry = true;
	pthread_cond_signal(&a->to_apply);
	pthread_cond_wait(&a->applied_more, &a->lock);
}

int jm_await_catalog(struct jm_archive *a, struct jm_err *err)
{
	uint64_t want;
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	want = a->durable_seq;
	while (a->applied.seq < want && !a->behind && !a->apply_lost)
		jm_await_applier(a);
	if (a->applied.seq < want)
		rc = jm_err_set(err, JM_E_TEMP, "the catalog is behind: %s", a->apply_trouble.text);
	pthread_mutex_unlock(&a->lock);
	return rc;
}
