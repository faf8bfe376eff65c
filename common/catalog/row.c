/* SPDX-License-Identifier: BSD-2-Clause */
/* The row of an item, as stored and as a whole object, and the places of reports. */
#include "common/catalog/row.h"

#include <string.h>

#include "common/catalog/keys.h"
#include "common/json/read.h"
#include "common/json/value.h"
#include "common/json/write.h"

enum place {
	SIZE,
	TIME,
	VOLUME,
	OFFSET,
	RECIPIENTS,
	SHA256,
	SERVICE,
	SENDER,
	SUBJECT,
	MESSAGE_ID,
	DATE,
	VARIANT,
	OTHERS
};

/* The members of a whole row, in this order; other members follow. place: the index in the stored
 * list; OTHERS: the member is in an object at the end of the list, unless it has its usual value.
 */
static const struct member {
	const char *name;
	enum place place;
	enum { NOTHING, NO, ONE, ID, LIKE_SHA256 } usual;
} members[] = {
	{ "id", OTHERS, ID },
	{ "time_ms", TIME, NOTHING },
	{ "service", SERVICE, NOTHING },
	{ "sender", SENDER, NOTHING },
	{ "subject", SUBJECT, NOTHING },
	{ "message_id", MESSAGE_ID, NOTHING },
	{ "date", DATE, NOTHING },
	{ "variant", VARIANT, NOTHING },
	{ "step_down", OTHERS, NO },
	{ "from_headers", OTHERS, NO },
	{ "recipients", RECIPIENTS, NOTHING },
	{ "reports", OTHERS, ONE },
	{ "contents", OTHERS, ONE },
	{ "size", SIZE, NOTHING },
	{ "sha256", SHA256, NOTHING },
	{ "raw_sha256", OTHERS, LIKE_SHA256 },
	{ "volume", VOLUME, NOTHING },
	{ "offset", OFFSET, NOTHING },
};

#define MEMBERS (sizeof members / sizeof *members)

static int row_no_memory(struct jm_err *err)
{
	return jm_err_set(err, JM_E_TEMP, "no memory for a row of the catalog");
}

/* ---- storing ---- */

/* True: the object leaves the member out, because it is in the list or has its usual value. */
static bool is_left_out(const json_t *row, const char *name, const json_t *value)
{
	size_t i = 0;

	while (i < MEMBERS && strcmp(members[i].name, name) != 0)
		i++;
	if (i == MEMBERS)
		return false;
	switch (members[i].usual) {
	case NO:
		return json_is_false(value);
	case ONE:
		return json_integer_value(value) == 1;
	case LIKE_SHA256:
		return json_equal(value, json_object_get(row, "sha256")) == 1;
	default:
		return true;
	}
}

static int add_list(struct jm_buf *text, const json_t *row, struct jm_err *err)
{
	const json_t *value[OTHERS] = { NULL };
	int rc = 0;

	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].place != OTHERS)
			value[members[i].place] = json_object_get(row, members[i].name);
	for (size_t i = 0; i < OTHERS && rc == 0; i++) {
		rc = jm_buf_add_byte(text, i > 0 ? ',' : '[', err);
		if (rc == 0)
			rc = value[i] ? jm_json_write(text, value[i], err)
				      : jm_buf_add(text, "null", 4, err);
	}
	return rc;
}

int jm_row_put(struct jm_txn *txn, uint64_t id, const json_t *row, struct jm_err *err)
{
	unsigned char key[8];
	struct jm_buf text;
	size_t n;
	int rc;

	jm_buf_init(&text, JM_RECORD_META_MAX);
	rc = add_list(&text, row, err);
	n = text.len;
	if (rc == 0 && (rc = jm_buf_add_byte(&text, ',', err)) == 0)
		rc = jm_json_write_members(&text, row, is_left_out, err);
	if (rc == 0 && text.len == n + 3) /* the object is empty */
		text.len = n;
	if (rc == 0 && (rc = jm_buf_add_byte(&text, ']', err)) == 0)
		rc = jm_catalog_put(txn, JM_T_ITEMS, jm_keys_id(id, key), jm_buf_span(&text), err);
	jm_buf_release(&text);
	return rc;
}

/* ---- reading ---- */

/* Parse the stored list; the caller owns it. */
static int read_list(struct jm_span stored, json_t **list_r, struct jm_err *err)
{
	if (jm_json_read(stored.p, stored.len, list_r, err) != 0)
		return jm_err_wrap(err, "catalog: a row of items");
	if (json_array_size(*list_r) >= OTHERS)
		return 0;
	json_decref(*list_r);
	return jm_err_set(err, JM_E_CORRUPT, "catalog: a row of items is too short");
}

