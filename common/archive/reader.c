/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the catalog, a row or a page of rows at a time. */
#include "common/archive/reader.h"

#include <inttypes.h>
#include <string.h>

#include "common/archive/state.h"

int jm_reader_enter(struct jm_archive *a, struct jm_catalog **c_r, struct jm_err *err)
{
	pthread_rwlock_rdlock(&a->catalog_lock);
	*c_r = a->catalog;
	if (a->catalog)
		return 0;
	pthread_rwlock_unlock(&a->catalog_lock);
	return jm_err_set(err, JM_E_TEMP, "the catalog is not open");
}

void jm_reader_leave(struct jm_archive *a)
{
	pthread_rwlock_unlock(&a->catalog_lock);
}

int jm_reader_get(
    struct jm_archive *a, enum jm_table t, struct jm_span key, json_t **value_r, struct jm_err *err)
{
	struct jm_catalog *c;
	int rc;

	if (jm_reader_enter(a, &c, err) != 0)
		return -1;
	rc = jm_catalog_get_json(c, NULL, t, key, value_r, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_page(struct jm_archive *a, const struct jm_table_range *range, struct jm_page *page,
    struct jm_err *err)
{
	struct jm_catalog *c;
	int rc;

	page->n = 0;
	if (jm_reader_enter(a, &c, err) != 0)
		return -1;
	rc = jm_catalog_page(c, range, page, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_item(struct jm_archive *a, uint64_t id, json_t **row_r, struct jm_err *err)
{
	struct jm_catalog *c;
	int rc;

	if (jm_reader_enter(a, &c, err) != 0)
		return -1;
	rc = jm_row_get(c, NULL, id, row_r, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_locate(
    struct jm_archive *a, uint64_t seq, struct jm_located *at_r, struct jm_err *err)
{
	struct jm_catalog *c;
	int rc;

	if (jm_reader_enter(a, &c, err) != 0)
		return -1;
	rc = jm_row_locate(c, NULL, seq, at_r, err);
	jm_reader_leave(a);
	return rc;
}

int jm_reader_report(
    struct jm_archive *a, uint64_t seq, struct jm_stored_report *r_r, struct jm_err *err)
{
	struct jm_located at;
	int rc = jm_reader_locate(a, seq, &at, err);

	memset(r_r, 0, sizeof *r_r);
	if (rc == 0)
		return jm_err_set(err, JM_E_CORRUPT, "catalog: report %" PRIu64 " is missing", seq);
	return rc == 1 ? jm_stored_report_read(&a->volumes, &at.at, seq, r_r, err) : -1;
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
