/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the catalog, a row or a page of rows at a time. */
#include "common/archive/reader.h"

#include <inttypes.h>
#include <string.h>

#include "common/archive/state.h"
#include "common/base/clock.h"

#define MEND_US 5000000 /* a damaged catalog of a small archive is whole again within this time */
#define LOOK_MS 10

/* As jm_reader_enter(), without waiting. */
static int enter_now(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err)
{
	bool anew;

	pthread_rwlock_rdlock(&a->catalog_lock);
	anew = atomic_load(&a->anew_us) != 0;
	*c_r = anew ? NULL : a->catalog;
	if (*c_r && !jm_catalog_broken(*c_r))
		return 0;
	pthread_rwlock_unlock(&a->catalog_lock);
	return jm_err_set(err, JM_E_TEMP,
	    anew || *c_r ? "the catalog is damaged and is made anew from the volumes: try again "
			   "in a while"
			 : "the catalog is not open");
}

/* Is the applier to open the catalog again, or has it just begun to make it anew? */
static bool is_being_mended(struct jm_archive *a, int64_t begun_us)
{
	int64_t anew_us = atomic_load(&a->anew_us), now_us = jm_clock_mono_us();
	bool runs;

	pthread_mutex_lock(&a->lock);
	runs = a->applier_runs && !a->apply_lost && !a->committer_gone;
	pthread_cond_signal(&a->to_apply);
	pthread_mutex_unlock(&a->lock);
	return runs && now_us - begun_us < MEND_US && (anew_us == 0 || now_us - anew_us < MEND_US);
}

int jm_reader_enter(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err)
{
	int64_t begun_us = 0;

	while (enter_now(a, c_r, err) != 0) {
		begun_us = begun_us == 0 ? jm_clock_mono_us() : begun_us;
		if (!is_being_mended(a, begun_us))
			return -1;
		jm_clock_sleep_ms(LOOK_MS);
	}
	return 0;
}

bool jm_reader_again(int rc, const struct jm_err *err, bool *again)
{
	bool first = !*again;

	*again = true;
	return rc < 0 && first && err->kind == JM_E_TEMP && err->sys == JM_CATALOG_BROKEN;
}

void jm_reader_leave(struct jm_archive *a)
{
	pthread_rwlock_unlock(&a->catalog_lock);
}

int jm_reader_get(
    struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r, struct jm_err *err)
{
	struct jm_catalog *c;
	bool again = false;
	int rc;

	do {
		if (jm_reader_enter(a, &c, err) != 0)
			return -1;
		rc = jm_catalog_get_json(c, NULL, t, key, value_r, err);
		jm_reader_leave(a);
	} while (jm_reader_again(rc, err, &again));
	return rc;
}

int jm_reader_page(struct jm_archive *a, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err)
{
	struct jm_catalog *c;
	bool again = false;
	int rc;

	page->n = 0;
	do {
		if (jm_reader_enter(a, &c, err) != 0)
			return -1;
		rc = jm_catalog_page(c, range, page, err);
		jm_reader_leave(a);
	} while (jm_reader_again(rc, err, &again));
	return rc;
}

int jm_reader_item(struct jm_archive *a, uint64_t id, json_t **row_r, struct jm_err *err)
{
	struct jm_catalog *c;
	bool again = false;
	int rc;

	do {
		if (jm_reader_enter(a, &c, err) != 0)
			return -1;
		rc = jm_row_get(c, NULL, id, row_r, err);
		jm_reader_leave(a);
	} while (jm_reader_again(rc, err, &again));
	return rc;
}

int jm_reader_locate(
    struct jm_archive *a, uint64_t seq, struct jm_located *at_r, struct jm_err *err)
{
	struct jm_catalog *c;
	bool again = false;
	int rc;

	do {
		if (jm_reader_enter(a, &c, err) != 0)
			return -1;
		rc = jm_row_locate(c, NULL, seq, at_r, err);
		jm_reader_leave(a);
	} while (jm_reader_again(rc, err, &again));
	return rc;
}

int jm_reader_fetch(
    struct jm_archive *a, uint64_t seq, struct jm_stored_report *r_r, struct jm_err *err)
{
	struct jm_located at;
	int rc = jm_reader_locate(a, seq, &at, err);

	memset(r_r, 0, sizeof *r_r);
	if (rc == 0)
		return jm_err_set(err, JM_E_CORRUPT, "catalog: report %" PRIu64 " is missing", seq);
	return rc == 1 ? jm_stored_report_fetch(&a->volumes, &at.at, seq, r_r, err) : -1;
}

int jm_reader_report(
    struct jm_archive *a, uint64_t seq, struct jm_stored_report *r_r, struct jm_err *err)
{
	if (jm_reader_fetch(a, seq, r_r, err) != 0)
		return -1;
	if (jm_stored_report_parse(r_r, err) == 0)
		return 0;
	jm_stored_report_release(r_r);
	return -1;
}

uint64_t jm_reader_durable_seq(struct jm_archive *a)
{
	uint64_t seq;

	pthread_mutex_lock(&a->lock);
	seq = a->durable_seq;
	pthread_mutex_unlock(&a->lock);
	return seq;
}

uint64_t jm_reader_applied_seq(struct jm_archive *a)
{
	uint64_t seq;

	pthread_mutex_lock(&a->lock);
	seq = a->applied.seq;
	pthread_mutex_unlock(&a->lock);
	return seq;
}
