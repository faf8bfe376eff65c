/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The row of an item, as it is stored and whole. What is stored of it is written to the log of the catalog, to its pages and to each page
 * that splits, for every message; so members that have their usual value are left out there.
 */
#include "common/archive/apply.h"

#include <stdlib.h>

/* Of a whole row, in this order; others follow. */
static const struct member {
	const char *name;
	enum { NOTHING, NO, ONE, ID, LIKE_SHA256 } usual;
} members[] = {
	{ "id", ID }, { "time_ms", NOTHING }, { "service", NOTHING }, { "sender", NOTHING }, { "subject", NOTHING }, { "message_id", NOTHING },
	{ "date", NOTHING }, { "variant", NOTHING }, { "step_down", NO }, { "from_headers", NO }, { "recipients", NOTHING }, { "reports", ONE },
	{ "contents", ONE }, { "size", NOTHING }, { "sha256", NOTHING }, { "raw_sha256", LIKE_SHA256 },
};

#define MEMBERS (sizeof(members) / sizeof(*members))

static bool is_usual(const json_t *row, const char *name, const json_t *value)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		switch (members[i].usual) {
		case NOTHING:
			return json_is_null(value);
		case NO:
			return json_is_false(value);
		case ONE:
			return json_integer_value(value) == 1;
		case ID:
			return true;
		case LIKE_SHA256:
			return json_equal(value, json_object_get(row, "sha256")) == 1;
		}
	}
	return false;
}

int jm_row_put(struct jm_catalog *c, struct jm_txn *txn, uint64_t id, const json_t *row, struct jm_err *err)
{
	unsigned char key[8];
	struct jm_buf text;
	int rc;

	jm_buf_init(&text, JM_RECORD_META_MAX);
	rc = jm_text_of_members(&text, row, is_usual, err);
	if (rc == 0)
		rc = jm_catalog_put(c, txn, JM_T_ITEMS, jm_id_key(id, key), jm_buf_span(&text), false, err);
	jm_buf_release(&text);
	return rc < 0 ? -1 : 0;
}

static json_t *usual(const struct member *m, uint64_t id, const json_t *stored)
{
	switch (m->usual) {
	case NO:
		return json_false();
	case ONE:
		return json_integer(1);
	case ID:
		return json_integer((json_int_t)id);
	case LIKE_SHA256:
		return json_incref(json_object_get(stored, "sha256"));
	default:
		return json_null();
	}
}

json_t *jm_row_whole(uint64_t id, json_t *stored)
{
	json_t *whole = json_object();
	int rc = 0;

	for (size_t i = 0; i < MEMBERS && rc == 0; i++) {
		json_t *value = json_object_get(stored, members[i].name);

		rc = json_object_set_new_nocheck(whole, members[i].name, value != NULL ? json_incref(value) : usual(&members[i], id, stored));
	}
	if (rc == 0)
		rc = json_object_update_missing(whole, stored);
	json_decref(stored);
	if (rc == 0)
		return whole;
	json_decref(whole);
	return NULL;
}

int jm_row_get(struct jm_catalog *c, struct jm_txn *txn, uint64_t id, json_t **row_r, struct jm_err *err)
{
	unsigned char key[8];
	json_t *stored = NULL;
	int rc = jm_catalog_get_json(c, txn, JM_T_ITEMS, jm_id_key(id, key), &stored, err);

	if (rc != 1)
		return rc;
	*row_r = jm_row_whole(id, stored);
	return *row_r != NULL ? 1 : jm_err_set(err, JM_E_TEMP, "no memory for a row of the catalog");
}
