/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of counters, which are JSON objects with sums. */
#include "common/catalog/count.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/keys.h"
#include "common/json/value.h"
#include "common/json/write.h"

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
#define ROW_BYTES (256u << 20) /* of a row, at most */

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

/* ---- the text of a row, with sums added, without making an object of it ---- */

/* If s begins with text, move s past it. */
static bool row_skip(struct jm_span *s, const char *text)
{
	size_t n = strlen(text);

	if (s->len < n || memcmp(s->p, text, n) != 0)
		return false;
	*s = jm_span_sub(*s, n, s->len);
	return true;
}

/* Read ,"key":NUMBER. False: it is not there, or the number is negative or very large. */
static bool row_number(struct jm_span *s, const char *key, json_int_t *n_r)
{
	size_t digits = 0;

	if (!row_skip(s, ",\"") || !row_skip(s, key) || !row_skip(s, "\":"))
		return false;
	for (*n_r = 0; digits < s->len && s->p[digits] >= '0' && s->p[digits] <= '9'; digits++)
		if (digits < 18)
			*n_r = 10 * *n_r + (s->p[digits] - '0');
	*s = jm_span_sub(*s, digits, s->len);
	return digits > 0 && digits <= 18;
}

/* Append ,"key":NUMBER. */
static int row_add(struct jm_buf *out, const char *key, json_int_t n, struct jm_err *err)
{
	if (jm_buf_add(out, ",\"", 2, err) != 0 || jm_buf_add(out, key, strlen(key), err) != 0 ||
	    jm_buf_add(out, "\":", 2, err) != 0)
		return -1;
	return jm_json_write_int(out, n, err);
}

/* Where the counters begin; s.len: nowhere, or there are lists and objects before them. */
static size_t counters_at(struct jm_span s)
{
	static const char first[] = ",\"records\":";
	const unsigned char *p = memmem(s.p, s.len, first, sizeof first - 1);
	size_t at = p ? (size_t)(p - s.p) : s.len;

	for (size_t i = 1; i < at; i++)
		if (s.p[i] == '{' || s.p[i] == '[')
			return s.len;
	return at;
}

/*
 * Add the sums to the text of a row, as it is nearly always: all counters in their order, and then
 * last_ms or nothing. 1: out has what the row's object would be as text; 0: the row has another
 * form; -1: LIMIT, TEMP.
 */
static int row_text_add(
    struct jm_span row, struct jm_count *add, struct jm_buf *out, struct jm_err *err)
{
	size_t at = counters_at(row);
	struct jm_span s = jm_span_sub(row, at, row.len);
	json_int_t n;

	jm_buf_reset(out);
	if (jm_buf_add(out, row.p, at, err) != 0)
		return -1;
	for (size_t i = 0; i < FIELDS; i++) {
		if (!row_number(&s, fields[i].key, &n))
			return 0;
		if (row_add(out, fields[i].key, n + (json_int_t)*field(add, i), err) != 0)
			return -1;
	}
	if (add->last_ms != 0) {
		if (!row_number(&s, "last_ms", &n))
			return 0;
		if (row_add(out, "last_ms", (json_int_t)add->last_ms, err) != 0)
			return -1;
	}
	return jm_buf_add_span(out, s, err) != 0 ? -1 : 1;
}

/* 1: the row was there in its usual form, and has the sums now; 0: do it with an object. */
static int store_text(struct jm_catalog *c, struct jm_txn *txn, enum jm_table table,
    struct jm_span at, struct jm_count *add, struct jm_err *err)
{
	struct jm_buf old, new;
	int rc;

	jm_buf_init(&old, ROW_BYTES);
	jm_buf_init(&new, ROW_BYTES + FIELDS * 24);
	rc = jm_catalog_get(c, txn, table, at, &old, err);
	if (rc == 1)
		rc = row_text_add(jm_buf_span(&old), add, &new, err);
	if (rc == 1 && jm_catalog_put(txn, table, at, jm_buf_span(&new), err) != 0)
		rc = -1;
	jm_buf_release(&old);
	jm_buf_release(&new);
	return rc;
}

static int store_row(struct jm_catalog *c, struct jm_txn *txn, enum jm_table table, const char *key,
    struct jm_count *add, struct jm_err *err)
{
	unsigned char k[JM_CATALOG_KEY_MAX];
	struct jm_span at = jm_span_of(k, jm_keys_text(jm_span_str(key), k));
	json_t *row = NULL;
	int rc = store_text(c, txn, table, at, add, err), bad = 0;
	bool fresh;

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = jm_catalog_get_json(c, txn, table, at, &row, err);
	fresh = rc == 0;
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