static json_t *usual(const struct member *m, uint64_t id, const json_t *whole)
{
	switch (m->usual) {
	case NO:
		return json_false();
	case ONE:
		return json_integer(1);
	case ID:
		return json_integer((json_int_t)id);
	case LIKE_SHA256:
		return json_incref(json_object_get(whole, "sha256"));
	default:
		return json_null();
	}
}

int jm_row_whole(uint64_t id, struct jm_span stored, json_t **row_r, struct jm_err *err)
{
	json_t *whole, *list, *others, *other;
	const char *name;
	int rc = 0;

	if (read_list(stored, &list, err) != 0)
		return -1;
	whole = json_object();
	others = json_array_get(list, OTHERS);
	for (size_t i = 0; i < MEMBERS && rc == 0; i++) {
		const struct member *m = &members[i];
		json_t *value = m->place != OTHERS ? json_array_get(list, m->place)
						   : json_object_get(others, m->name);

		rc = json_object_set_new_nocheck(
		    whole, m->name, value ? json_incref(value) : usual(m, id, whole));
	}
	/* json_object_update_missing() does not report that a member could not be added. */
	json_object_foreach(others, name, other)
		if (rc == 0 && !json_object_get(whole, name))
			rc = json_object_set_nocheck(whole, name, other);
	json_decref(list);
	if (rc == 0) {
		*row_r = whole;
		return 0;
	}
	json_decref(whole);
	return row_no_memory(err);
}

bool jm_row_size(struct jm_span stored, uint64_t *bytes_r)
{
	size_t n = 1;

	while (n < stored.len && stored.p[n] >= '0' && stored.p[n] <= '9')
		n++;
	return stored.len > 0 &&
	    jm_num_u64(jm_span_sub(stored, 1, n - 1), 0, UINT64_MAX, bytes_r) == 0;
}

int jm_row_get(
    struct jm_catalog *c, struct jm_txn *txn, uint64_t id, json_t **row_r, struct jm_err *err)
{
	unsigned char key[8];
	struct jm_buf stored;
	int rc;

	jm_buf_init(&stored, JM_RECORD_META_MAX);
	rc = jm_catalog_get(c, txn, JM_T_ITEMS, jm_keys_id(id, key), &stored, err);
	if (rc == 1)
		rc = jm_row_whole(id, jm_buf_span(&stored), row_r, err) != 0 ? -1 : 1;
	jm_buf_release(&stored);
	return rc;
}

int jm_row_show(json_t *row)
{
	return jm_json_time(row, "time_ms", "time") | json_object_del(row, "volume") |
	    json_object_del(row, "offset");
}

/* ---- the places of reports ---- */

int jm_row_place(enum jm_table t, uint64_t seq, struct jm_span stored, struct jm_located *at_r,
    struct jm_err *err)
{
	json_t *row;

	if (t == JM_T_ITEMS) { /* the place of the report that founded the item */
		if (read_list(stored, &row, err) != 0)
			return -1;
		at_r->at.volume = (uint64_t)json_integer_value(json_array_get(row, VOLUME));
		at_r->at.offset = (uint64_t)json_integer_value(json_array_get(row, OFFSET));
		at_r->item = seq;
	} else {
		if (jm_json_read(stored.p, stored.len, &row, err) != 0)
			return jm_err_wrap(err, "catalog: a row of %s", jm_layout_table(t));
		at_r->at.volume = jm_json_u64(row, "v");
		at_r->at.offset = jm_json_u64(row, "o");
		at_r->item = jm_json_u64(row, "i");
	}
	json_decref(row);
	return 0;
}

int jm_row_locate(struct jm_catalog *c, struct jm_txn *txn, uint64_t seq, struct jm_located *at_r,
    struct jm_err *err)
{
	static const enum jm_table tables[] = { JM_T_ITEMS, JM_T_REPORTS };
	unsigned char key[8];
	struct jm_buf stored;
	int rc = 0;

	jm_buf_init(&stored, JM_RECORD_META_MAX);
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		rc = jm_catalog_get(c, txn, tables[i], jm_keys_id(seq, key), &stored, err);
		if (rc == 1 && jm_row_place(tables[i], seq, jm_buf_span(&stored), at_r, err) != 0)
			rc = -1;
	}
	jm_buf_release(&stored);
	return rc;
}
