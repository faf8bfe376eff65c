/* SPDX-License-Identifier: BSD-2-Clause */
/* Histogram of commit times, and the catalog's cache. */
#include "common/archive/gauge.h"

#include "common/archive/reader.h"
#include "common/archive/state.h"

static const struct {
	int64_t us;
	const char *name;
} bounds[JM_COMMIT_BOUNDS] = {
	{ 1000, "0.001" },
	{ 2500, "0.0025" },
	{ 5000, "0.005" },
	{ 10000, "0.01" },
	{ 25000, "0.025" },
	{ 50000, "0.05" },
	{ 100000, "0.1" },
	{ 250000, "0.25" },
	{ 500000, "0.5" },
	{ 1000000, "1" },
	{ 2500000, "2.5" },
	{ 10000000, "10" },
};

void jm_gauge_commit(struct jm_archive *a, int64_t took_us)
{
	uint64_t us = took_us > 0 ? (uint64_t)took_us : 0;

	for (size_t i = 0; i < JM_COMMIT_BOUNDS; i++)
		a->commits.within[i] += took_us <= bounds[i].us;
	a->commits.n++;
	a->commits.sum_us += us;
}

static json_t *gauge_commits(const struct jm_commit_times *t)
{
	json_t *le = json_object();

	for (size_t i = 0; i < JM_COMMIT_BOUNDS; i++)
		(void)json_object_set_new(
		    le, bounds[i].name, json_integer((json_int_t)t->within[i]));
	(void)json_object_set_new(le, "+Inf", json_integer((json_int_t)t->n));
	return json_pack("{s:o,s:I,s:I}", "le", le, "microseconds", (json_int_t)t->sum_us, "count",
	    (json_int_t)t->n);
}

int jm_archive_gauges(struct jm_archive *a, json_t **gauges_r, struct jm_err *err)
{
	struct jm_catalog_cache cache = { 0, 0, 0, 0 };
	struct jm_commit_times times;
	struct jm_catalog *c;

	pthread_mutex_lock(&a->lock);
	times = a->commits;
	pthread_mutex_unlock(&a->lock);
	if (jm_reader_enter(a, &c, err) != 0)
		return -1;
	jm_catalog_cache(c, &cache);
	jm_reader_leave(a);
	*gauges_r = json_pack("{s:o,s:I,s:I,s:I,s:I}", "commit_time", gauge_commits(&times),
	    "cache_bytes", (json_int_t)cache.bytes, "cache_hits", (json_int_t)cache.hits,
	    "cache_misses", (json_int_t)cache.misses, "cache_dirty_pages",
	    (json_int_t)cache.dirty_pages);
	return *gauges_r ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for the gauges");
}
