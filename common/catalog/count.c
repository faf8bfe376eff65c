/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of counters, which are JSON objects with sums. */
#include "common/catalog/count.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/keys.h"
#include "common/json/value.h"

static const struct {
	const char *key;
	size_t at;
} fields[] = {
	{ "records", offsetof(struct jm_count, records) },
	{ "reports", offsetof(struct jm_count, reports) },
	{ "items", offsetof(struct jm_count, items) },
	{ "merged", offsetof(struct jm_count, merged) },
	{ "set_aside", offsetof(struct jm_count, set_aside) },
	{ "step_down", offsetof(struct jm_count, step_down) },
	{ "spliced", offsetof(struct jm_count, spliced) },
	{ "events", offsetof(struct jm_count, events) },
	{ "received", offsetof(struct jm_count, received) },
	{ "queued", offsetof(struct jm_count, queued) },
	{ "refused", offsetof(struct jm_count, refused) },
	{ "deferred", offsetof(struct jm_count, deferred) },
	{ "expired", offsetof(struct jm_count, expired) },
	{ "received_bytes", offsetof(struct jm_count, received_bytes) },
	{ "stored_bytes", offsetof(struct jm_count, stored_bytes) },
};

#define HOUR "hour/"

_Static_assert(JM_COUNT_HOURS < JM_PAGE_ROWS, "a page must hold more rows than are kept");

#define FIELDS (sizeof fields / sizeof *fields)

static uint64_t *field(struct jm_count *c, size_t i)
{
	return (uint64_t *)(void *)((char *)c + fields[i].at);
}

int jm_counts_add(struct jm_counts *s, enum jm_table table, const char *key,
    const struct jm_count *c, struct jm_err *err)
{
	struct jm_count add = *c;
	size_t i = 0;

	while (i < s->n && (s->row[i].table != table || strcmp(s->row[i].key, key) != 0))
		i++;
	if (i == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 8;
		void *more = realloc(s->row, cap * sizeof *s->row);

		if (!more)
			return jm_err_sys(err, JM_E_TEMP, "counters");
		s->row = more;
		s->cap = cap;
	}
	if (i == s->n) {
		memset(&s->row[i], 0, sizeof s->row[i]);
		s->row[i].table = table;
		s->row[i].key = strdup(key);
		if (!s->row[i].key)
			return jm_err_sys(err, JM_E_TEMP, "counters");
		s->n++;
	}
	for (size_t k = 0; k < FIELDS; k++)
		*field(&s->row[i].count, k) += *field(&add, k);
	if (c->last_ms != 0)
		s->row[i].count.last_ms = c->last_ms;
	return 0;
}

/*
 * Keep only the newest hours. A row is removed only when there are JM_COUNT_HOURS newer ones. So
 * the remaining rows do not depend on the grouping of records: a count for an hour whose row was
 * removed makes a row that is removed at once.
 */
static int prune_hours(struct jm_catalog *c, struct jm_txn *txn, struct jm_err *err)
{
	const struct jm_table_range hours = { .table = JM_T_COUNTERS, .prefix = jm_span_str(HOUR) };
	struct jm_page *page = calloc(1, sizeof *page);
	size_t surplus = 1;
	int rc = 0;

	if (!page)
		return jm_err_sys(err, JM_E_TEMP, "counters");
	while (rc == 0 && surplus > 0) {
		rc = jm_catalog_page(c, &hours, page, err);
		surplus = rc == 0 && page->n > JM_COUNT_HOURS ? page->n - JM_COUNT_HOURS : 0;
		for (size_t i = 0; i < surplus && rc == 0; i++)
			rc = jm_catalog_remove(txn, JM_T_COUNTERS,
			    jm_span_of(page->row[i].key, page->row[i].key_n), err);
		jm_page_release(page);
	}
	free(page);
	return rc;
}

static int store_row(struct jm_catalog *c, struct jm_txn *txn, enum jm_table table, const char *key,
    struct jm_count *add, struct jm_err *err)
{
	unsigned char k[JM_CATALOG_KEY_MAX];
	struct jm_span at = jm_span_of(k, jm_keys_text(jm_span_str(key), k));
	json_t *row = NULL;
	int rc = jm_catalog_get_json(c, txn, table, at, &row, err), bad = 0;
	bool fresh = rc == 0;

	if (rc < 0)
		return -1;
	if (rc == 0 && !(row = json_object()))
		return jm_err_set(err, JM_E_TEMP, "no memory for counters");
	if (rc == 0)
		bad |= json_object_set_new_nocheck(row, "name", json_string_nocheck(key));
	for (size_t i = 0; i < FIELDS; i++) {
		json_int_t n = jm_json_int(row, fields[i].key) + (json_int_t)*field(add, i);

		bad |= json_object_set_new_nocheck(row, fields[i].key, json_integer(n));
	}
	if (add->last_ms != 0)
		bad |= json_object_set_new_nocheck(
		    row, "last_ms", json_integer((json_int_t)add->last_ms));
	rc = bad ? jm_err_set(err, JM_E_TEMP, "no memory for counters")
		 : jm_catalog_put_json(txn, table, at, row, err);
	json_decref(row);
	return rc == 0 && fresh && table == JM_T_COUNTERS && strncmp(key, HOUR, strlen(HOUR)) == 0
	    ? prune_hours(c, txn, err)
	    : rc;
}

int jm_counts_store(
    struct jm_counts *s, struct jm_catalog *c, struct jm_txn *txn, struct jm_err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (store_row(c, txn, s->row[i].table, s->row[i].key, &s->row[i].count, err) != 0)
			return -1;
	jm_counts_release(s);
	return 0;
}

void jm_counts_release(struct jm_counts *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->row[i].key);
	free(s->row);
	*s = (struct jm_counts){ .n = 0 };
}
